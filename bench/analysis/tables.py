"""The two tidy tables: the leaderboard (means over groups of languages) and the scores of each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import resampling
from bench.analysis.arms import CEILING, FLOOR, SMALLEST_GAP, Arm, Scores
from bench.analysis.results import MEASURES, RANKED_BY, Plan
from bench.analysis.transfer import KINDS, relatives
from bench.analysis.verdicts.decide import Estimate
from bench.analysis.verdicts.evidence import Noise, weights_of
from bench.analysis.verdicts.variance import Variance
from bench.base.progress import steps
from bench.data.text_facts import FACTS as TEXT_FACTS
from bench.experiment.profile.comparison import GROUPS as COMPARED
from methods.facts import facts

GROUPS = (*COMPARED, "all")
SCORING = "scores and intervals"  # phase of progress
MEAN = "mean"  # the pseudo-task that averages the tasks
FACTS = ("name", "class", "script", "family")
COLUMNS = (
    "order", "scorer", "task", "group", "size", "method", "status", "complete", "rank", "ties_best",
    "languages", "languages_declared", *MEASURES, "low", "high", "seed_sd", "worst_tenth", "language_sd",
    "gap_closed", "gap_low", "gap_high", "gap_languages", "gap_left_out", "seeds", "seeds_planned", "seconds", "pairs_per_second",
    "warning", "settings",
)  # fmt: skip
LANGUAGE_COLUMNS = (
    "method", "size", "seed", "order", "scorer", "task", "language", *FACTS, "group", "core", "pairs_seen", "queries",
    *MEASURES, "untrained", "english", "gap_closed", "complete",
    *(f"{kind}_relative" for kind in KINDS), *TEXT_FACTS,
)  # fmt: skip


def leaderboard(plan: Plan, order: str, scores: Scores) -> pd.DataFrame:
    """One row per scorer, task (and `mean`), group, size and method of one order, with `COLUMNS`.

    Means go over the declared languages of a group that have the task, then over tasks. Rows with
    `complete` False stand on fewer languages, questions or seeds than planned and carry no rank.
    """
    rows = []
    points = list(product(scores.scorers, (MEAN, *scores.tasks), GROUPS, plan.sizes_of(order)))
    for scorer, task, group, size in steps(SCORING, points):
        languages = plan.group(group, order, size)
        tasks = scores.tasks if task == MEAN else (task,)
        places = [at for name in tasks if (at := scores.at(scorer, name, languages))]
        point = {"order": order, "scorer": scorer, "task": task, "group": group, "size": size}
        rows += [point | row for row in _board(scores, scorer, size, places)] if places else []
    _check_columns(rows)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.assign(settings=table["method"].map(lambda name: plan.names.get(name, name)))


def _check_columns(rows: list[dict[str, Any]]) -> None:
    """ValueError if a row and `COLUMNS` name different columns: pandas would fill one of them with NaN and drop the other."""
    for row in rows:
        if wrong := set(row) ^ (set(COLUMNS) - {"settings"}):
            raise ValueError(f"columns in only one of COLUMNS and the rows of the leaderboard: {', '.join(sorted(wrong))}")


def _board(scores: Scores, scorer: str, size: int, places: list[list[int]]) -> list[dict[str, Any]]:
    """The rows that compete with each other: all methods of a scorer and size on the same places (one list a task)."""
    names = [name for name in scores.methods if facts(name).scored_with(scorer)]
    numbers = [number for name in names if (number := scores.index(name, size)) is not None]
    rows = [_row(scores, number, places) for number in numbers]
    draws = [drawn_means(scores, number, places) for number in numbers]
    for row, found in zip(rows, _gaps(scores, numbers, places), strict=True):
        row.update(found)
    # Intervals of all rows at once: one by one they took a third of the time of the table.
    whole = [n for n, row in enumerate(rows) if row["complete"]]
    for n, low, high in zip(whole, *resampling.of_each([draws[n] for n in whole]), strict=True):
        rows[n].update(low=low, high=high)
    ranked = [n for n in whole if not facts(rows[n]["method"]).is_reference]
    ranked.sort(key=lambda n: (-rows[n][RANKED_BY], rows[n]["method"]))
    better = [sum(rows[other][RANKED_BY] > rows[n][RANKED_BY] for other in ranked) for n in ranked]
    behind = [n for n, count in zip(ranked, better, strict=True) if count]
    leads = [draws[ranked[0]] - draws[n] for n in behind]
    tied = _tied(scores, numbers[ranked[0]], [numbers[n] for n in behind], places, leads) if behind else []
    for n, count in zip(ranked, better, strict=True):
        rows[n].update(rank=count + 1, ties_best=count == 0)
    for n, is_tied in zip(behind, tied, strict=True):
        rows[n].update(ties_best=is_tied)
    return rows


def _tied(scores: Scores, best: int, numbers: list[int], places: list[list[int]], leads: list[np.ndarray]) -> list[bool]:
    """Whether the lead of the best arm over each of `numbers` could be chance: of questions, or of training where that is known.

    `leads`: the resampled ones, (resamples,) each.
    """
    tied = [least <= 0 for least in resampling.of_each(leads)[0]]
    flat, weights = weights_of(places)
    noise = Noise(scores, flat, weights[:, None])
    found: dict[int, tuple[np.ndarray, float, Variance]] = {}
    for n, number in enumerate(numbers):
        if not tied[n] and (of_runs := noise.of((best, number), (1.0, -1.0))[0]) is not None:
            lead = mean_of_means(scores.values[best] - scores.values[number], places)[:1]
            known = leads[n][~np.isnan(leads[n])]
            found[n] = lead, np.var(known) if len(known) else np.nan, of_runs
    if found:
        lead, of_questions = (np.array([one[part] for one in found.values()]).ravel() for part in (0, 1))
        of_runs = Variance(*(np.concatenate(part) for part in zip(*((v.value, v.df) for *_, v in found.values()), strict=True)))
        low, _ = Estimate(lead, Variance(of_questions, np.full(len(found), np.inf)), of_runs).interval()
        for n, least in zip(found, low, strict=True):
            tied[n] = bool(least <= 0)
    return tied


def _row(scores: Scores, number: int, places: list[list[int]]) -> dict[str, Any]:
    """One arm on `places` (one list a task), without what is worked out for all arms at once."""
    arm = scores.arms[number]
    flat = [place for of_task in places for place in of_task]
    complete = arm.state == "done" and bool(scores.whole[number, flat].all())
    means = mean_of_means(scores.values[number], places)
    known = ~np.isnan(scores.values[number, flat, 0])
    return {
        "method": arm.method, "status": _status(arm, complete), "complete": complete, "rank": pd.NA, "ties_best": False,
        "languages": len({scores.places[place][2] for place, has in zip(flat, known, strict=True) if has}),
        "languages_declared": len({scores.places[place][2] for place in flat}),
        **dict(zip(MEASURES, means, strict=True)), "low": float("nan"), "high": float("nan"),
        "seed_sd": _seed_sd(scores, number, places),
        "worst_tenth": _worst_tenth(scores.values[number, :, 0], places),
        "language_sd": _language_sd(scores.values[number, :, 0], places),
        "seeds": len(arm.done), "seeds_planned": len(arm.cells),
        "seconds": arm.mean("seconds"), "pairs_per_second": arm.mean("pairs_per_second"), "warning": arm.warning,
    }  # fmt: skip


def _gaps(scores: Scores, numbers: Sequence[int], places: list[list[int]]) -> list[dict[str, Any]]:
    """Gap closed by each of these arms: mean gain over mean way, on those of `places` (one list a task) that have both.

    A ratio of means, not a mean of ratios: languages with little to gain cannot blow it up. Its interval is the percentile
    bootstrap of the ratio; there is none where the way itself may be 0 (its own interval reaches there: the ratio's is then
    unbounded, Fieller 1954), and no ratio at all where the mean way is `SMALLEST_GAP` or less.

    Args:
        scores: of one order of languages.
        numbers: of arms.
        places: numbers of places, one list a task.

    Returns:
        One row an arm: `gap_closed`, `gap_low`, `gap_high`, shares of 1 or NaN; `gap_languages`, the places counted, and
        `gap_left_out`, those with a score and no way.
    """
    ways = (~np.isnan(scores.reference(FLOOR))) & ~np.isnan(scores.reference(CEILING))
    floor, ceiling = scores.index(FLOOR, 0), scores.index(CEILING, 0)

    @cache  # arms have mostly the same places
    def ends(there: tuple[tuple[int, ...], ...]) -> tuple[float, float, np.ndarray, np.ndarray | None]:
        """Mean of the floor and the way from it to the ceiling; both resampled, the way only where it cannot be 0."""
        at = [list(own) for own in there]
        (low, drawn_low), (high, drawn_high) = (
            (mean_of_means(scores.values[n], at)[0], drawn_means(scores, n, at)) for n in (floor, ceiling) if n is not None
        )
        way = drawn_high - drawn_low
        is_sure = not np.isnan(way).all() and resampling.interval(way)[0] > 0
        return low, high - low, drawn_low, np.where(way > 0, way, np.nan) if is_sure else None

    rows, drawn = [], {}
    for row, number in enumerate(numbers):
        known = ~np.isnan(scores.values[number, :, 0])
        there = tuple(own for at in places if (own := tuple(place for place in at if known[place] and ways[place])))
        count = sum(map(len, there))
        found = {"gap_closed": float("nan"), "gap_low": float("nan"), "gap_high": float("nan"), "gap_languages": count,
                 "gap_left_out": sum(int(known[at].sum()) for at in places) - count}  # fmt: skip
        rows.append(found)
        if not there:
            continue
        low, way, drawn_low, drawn_way = ends(there)
        if way <= SMALLEST_GAP:
            continue
        at = [list(own) for own in there]
        found["gap_closed"] = (mean_of_means(scores.values[number], at)[0] - low) / way
        if drawn_way is not None:
            with np.errstate(invalid="ignore", divide="ignore"):
                drawn[row] = (drawn_means(scores, number, at) - drawn_low) / drawn_way
    for row, least, most in zip(drawn, *resampling.of_each(list(drawn.values())), strict=True):
        rows[row].update(gap_low=least, gap_high=most)
    return rows


def _status(arm: Arm, complete: bool) -> str:
    if complete:
        return "done"
    return "incomplete" if arm.done else arm.state


def mean_of_means(values: np.ndarray, places: list[list[int]]) -> np.ndarray:
    """(columns,): mean over tasks of the mean over languages of `values` (places, columns), NaNs left out."""
    return known_mean(np.stack([known_mean(values[of_task]) for of_task in places]))


def drawn_means(scores: Scores, number: int, places: list[list[int]]) -> np.ndarray:
    """(resamples,): the same mean of one arm's resampled nDCG@10; NaN where a place is not whole."""
    return np.mean([scores.draws[number, of_task].mean(axis=0) for of_task in places], axis=0)


