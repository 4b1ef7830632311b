"""How a method's score moves as languages double: slopes against log2 of the number of trained languages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import resampling
from bench.analysis.arms import FLOOR, Scores
from bench.analysis.results import Plan
from bench.analysis.statistics import slope_weights
from bench.analysis.tables import MEAN, drawn_means, mean_of_means

GROUPS = ("core", "trained", "held-out", "guard")
CONSTANT = ("core", "guard")  # the same languages at every size
FLAT = 1e-6  # a slope no further than this from 0 is rounding: resampled scores have 32 bits
COLUMNS = (
    "order", "scorer", "task", "group", "method", "sizes", "sizes_left_out", "first", "last",
    "slope", "low", "high", "gain_slope", "gain_low", "gain_high", "seed_slope_sd", "seeds",
    "languages", "rising", "falling",
)  # fmt: skip


def slopes(plan: Plan, order: str, scores: Scores) -> pd.DataFrame:
    """One row per scorer, task (and `mean`), group and trained method with two complete sizes or more; COLUMNS.

    `slope` is the least-squares slope of nDCG@10 (mean over languages, then tasks) on log2 N: points won
    each time the number of languages doubles. `gain_slope` is that of the score minus the floor's on the
    same languages: trained and held-out groups are other languages at every size, easier or harder ones, and
    the difference takes that out. Intervals are the bootstrap over questions; what another training seed would do
    is not in them: `seed_slope_sd` is the standard deviation of the slopes of single seeds. `rising` and `falling`
    count languages (core and guard only) whose own slope's interval lies above or below 0, uncorrected.
    """
    rows = []
    floor = scores.index(FLOOR, 0)
    for scorer in scores.scorers:
        for task in (MEAN, *scores.tasks):
            for group in GROUPS:
                for method in scores.methods:
                    row = _row(plan, order, scores, scorer, task, group, method, floor)
                    rows += [{"order": order, "scorer": scorer, "task": task, "group": group} | row] if row else []
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(
    plan: Plan, order: str, scores: Scores, scorer: str, task: str, group: str, method: str, floor: int | None
) -> dict[str, Any]:  # fmt: skip
    points = {}
    left_out = []
    for size in plan.sizes_of(order):
        number = scores.index(method, size)
        if number is None or scores.arms[number].size == 0:
            continue
        tasks = scores.tasks if task == MEAN else (task,)
        places = [at for name in tasks if (at := scores.at(scorer, name, plan.group(group, order, size)))]
        if not places:
            continue
        whole = scores.arms[number].state == "done" and all(scores.whole[number, at].all() for at in places)
        if whole:
            points[size] = number, places
        else:
            left_out.append(size)
    if len(points) < 2:
        return {}
    weights = slope_weights(list(points))
    drawn = [drawn_means(scores, number, places) for number, places in points.values()]
    means = [mean_of_means(scores.values[number], places)[0] for number, places in points.values()]
    low, high = resampling.interval(weights @ drawn)
    row = {
        "method": method, "sizes": " ".join(map(str, points)), "sizes_left_out": " ".join(map(str, left_out)),
        "first": means[0], "last": means[-1], "slope": float(weights @ means), "low": low, "high": high,
        **_seeds(scores, points, weights), **_floor(scores, points, weights, means, drawn, floor),
    }  # fmt: skip
    return row | (_languages(scores, points, weights) if group in CONSTANT else {})


def _floor(
    scores: Scores, points: dict[int, Any], weights: np.ndarray, means: list[float], drawn: list[np.ndarray], floor: int | None
) -> dict[str, float]:
    """The slope of the gain over the floor; nothing where the floor is not whole."""
    if floor is None or not all(scores.whole[floor, at].all() for _, places in points.values() for at in places):
        return {}
    under = [mean_of_means(scores.values[floor], places)[0] for _, places in points.values()]
    drawn_under = [drawn_means(scores, floor, places) for _, places in points.values()]
    low, high = resampling.interval(weights @ (np.stack(drawn) - np.stack(drawn_under)))
    return {"gain_slope": float(weights @ (np.array(means) - under)), "gain_low": low, "gain_high": high}


def _seeds(scores: Scores, points: dict[int, Any], weights: np.ndarray) -> dict[str, float]:
    """Slopes of the seeds that have every size."""
    by_size = [
        {scores.cells[n].name.seed: mean_of_means(scores.by_cell[n], places)[0] for n in scores.owned[number]}
        for number, places in points.values()
    ]
    common = set.intersection(*map(set, by_size))
    each = [float(weights @ [of_size[seed] for of_size in by_size]) for seed in sorted(common)]
    return {"seeds": len(each), "seed_slope_sd": float(np.std(each, ddof=1)) if len(each) > 1 else float("nan")}


def _languages(scores: Scores, points: dict[int, Any], weights: np.ndarray) -> dict[str, int]:
    """How many languages rise or fall for certain, as far as questions go."""
    [*_, (_, places)] = points.values()
    codes = sorted({scores.places[place][2] for at in places for place in at})
    rising = falling = 0
    for code in codes:
        own = [[place for place in at if scores.places[place][2] == code] for at in places]
        own = [at for at in own if at]
        low, high = resampling.interval(weights @ [drawn_means(scores, number, own) for number, _ in points.values()])
        rising, falling = rising + (low > FLAT), falling + (high < -FLAT)
    return {"languages": len(codes), "rising": rising, "falling": falling}
