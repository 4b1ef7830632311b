"""Two methods against each other, from the files of an experiment. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench import resampling
from bench.arms import Scores
from bench.errors import BenchError, unknown
from bench.results import Cell, Experiment
from bench.statistics import LEVEL, count_effects, holm, sign_flip, units
from bench.tables import drawn_means, mean_of_means

GROUPS = ("trained", "core", "held-out", "guard")
TIE = 1e-6  # scores are stored with six decimals or 32 bits
COLUMNS = (
    "order", "scorer", "group", "size", "tasks", "first", "second", "first_mean", "second_mean",
    "difference", "low", "high", "p", "p_holm", "verdict", "ahead", "behind", "level",
    "first_beats", "second_beats", "first_beats_in", "second_beats_in", "languages", "languages_declared",
    "places", "places_declared", "questions", "questions_tied", "units", "seeds", "seed_sd", "seeds_ahead",
)  # fmt: skip
Left = dict[tuple[str, str], list[tuple[str, list[str], int]]]  # (task, reason) -> row, languages left out, declared


@dataclass(frozen=True)
class Comparison:
    """What was found: `rows` with COLUMNS, and `notes`: whatever was left out of them, with counts."""

    first: str
    second: str
    rows: pd.DataFrame
    notes: tuple[str, ...]


def compare(
    experiment: Experiment, first: str, second: str, sizes: Sequence[int] = (), scorers: Sequence[str] = (),
    tasks: Sequence[str] = (), groups: Sequence[str] = (),
) -> Comparison:  # fmt: skip
    """`first` - `second`, nDCG@10, for every order, scorer, group of languages and size; () takes all there are.

    A row goes over the languages and tasks of its group (places) on which both methods have answered
    every question that anybody was asked, in the seeds that both have; means go over languages, then tasks.
    `low` and `high` are the bootstrap interval of the difference, over questions, from the leaderboard's
    own resamples; `p` is the sign-flip test of the same mean, `p_holm` Holm's correction over all rows
    (`verdict` rests on it). `first_beats` counts languages by partial conjunction, one-sided with half the
    level for each direction, `first_beats_in` names them by Holm's procedure. Everything left out is in the notes.

    Raises:
        BenchError: an unknown name or size, the same method twice, or nothing to compare.
    """
    plan = experiment.plan
    methods = list(dict.fromkeys(cell.name.method for cell in experiment.cells))
    first, second = (_known("method", name.replace(" ", ""), methods) for name in (first, second))
    if first == second:
        raise BenchError(f"{first!r} is compared with itself", "name two methods")
    for size in sizes:
        _known("size", str(size), [str(one) for one in plan.sizes])
    for group in groups:
        _known("group", group, GROUPS)
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    left: Left = {}
    for order in plan.orders:
        cells = [cell for cell in experiment.cells if cell.name.order == order]
        where = f"order {order}, " if len(plan.orders) > 1 else ""
        scores = Scores(_same_seeds(cells, first, second, sizes or plan.sizes, where, notes), plan.tasks)
        if not scores.places:
            continue
        for scorer in [_known("scorer", name, scores.scorers) for name in scorers] or scores.scorers:
            for group in groups or GROUPS:
                for size in sizes or plan.sizes:
                    pair = scores.index(first, size), scores.index(second, size)
                    if pair[0] is None or pair[1] is None:
                        continue
                    names = [_known("task", name, scores.tasks) for name in tasks] or list(scores.tasks)
                    declared = [at for name in names if (at := scores.at(scorer, name, plan.group(group, order, size)))]
                    point = {"order": order, "scorer": scorer, "group": group, "size": size}
                    rows += _row(scores, point, (pair[0], pair[1]), declared, left)
    notes += _said(left)
    if not rows:
        found = "; ".join(dict.fromkeys(notes)) or "neither has a result"
        raise BenchError(f"nothing to compare of {first!r} and {second!r}: {found}", "run the cells that are missing first")
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p"].tolist())
    table["verdict"] = [
        "not distinguishable" if p > LEVEL else "better" if difference > 0 else "worse"
        for p, difference in zip(table["p_holm"], table["difference"], strict=True)
    ]
    return Comparison(first, second, table[list(COLUMNS)], tuple(dict.fromkeys(notes)))


def _known(kind: str, given: str, allowed: Sequence[str]) -> str:
    if given not in allowed:
        raise unknown(kind, given, allowed)
    return given


def _same_seeds(
    cells: list[Cell], first: str, second: str, sizes: Sequence[int], where: str, notes: list[str]
) -> list[Cell]:  # fmt: skip
    """`cells` without those of the two methods whose seed the other has not finished at that size."""
    dropped: set[str] = set()
    for size in sizes:
        own = {name: _at_size(cells, name, size) for name in (first, second)}
        for name, planned in own.items():
            short = [cell for cell in planned if not cell.done]
            if not planned:
                notes.append(f"{where}N = {size}: {name} has no cell there, so there is no comparison")
            elif short:
                states = ", ".join(f"{cell.name.id} {cell.state}" for cell in short)
                end = "" if len(short) < len(planned) else f", so there is no comparison at N = {size}"
                notes.append(f"{where}{len(short)} of {len(planned)} cells have no result: {states}{end}")
        seeds = {name: {cell.name.seed for cell in planned if cell.done} for name, planned in own.items()}
        trained = all(cell.name.size for planned in own.values() for cell in planned)
        if not trained or not all(seeds.values()):
            continue  # a floor or a ceiling is one cell for all seeds
        common = seeds[first] & seeds[second]
        uneven = [c for planned in own.values() for c in planned if c.done and c.name.seed not in common]
        if uneven:
            what = ", ".join(cell.name.id for cell in uneven)
            notes.append(f"left out, because the other method has no result with that seed: {what}")
            dropped |= {cell.name.id for cell in uneven}
    return [cell for cell in cells if cell.name.id not in dropped]


def _at_size(cells: list[Cell], method: str, size: int) -> list[Cell]:
    own = [cell for cell in cells if cell.name.method == method]
    return [cell for cell in own if cell.name.size == size] or [cell for cell in own if cell.name.size == 0]


def _row(
    scores: Scores, point: dict[str, Any], pair: tuple[int, int], declared: list[list[int]], left: Left
) -> list[dict[str, Any]]:
    """One row, or none where the two arms have no place in common."""
    first, second = (scores.arms[number] for number in pair)
    if not first.done or not second.done or not declared:
        return []
    common = [here for at in declared if (here := [place for place in at if scores.paired(place, *pair) is not None])]
    flat = [place for at in common for place in at]
    everything = [place for at in declared for place in at]
    _note_left_out(scores, point, pair, declared, common, left)
    if not flat:
        return []
    effects = _effects(scores, pair, common)
    languages = sorted({scores.places[place][2] for place in flat})
    values = np.array([mean_of_means(scores.values[number, :, :1], common)[0] for number in pair])
    low, high = resampling.interval(drawn_means(scores, pair[0], common) - drawn_means(scores, pair[1], common))
    own = {code: _of_language(scores, common, code) for code in languages}
    apart = {code: _difference(scores, pair, places) for code, places in own.items()}
    tests = {code: sign_flip(_effects(scores, pair, places)) for code, places in own.items()}
    found = [scores.paired(place, *pair) for place in flat]
    answers = np.concatenate([one[1] for one in found if one is not None])
    row: dict[str, Any] = {
        **point, "tasks": " ".join(dict.fromkeys(scores.places[place][1] for place in flat)),
        "first": first.method, "second": second.method, "first_mean": values[0], "second_mean": values[1],
        "difference": values[0] - values[1], "low": low, "high": high, "p": sign_flip(effects).two_sided,
        "ahead": sum(gap > TIE for gap in apart.values()), "behind": sum(gap < -TIE for gap in apart.values()),
        "level": sum(abs(gap) <= TIE for gap in apart.values()),
        "languages": len(languages), "languages_declared": len({scores.places[place][2] for place in everything}),
        "places": len(flat), "places_declared": len(everything), "units": len(effects),
        "questions": len(answers), "questions_tied": int((np.abs(answers) <= TIE).sum()),
        **_seeds(scores, pair, common),
    }  # fmt: skip
    for name, p_values in (
        ("first_beats", [tests[code].greater for code in languages]),
        ("second_beats", [tests[code].less for code in languages]),
    ):
        adjusted = holm(p_values)
        row[name] = count_effects(p_values, LEVEL / 2)
        row[f"{name}_in"] = " ".join(code for code, p in zip(languages, adjusted, strict=True) if p <= LEVEL / 2)
    return [row]


def _note_left_out(
    scores: Scores, point: dict[str, Any], pair: tuple[int, int], declared: list[list[int]], common: list[list[int]], left: Left
) -> None:
    """Write into `left`, by task and reason, which declared languages a row goes without."""
    kept = {place for at in common for place in at}
    for at in declared:
        out = [place for place in at if place not in kept]
        if not out:
            continue
        asked = all(scores.answered(place, number) for place in out for number in pair)
        why = "they have not answered the same questions" if asked else "not asked of both"
        codes = [scores.places[place][2] for place in out]
        row = f"{point['scorer']} {point['group']} N = {point['size']}"
        left.setdefault((scores.places[at[0]][1], why), []).append((row, codes, len(at)))


def _said(left: Left) -> list[str]:
    """`left` as notes: one a task and reason."""
    notes = []
    for (task, why), rows in left.items():
        whole = [row for row, codes, declared in rows if len(codes) == declared]
        parts = [f"all languages in {len(whole)} rows ({', '.join(whole[:3] + ['...'] * (len(whole) > 3))})"] if whole else []
        for row, codes, declared in rows:
            if len(codes) < declared:
                named = ", ".join(codes[:5]) + (f" and {len(codes) - 5} more" if len(codes) > 5 else "")
                parts.append(f"{len(codes)} of {declared} languages in {row} ({named})")
        notes.append(f"{task}: {why}: {'; '.join(parts)}")
    return notes


def _of_language(scores: Scores, places: list[list[int]], code: str) -> list[list[int]]:
    return [own for at in places if (own := [place for place in at if scores.places[place][2] == code])]


def _effects(scores: Scores, pair: tuple[int, int], places: list[list[int]]) -> np.ndarray:
    """(units,) what each unit of the sign-flip test adds to the mean over tasks of the mean over languages."""
    labels, effects = [], []
    for task, at in enumerate(places):
        for language, place in enumerate(at):
            if (found := scores.paired(place, *pair)) is None:
                continue
            asked, difference = found
            block = 0 if asked.shared else language + 1
            labels.append(np.stack([np.full_like(asked.ids, task), np.full_like(asked.ids, block), asked.ids], axis=1))
            effects.append(difference / (len(difference) * len(at) * len(places)))
    return units(np.concatenate(labels), np.concatenate(effects))


def _difference(scores: Scores, pair: tuple[int, int], places: list[list[int]]) -> float:
    first, second = (mean_of_means(scores.values[number, :, :1], places)[0] for number in pair)
    return float(first - second)


def _seeds(scores: Scores, pair: tuple[int, int], places: list[list[int]]) -> dict[str, Any]:
    """Difference of each seed on its own: how many, how far apart, how many above 0. One cell serves all seeds."""
    own = []
    for number in pair:
        cells = scores.owned[number]
        own.append({scores.cells[n].name.seed: mean_of_means(scores.by_cell[n, :, :1], places)[0] for n in cells})
    first, second = own
    if len(first) == 1 or len(second) == 1:
        gaps = [a - b for a in first.values() for b in second.values()]
    else:
        gaps = [first[seed] - second[seed] for seed in first if seed in second]
    spread = float(np.std(gaps, ddof=1)) if len(gaps) > 1 else float("nan")
    return {"seeds": len(gaps), "seed_sd": spread, "seeds_ahead": sum(gap > 0 for gap in gaps)}


