"""The two tidy tables: the leaderboard (means over groups of languages) and the scores of each language."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import resampling
from bench.analysis.arms import CEILING, FLOOR, SMALLEST_GAP, Arm, Scores
from bench.analysis.results import MEASURES, RANKED_BY, Plan
from bench.analysis.transfer import KINDS, relatives
from bench.analysis.verdicts.decide import Estimate
from bench.analysis.verdicts.evidence import Term, runs, weights_of
from bench.analysis.verdicts.variance import Variance
from bench.base.progress import steps
from bench.data.text_facts import FACTS as TEXT_FACTS
from methods.facts import facts

GROUPS = ("trained", "core", "held-out", "guard", "all")
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
    rows, draws = [], []
    for number in numbers:
        row, drawn = _row(scores, number, places)
        rows.append(row)
        draws.append(drawn)
    ranked = [n for n, row in enumerate(rows) if row["complete"] and not facts(row["method"]).is_reference]
    ranked.sort(key=lambda n: (-rows[n][RANKED_BY], rows[n]["method"]))
    # Intervals of all rows at once: one by one they took a third of the time of the table.
    whole = [n for n, row in enumerate(rows) if row["complete"]]
    for n, low, high in zip(whole, *_intervals([draws[n] for n in whole]), strict=True):
        rows[n].update(low=low, high=high)
    behind, _ = _intervals([draws[ranked[0]] - draws[n] for n in ranked])
    for n, least in zip(ranked, behind, strict=True):
        better = sum(rows[other][RANKED_BY] > rows[n][RANKED_BY] for other in ranked)
        pair = numbers[ranked[0]], numbers[n]
        tied = better == 0 or least <= 0 or _tied(scores, pair, places, draws[ranked[0]] - draws[n])
        rows[n].update(rank=better + 1, ties_best=bool(tied))
    return rows


def _intervals(draws: list[np.ndarray]) -> tuple[list[float], list[float]]:
    low, high = resampling.intervals(np.stack(draws)) if draws else (np.empty(0), np.empty(0))
    return low.tolist(), high.tolist()


def _tied(scores: Scores, pair: tuple[int, int], places: list[list[int]], drawn: np.ndarray) -> bool:
    """Whether the noise of training, where known, makes a lead uncertain that questions alone do not; the first leads."""
    flat, weights = weights_of(places)
    noise, _ = runs(scores, Term(pair, (1.0, -1.0), flat, weights[:, None]))
    if noise is None:
        return False
    questions = Variance(np.array([np.nanvar(drawn)]), np.array([np.inf]))
    gap = mean_of_means(scores.values[pair[0]] - scores.values[pair[1]], places)[:1]
    return bool(Estimate(gap, questions, noise).interval()[0][0] <= 0)


def _row(scores: Scores, number: int, places: list[list[int]]) -> tuple[dict[str, Any], np.ndarray]:
    """One arm on `places` (one list a task): the row without its interval, and the resampled means, shape (resamples,)."""
    arm = scores.arms[number]
    flat = [place for of_task in places for place in of_task]
    complete = arm.state == "done" and bool(scores.whole[number, flat].all())
    means = mean_of_means(scores.values[number], places)
    drawn = drawn_means(scores, number, places)
    known = ~np.isnan(scores.values[number, flat, 0])
    return {
        "method": arm.method, "status": _status(arm, complete), "complete": complete, "rank": pd.NA, "ties_best": False,
        "languages": len({scores.places[place][2] for place, has in zip(flat, known, strict=True) if has}),
        "languages_declared": len({scores.places[place][2] for place in flat}),
        **dict(zip(MEASURES, means, strict=True)), "low": float("nan"), "high": float("nan"),
        "seed_sd": _seed_sd(scores, number, places),
        "worst_tenth": _worst_tenth(scores.values[number, :, 0], places),
        "language_sd": _language_sd(scores.values[number, :, 0], places),
        **_gap(scores, number, places),
        "seeds": len(arm.done), "seeds_planned": len(arm.cells),
        "seconds": arm.mean("seconds"), "pairs_per_second": arm.mean("pairs_per_second"), "warning": arm.warning,
    }, drawn  # fmt: skip


def _gap(scores: Scores, number: int, places: list[list[int]]) -> dict[str, Any]:
    """Share of the way from floor to ceiling that an arm has come: mean gain over mean way, on the places that have both.

    A ratio of means, not a mean of ratios: languages with little to gain cannot blow it up. Its interval is the percentile
    bootstrap of the ratio; there is none where the way itself may be 0 (its own interval reaches there: the ratio's is then
    unbounded, Fieller 1954), and no ratio at all where the mean way is `SMALLEST_GAP` or less.
    """
    ends = scores.index(FLOOR, 0), scores.index(CEILING, 0)
    known = ~np.isnan(scores.values[number, :, 0]) & ~np.isnan(scores.reference(FLOOR)) & ~np.isnan(scores.reference(CEILING))
    there = [own for at in places if (own := [place for place in at if known[place]])]
    count = sum(map(len, there))
    found = {"gap_closed": float("nan"), "gap_low": float("nan"), "gap_high": float("nan"), "gap_languages": count,
             "gap_left_out": sum(int((~np.isnan(scores.values[number, at, 0])).sum()) for at in places) - count}  # fmt: skip
    floor, ceiling = ends
    if not there or floor is None or ceiling is None:
        return found
    low, own, high = (mean_of_means(scores.values[n], there)[0] for n in (floor, number, ceiling))
    if high - low <= SMALLEST_GAP:
        return found
    drawn_low, drawn, drawn_high = (drawn_means(scores, n, there) for n in (floor, number, ceiling))
    found["gap_closed"] = (own - low) / (high - low)
    way = drawn_high - drawn_low
    if not np.isnan(way).all() and resampling.interval(way)[0] > 0:
        with np.errstate(invalid="ignore", divide="ignore"):
            found["gap_low"], found["gap_high"] = resampling.interval((drawn - drawn_low) / np.where(way > 0, way, np.nan))
    return found


def _status(arm: Arm, complete: bool) -> str:
    if complete:
        return "done"
    return "incomplete" if arm.done else arm.state


def mean_of_means(values: np.ndarray, places: list[list[int]]) -> np.ndarray:
    """(columns,): mean over tasks of the mean over languages of `values` (places, columns), NaNs left out."""
    return _nanmean(np.stack([_nanmean(values[of_task]) for of_task in places]))


def drawn_means(scores: Scores, number: int, places: list[list[int]]) -> np.ndarray:
    """(resamples,): the same mean of one arm's resampled nDCG@10; NaN where a place is not whole."""
    return np.mean([scores.draws[number, of_task].mean(axis=0) for of_task in places], axis=0)


def _nanmean(values: np.ndarray) -> np.ndarray:
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
            trained = plan.group("trained", order, cell.name.size)
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
