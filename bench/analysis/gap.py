"""The share of the way from the floor to the ceiling that an arm has come."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from bench.analysis import resampling
from bench.analysis.arms import CEILING, FLOOR, SMALLEST_GAP, Scores
from bench.analysis.means import drawn_means, mean_of_means


def closed(scores: Scores, numbers: Sequence[int], places: list[list[int]]) -> list[dict[str, Any]]:
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
