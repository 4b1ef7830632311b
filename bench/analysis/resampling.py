"""Bootstrap over questions: how much a mean would move had other questions been asked.

The draws are paired. A question gets the same weights in every cell and scorer, and in every language of a
parallel task, where the same question is asked in all of them; so differences between methods keep the
precision that shared questions give them. The seed is fixed by task and language: adding a cell to the
experiment changes no interval of another, unless it is the first that says which questions ask for one document.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

DRAWS = 1000
SEED = 20240
LEVEL = 0.95


def is_parallel(language: np.ndarray, query: np.ndarray) -> bool:
    """Whether languages share most of their questions, given one task's (rows,) language and query numbers."""
    if not len(query):
        return False
    asked = np.zeros((query.max() + 1, language.max() + 1), dtype=bool)
    asked[query, language] = True
    languages_of = asked.sum(axis=1)
    return bool(np.mean(languages_of[languages_of > 0] > 1) > 0.5)


def weights(task: str, block: str, n: int, draws: int = DRAWS) -> np.ndarray:
    """(draws, n) float32: how often each of `n` questions is drawn in each resample.

    Of a single question all resamples are the same, which says nothing of others: it is drawn in none, and has no interval.
    """
    if n < 2:
        return np.zeros((draws, n), dtype=np.float32)
    random = np.random.default_rng([SEED, zlib.crc32(f"{task}\n{block}".encode())])
    return random.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float32)


def resample(scores: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Resampled means of `scores` (n, k) under the weights `drawn` (draws, n): (draws, k) float32.

    Sums are float64: processors add up in orders of their own, and in float32 the sixth decimal of a table would depend on them.

    A column with a NaN (a question that its cell does not answer) stays NaN. So does a draw that picked none
    of the questions, which can happen in a parallel task when a language has only few of them.
    """
    drawn, scores = drawn.astype(np.float64), scores.astype(np.float64)
    total = drawn.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        exact = np.divide(drawn @ scores, total, out=np.full((len(drawn), scores.shape[1]), np.nan), where=total > 0)
    means = exact.astype(np.float32)
    means[:, np.isnan(scores).any(axis=0)] = np.nan
    return means


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The middle `LEVEL` of one statistic's draws, (nan, nan) when it has none."""
    values = draws[~np.isnan(draws)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def intervals(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`interval` of every row of `draws` (n, resamples): two arrays (n,), NaN where a row has no draw."""
    found = np.full((2, len(draws)), np.nan)
    partial = np.isnan(draws).any(axis=1)
    if not partial.all():  # all rows at once: most of the time of a quantile is spent before it looks at a number
        found[:, ~partial] = np.quantile(draws[~partial], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    for row in np.flatnonzero(partial):
        found[:, row] = interval(draws[row])
    return found[0], found[1]


def of_each(draws: Sequence[np.ndarray]) -> tuple[list[float], list[float]]:
    """`intervals` of a list of draws, as lists; empty for none."""
    low, high = intervals(np.stack(draws)) if draws else (np.empty(0), np.empty(0))
    return low.tolist(), high.tolist()
