"""Means over tasks of means over languages."""

from __future__ import annotations

import numpy as np

from bench.analysis.arms import Scores


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