def known_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis without NaNs; NaN, not a warning, where nothing is left."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _worst_tenth(values: np.ndarray, places: list[list[int]]) -> float:
    """Mean of the lowest tenth of the languages (at least one) in each task, mean over tasks."""
    means = []
    for of_task in places:
        known = np.sort(values[of_task][~np.isnan(values[of_task])])
        if len(known):
            means.append(known[: -(-len(known) // 10)].mean())
    return float(np.mean(means)) if means else float("nan")


def _language_sd(values: np.ndarray, places: list[list[int]]) -> float:
    """Standard deviation over the languages of each task, mean over tasks; NaN where no task has two languages."""
    known = [values[of_task][~np.isnan(values[of_task])] for of_task in places]
    spreads = [float(np.std(one, ddof=1)) for one in known if len(one) > 1]
    return float(np.mean(spreads)) if spreads else float("nan")


def _seed_sd(scores: Scores, number: int, places: list[list[int]]) -> float:
    """Standard deviation between seeds of the row's own mean; NaN with fewer than two seeds."""
    cells = scores.owned[number]
    if len(cells) < 2:
        return float("nan")
    return float(np.std([mean_of_means(scores.by_cell[n][:, :1], places)[0] for n in cells], ddof=1))


def per_language(plan: Plan, order: str, scores: Scores, facts: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """One row per done cell of one order, scorer, task and language.

    `facts`: per language code its `name`, `class`, `script`, `family` and TEXT_FACTS, as far as known.
    `branch_relative` and so on: whether another language of the same kind was trained in that cell.
    """
    at = {"scorer": 0, "task": 1, "language": 2}
    place = {column: [place[number] for place in scores.places] for column, number in at.items()}
    codes, core = place["language"], set(plan.core_of(order))
    frames = []
    kin_at: dict[int, dict[str, dict[str, bool | None]]] = {}
    for arm, numbers in zip(range(len(scores.arms)), scores.owned, strict=True):
        for number in numbers:
            cell = scores.cells[number]
            group: dict[str, str] = {}
            for part in ("guard", "trained", "held-out"):
                group.update(dict.fromkeys(plan.group(part, order, cell.name.size), part))
            seen = cell.manifest.get("pairs_by_language") or {}
            values, way = scores.by_cell[number], scores.way
            trained = plan.orders[order][: cell.name.size]  # those that are not asked too
            if cell.name.size not in kin_at:
                kin_at[cell.name.size] = {code: relatives(code, trained, facts) for code in dict.fromkeys(codes)}
            kin = kin_at[cell.name.size]
            frame = pd.DataFrame({
                "method": cell.name.method, "size": cell.name.size, "seed": cell.name.seed, "order": order, **place,
                **{fact: [facts.get(code, {}).get(fact) for code in codes] for fact in FACTS},
                "group": [group.get(code, "other") for code in codes], "core": [code in core for code in codes],
                "pairs_seen": pd.array([seen.get(code, 0 if seen else None) for code in codes], dtype="Int64"),
                "queries": scores.queries[number], **{name: values[:, n] for n, name in enumerate(MEASURES)},
                "untrained": scores.reference(FLOOR), "english": scores.reference(CEILING),
                "gap_closed": (values[:, 0] - scores.reference(FLOOR)) / way, "complete": scores.whole[arm],
                **{f"{kind}_relative": pd.array([kin[code][kind] for code in codes], dtype="boolean") for kind in KINDS},
                **{fact: [facts.get(code, {}).get(fact, np.nan) for code in codes] for fact in TEXT_FACTS},
            })  # fmt: skip
            frames.append(frame[~np.isnan(values[:, 0])])
    return pd.concat(frames, ignore_index=True)[list(LANGUAGE_COLUMNS)]
