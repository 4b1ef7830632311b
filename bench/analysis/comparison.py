"""Two methods against each other, from the files of an experiment. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import resampling
from bench.analysis.arms import TIE, Scores
from bench.analysis.left_out import LeftOut
from bench.analysis.results import Experiment, Plan
from bench.analysis.statistics import LEVEL, count_effects, holm, sign_flip, units
from bench.analysis.tables import drawn_means, mean_of_means
from bench.base.errors import BenchError, unknown
from methods.facts import facts

GROUPS = ("trained", "core", "held-out", "guard")
COLUMNS = (
    "order", "scorer", "group", "size", "tasks", "first", "second", "first_mean", "second_mean",
    "difference", "low", "high", "p", "p_holm", "verdict", "ahead", "behind", "level",
    "first_beats", "second_beats", "first_beats_in", "second_beats_in", "languages", "languages_declared",
    "places", "places_declared", "questions", "questions_tied", "units", "seeds", "seed_sd", "seeds_ahead", "seed_sizes",
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """What was found: `rows` with COLUMNS, and `notes`: whatever was left out of them, with counts."""

    first: str
    second: str
    rows: pd.DataFrame
    notes: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)  # of the two, where a short name stands for them


@dataclass(frozen=True)
class Point:
    """The two methods at one size: numbers of their arms, and places, one list a task."""

    size: int
    pair: tuple[int, int]
    declared: list[list[int]]
    common: list[list[int]]


def compare(
    experiment: Experiment, first: str, second: str, sizes: Sequence[int] = (), scorers: Sequence[str] = (),
    tasks: Sequence[str] = (), groups: Sequence[str] = (), over_sizes: bool = False,
) -> Comparison:  # fmt: skip
    """`first` - `second`, nDCG@10, for every order, scorer, group of languages and size; () takes all there are.

    A row goes over the languages and tasks of its group (places) on which both methods have answered
    every question that anybody was asked, in the seeds that both have; means go over languages, then tasks.
    `low` and `high` are the bootstrap interval of the difference, over questions, from the leaderboard's
    own resamples; `p` is the sign-flip test of the same mean, `p_holm` Holm's correction over all rows
    (`verdict` rests on it). `first_beats` counts languages by partial conjunction, one-sided with half the
    level for each direction, `first_beats_in` names them by Holm's procedure. Everything left out is in the notes.
    The core group has no row where it is the trained group: the same question asked twice would cost power.

    Args:
        over_sizes: one row a scorer and group, the mean over sizes (`size` lists them): few tests, so more is found.

    Raises:
        BenchError: an unknown name or size, the same method twice, or nothing to compare.
    """
    plan, left = experiment.plan, LeftOut()
    methods = list(dict.fromkeys(cell.name.method for cell in experiment.cells))
    first, second = (_known("method", name.replace(" ", ""), methods) for name in (first, second))
    if first == second:
        raise BenchError(f"{first!r} is compared with itself", "name two methods")
    for kind, given, allowed in (("size", sizes, plan.sizes), ("group", groups, GROUPS)):
        for one in given:
            _known(kind, str(one), list(map(str, allowed)))
    rows: list[dict[str, Any]] = []
    for order in plan.orders:
        cells = [cell for cell in experiment.cells if cell.name.order == order]
        where = f"order {order}, " if len(plan.orders) > 1 else ""
        scores = Scores(left.same_seeds(cells, (first, second), sizes or plan.sizes_of(order), where), plan.tasks)
        if not scores.places:
            continue
        names = [_known("task", name, scores.tasks) for name in tasks] or list(scores.tasks)
        for scorer in _scorers(scores, scorers, first, second, left):
            for group in groups or GROUPS:
                points: list[Point] = []
                for size in sizes or plan.sizes_of(order):
                    repeated = group == "core" and "trained" in (groups or GROUPS) and _core_is_trained(plan, order, size)
                    pair = scores.index(first, size), scores.index(second, size)
                    if pair[0] is None or pair[1] is None or (repeated and not over_sizes):
                        continue
                    declared = [at for name in names if (at := scores.at(scorer, name, plan.group(group, order, size)))]
                    # Methods that are not trained are the same at every size: one test of the same places is enough.
                    if any(point.pair == pair and point.declared == declared for point in points):
                        continue
                    if all(scores.arms[number].done for number in pair if number is not None) and declared:
                        common = left.common(scores, f"{scorer} {group} N = {size}", (pair[0], pair[1]), declared)
                        points.append(Point(size, (pair[0], pair[1]), declared, common))
                for chosen in [points] if over_sizes else [[point] for point in points]:
                    if any(point.common for point in chosen):
                        rows.append({"order": order, "scorer": scorer, "group": group, **_row(scores, chosen)})
    if not rows:
        found = "; ".join(left.notes()) or "neither has a result"
        raise BenchError(f"nothing to compare of {first!r} and {second!r}: {found}", "run the cells that are missing first")
    table = pd.DataFrame(rows).assign(first=first, second=second)
    table["p_holm"] = holm(table["p"].tolist())
    table["verdict"] = [
        "not distinguishable" if p > LEVEL else "better" if difference > 0 else "worse"
        for p, difference in zip(table["p_holm"], table["difference"], strict=True)
    ]
    settings = {name: plan.names[name] for name in (first, second) if name in plan.names}
    return Comparison(first, second, table[list(COLUMNS)], left.notes(), settings)


def _known(kind: str, given: str, allowed: Sequence[str]) -> str:
    if given not in allowed:
        raise unknown(kind, given, allowed)
    return given


def _scorers(scores: Scores, wanted: Sequence[str], first: str, second: str, left: LeftOut) -> list[str]:
    """The scorers asked for, or all that both methods have; what only one has is told.

    Raises:
        BenchError: the methods have none in common, or one of `wanted` only one of them has.
    """
    own = {name: [one for one in scores.scorers if facts(name).scored_with(one)] for name in (first, second)}
    both = [scorer for scorer in scores.scorers if all(scorer in has for has in own.values())]
    asked = [_known("scorer", name, scores.scorers) for name in wanted]
    said = " and ".join(f"{name} is scored with {', '.join(has)}" for name, has in own.items())
    if not set(own[first]) & set(own[second]):
        raise BenchError(f"nothing to compare: {said}", "hold each against methods that have a scorer in common with it")
    if alone := [scorer for scorer in asked if scorer not in both]:
        raise BenchError(f"nothing to compare with the scorer {alone[0]}: {said}", "leave --scorer out")
    for name, has in own.items():
        left.cells += [f"{scorer}: only {name} is scored with it" for scorer in scores.scorers
                       if scorer in has and scorer not in both and not asked]  # fmt: skip
    return asked or both


def _core_is_trained(plan: Plan, order: str, size: int) -> bool:
    return set(plan.core_of(order)) == set(plan.group("trained", order, size))


def _row(scores: Scores, points: list[Point]) -> dict[str, Any]:
    """The numbers of one row; with several points all are means over them."""
    declared = [(point.size, place) for point in points for at in point.declared for place in at]
    points = [point for point in points if point.common]
    flat = [(point, place) for point in points for at in point.common for place in at]
    effects = _effects(scores, points)
    drawn = [drawn_means(scores, p.pair[0], p.common) - drawn_means(scores, p.pair[1], p.common) for p in points]
    low, high = resampling.interval(np.mean(drawn, axis=0))
    means = [np.mean([_mean(scores.values[p.pair[side]], p.common) for p in points]) for side in (0, 1)]
    languages = sorted({scores.places[place][2] for _, place in flat})
    own = {code: _of_language(scores, points, code) for code in languages}
    tests = {code: sign_flip(_effects(scores, part)) for code, part in own.items()}
    gaps = np.array([
        np.mean([_mean(scores.values[p.pair[0]], p.common) - _mean(scores.values[p.pair[1]], p.common) for p in part])
        for part in own.values()
    ])  # fmt: skip
    answers = np.concatenate([one[1] for point, place in flat if (one := scores.paired(place, *point.pair)) is not None])
    row = {
        "size": " ".join(str(point.size) for point in points),
        "tasks": " ".join(dict.fromkeys(scores.places[place][1] for _, place in flat)),
        "first_mean": means[0], "second_mean": means[1], "difference": means[0] - means[1], "low": low, "high": high,
        "p": sign_flip(effects).two_sided, "ahead": int((gaps > TIE).sum()), "behind": int((gaps < -TIE).sum()),
        "level": int((np.abs(gaps) <= TIE).sum()), "languages": len(languages),
        "languages_declared": len({scores.places[place][2] for _, place in declared}),
        "places": len(flat), "places_declared": len(declared), "units": len(effects),
        "questions": len(answers), "questions_tied": int((answers == 0).sum()), **_seeds(scores, points),
    }  # fmt: skip
    for name, p_values in (
        ("first_beats", [tests[code].greater for code in languages]),
        ("second_beats", [tests[code].less for code in languages]),
    ):
        named = [code for code, p in zip(languages, holm(p_values), strict=True) if p <= LEVEL / 2]
        row |= {name: count_effects(p_values, LEVEL / 2), f"{name}_in": " ".join(named)}
    return row


def _mean(values: np.ndarray, places: list[list[int]]) -> float:
    """nDCG@10 of `values` (places, measures): mean over tasks of the mean over languages."""
    return float(mean_of_means(values[:, :1], places)[0])


def _of_language(scores: Scores, points: list[Point], code: str) -> list[Point]:
    parts = []
    for point in points:
        common = [own for at in point.common if (own := [place for place in at if scores.places[place][2] == code])]
        parts += [Point(point.size, point.pair, [], common)] if common else []
    return parts


def _effects(scores: Scores, points: list[Point]) -> np.ndarray:
    """(units,) what each unit of the sign-flip test adds to the mean over sizes, tasks and languages.

    A unit is a question of a parallel task in all languages and sizes, else of one language in all sizes.
    """
    labels, effects = [], []
    for point in points:
        for at in point.common:
            for place in at:
                if (found := scores.paired(place, *point.pair)) is None:
                    continue
                asked, difference = found
                _, task, language = scores.places[place]
                block = 0 if asked.shared else scores.languages.index(language) + 1
                ids = [np.full_like(asked.ids, scores.tasks.index(task)), np.full_like(asked.ids, block), asked.ids]
                labels.append(np.stack(ids, axis=1))
                effects.append(difference / (len(difference) * len(at) * len(point.common) * len(points)))
    return units(np.concatenate(labels), np.concatenate(effects))


def _seeds(scores: Scores, points: list[Point]) -> dict[str, Any]:
    """Difference of each seed on its own: how many, how far apart, how many above 0.

    A method with one cell for all seeds (the floor, a ceiling) is held against each seed of the other. Sizes with one seed
    are no part of it where others have more; `seed_sizes` says which are.
    """
    by_point = {}
    for point in points:
        first, second = (
            {scores.cells[n].name.seed: _mean(scores.by_cell[n], point.common) for n in scores.owned[number]}
            for number in point.pair
        )
        if scores.arms[point.pair[0]].size == 0:
            first = dict.fromkeys(second, float(np.mean(list(first.values()))))
        elif scores.arms[point.pair[1]].size == 0:
            second = dict.fromkeys(first, float(np.mean(list(second.values()))))
        by_point[point.size] = {seed: first[seed] - second[seed] for seed in first if seed in second}
    by_point = {size: gaps for size, gaps in by_point.items() if len(gaps) > 1} or by_point
    common = set.intersection(*map(set, by_point.values()))
    gaps = [float(np.mean([of_point[seed] for of_point in by_point.values()])) for seed in sorted(common)]
    spread = float(np.std(gaps, ddof=1)) if len(gaps) > 1 else float("nan")
    sizes = " ".join(map(str, by_point))
    return {"seeds": len(gaps), "seed_sd": spread, "seeds_ahead": sum(gap > 0 for gap in gaps), "seed_sizes": sizes}
