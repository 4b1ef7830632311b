"""One row of a comparison: two methods on the same places, at one size or as the mean over several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.analysis.arms import TIE, Scores
from bench.analysis.statistics import LEVEL, count_effects, holm
from bench.analysis.verdicts.decide import MARGIN, Estimate
from bench.analysis.verdicts.evidence import Term, estimate, weights_of


@dataclass(frozen=True)
class Point:
    """The two methods at one size: numbers of their arms, and places, one list a task."""

    size: int
    pair: tuple[int, int]
    declared: list[list[int]]
    common: list[list[int]]


def row(scores: Scores, points: Sequence[Point], margin: float = MARGIN) -> dict[str, Any]:
    """The numbers of one row; with several points all are means over them. At least one has a place in common."""
    declared = [(point.size, place) for point in points for at in point.declared for place in at]
    points = [point for point in points if point.common]
    flat = [(point, place) for point in points for at in point.common for place in at]
    found, runs = estimate(scores, [_term(point, len(points)) for point in points])
    numbers = figures(found, runs, margin)
    means = [np.mean([mean(scores.values[p.pair[side]], p.common) for p in points]) for side in (0, 1)]
    answers = np.concatenate([one[1] for point, place in flat if (one := scores.paired(place, *point.pair)) is not None])
    return {
        "size": " ".join(str(point.size) for point in points),
        "tasks": " ".join(dict.fromkeys(scores.places[place][1] for _, place in flat)),
        "first_mean": means[0], "second_mean": means[1], **numbers, **_languages(scores, points),
        "languages_declared": len({scores.places[place][2] for _, place in declared}),
        "places": len(flat), "places_declared": len(declared), "units": _units(scores, points),
        "questions": len(answers), "questions_tied": int((answers == 0).sum()), **_seeds(scores, points),
    }  # fmt: skip


def figures(found: Estimate, runs: str, margin: float) -> dict[str, Any]:
    """What a table says of the first statistic of an estimate; `estimate` is that itself, for `family.corrected`."""
    (low,), (high,) = found.interval()
    return {
        "difference": float(found.value[0]), "low": float(low), "high": float(high), "se": float(found.se[0]),
        "df": float(found.df[0]), "question_se": float(np.sqrt(found.questions.value[0])),
        "run_se": float(np.sqrt(found.runs.value[0])), "runs": runs, "p": _known(found.p_values(TIE)[0][0]),
        "p_equivalent": _known(found.p_equivalent(margin)[0]), "margin": margin, "smallest": float(found.smallest()[0]),
        "estimate": found,
    }  # fmt: skip


def _known(p: float) -> float:
    """1 where nothing is known: a single question tells no variance."""
    return 1.0 if np.isnan(p) else float(p)


def _term(point: Point, points: int) -> Term:
    places, weights = weights_of(point.common, 1 / points)
    return Term(point.pair, (1.0, -1.0), places, weights[:, None])


def of_languages(scores: Scores, points: Sequence[Point]) -> tuple[list[str], Estimate]:
    """The languages of `points`, and the difference in each: a statistic of its own, mean over its tasks and sizes."""
    codes = sorted({scores.places[place][2] for point in points for at in point.common for place in at})
    at_size = [[{scores.places[place][2]: place for place in at} for at in point.common] for point in points]
    times = {code: sum(any(code in task for task in tasks) for tasks in at_size) for code in codes}
    terms = []
    for point, tasks in zip(points, at_size, strict=True):
        own = {code: sum(code in task for task in tasks) for code in codes}
        entries = [(place, codes.index(code), 1 / (own[code] * times[code])) for task in tasks for code, place in task.items()]
        places, columns, shares = map(list, zip(*entries, strict=True))
        weights = np.zeros((len(places), len(codes)))
        weights[np.arange(len(places)), columns] = shares
        terms.append(Term(point.pair, (1.0, -1.0), np.array(places, dtype=int), weights))
    return codes, estimate(scores, terms)[0]


def _languages(scores: Scores, points: Sequence[Point]) -> dict[str, Any]:
    """In how many and in which languages one beats the other."""
    codes, found = of_languages(scores, points)
    gaps, (_, greater, less) = found.value, found.p_values(TIE)
    row: dict[str, Any] = {
        "ahead": int((gaps > TIE).sum()), "behind": int((gaps < -TIE).sum()), "level": int((np.abs(gaps) <= TIE).sum()),
        "languages": len(codes),
    }  # fmt: skip
    for name, p_values in (("first_beats", greater), ("second_beats", less)):
        p_values = np.nan_to_num(p_values, nan=1.0)
        named = [code for code, p in zip(codes, holm(p_values.tolist()), strict=True) if p <= LEVEL / 2]
        row |= {name: count_effects(p_values.tolist(), LEVEL / 2), f"{name}_in": " ".join(named)}
    return row


def mean(values: np.ndarray, tasks: list[list[int]]) -> float:
    """nDCG@10 of `values` (places, measures): mean over tasks of the mean over languages."""
    return float(np.mean([values[at, 0].mean() for at in tasks]))


def _units(scores: Scores, points: Sequence[Point]) -> int:
    """Independent questions behind the row."""
    found = {
        (asked.pool, int(unit)) for point in points for at in point.common for place in at
        for asked in scores.asked.get(place, ()) if set(point.pair) <= set(asked.arms) for unit in asked.units
    }  # fmt: skip
    return len(found)


def _seeds(scores: Scores, points: Sequence[Point]) -> dict[str, Any]:
    """Difference of each seed on its own: how many, how far apart, how many above 0.

    A method with one cell for all seeds (the floor, a ceiling) is held against each seed of the other. Sizes with one seed
    are no part of it where others have more; `seed_sizes` says which are.
    """
    by_point = {}
    for point in points:
        first, second = (
            {scores.cells[n].name.seed: mean(scores.by_cell[n], point.common) for n in scores.owned[number]}
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
