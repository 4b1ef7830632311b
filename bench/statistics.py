"""How sure a mean over languages is: bootstrap over queries.

Where a task asks the same questions in all languages, a question that is hard is hard everywhere. Its id is
then drawn for all languages together; drawing (language, query) pairs would give intervals that are far too
narrow.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.errors import BenchError

CELLS = 1 << 22  # numbers in the matrix of drawn counts at a time (32 MB)


@dataclass(frozen=True)
class Interval:
    """A mean over languages (each language counts the same) and its bootstrap interval."""

    mean: float
    low: float
    high: float


def bootstrap_means(
    languages: Sequence[str],
    query_ids: Sequence[str],
    values: Sequence[float],
    parallel: bool,
    rounds: int = 2000,
    seed: int = 0,
) -> np.ndarray:
    """Means over languages of the mean over queries, in `rounds` samples of the queries.

    The draw depends on the seed and on the set of query ids (not parallel: of each language), not on the
    order of rows nor on the values: the difference of two calls, for two methods on the same queries, is
    paired.

    Args:
        languages, query_ids, values: (r,) one entry per judged query of a language.
        parallel: an id means the same question in all languages, so that ids are drawn once for all of them.
        rounds: number of samples.

    Returns:
        (rounds,) float64.

    Raises:
        BenchError: nothing given, lengths differ, a value is not finite, or a (language, query) occurs twice.
    """
    scores = np.asarray(values, dtype=np.float64)
    if not len(scores) == len(languages) == len(query_ids):
        raise BenchError(
            f"{len(languages)} languages, {len(query_ids)} query ids, {len(scores)} values",
            "pass one of each per judged query",
        )
    if not len(scores):
        raise BenchError("there are no scores to average", "check that the cell has evaluated this task")
    if not np.isfinite(scores).all():
        at = int((~np.isfinite(scores)).argmax())
        raise BenchError(f"the score of query {query_ids[at]!r} ({languages[at]}) is {scores[at]}")
    names, language_of = np.unique(np.asarray(languages, dtype=str), return_inverse=True)
    ids = np.asarray(query_ids, dtype=str)
    groups = [np.arange(len(names))] if parallel else [np.array([i]) for i in range(len(names))]
    sums = np.zeros((rounds, len(names)))
    counts = np.zeros((rounds, len(names)))
    for group in groups:
        rows = np.flatnonzero(np.isin(language_of, group))
        questions, question_of = np.unique(ids[rows], return_inverse=True)
        there = np.zeros((len(questions), len(group)))
        np.add.at(there, (question_of, language_of[rows] - group[0]), 1)
        if there.max() > 1:
            question, language = np.argwhere(there > 1)[0]
            raise BenchError(f"query {str(questions[question])!r} has two scores in {names[group[language]]}")
        score = np.zeros(there.shape)
        score[question_of, language_of[rows] - group[0]] = scores[rows]
        # A language draws the same whether other languages are there or not.
        key = [seed] if parallel else [seed, zlib.crc32(str(names[group[0]]).encode())]
        generator = np.random.default_rng(key)
        step = max(1, CELLS // len(questions))
        for start in range(0, rounds, step):
            part = slice(start, min(start + step, rounds))
            drawn = _draw(generator, part.stop - start, len(questions))
            sums[part, group] = drawn @ score
            counts[part, group] = drawn @ there
    # A language of which no question was drawn (possible when it has few) says nothing in that round.
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    present = (counts > 0).sum(axis=1)
    mean = _mean(languages, values)
    return np.where(present > 0, means.sum(axis=1) / np.maximum(present, 1), mean)


def _mean(languages: Sequence[str], values: Sequence[float]) -> float:
    """Mean over languages of the mean over queries."""
    language_of = np.unique(np.asarray(languages, dtype=str), return_inverse=True)[1]
    sums = np.bincount(language_of, weights=np.asarray(values, dtype=np.float64))
    return float((sums / np.bincount(language_of)).mean())


def _draw(generator: np.random.Generator, rounds: int, n: int) -> np.ndarray:
    """(rounds, n) how often each of n questions is drawn in n draws with replacement."""
    drawn = generator.integers(n, size=(rounds, n)) + n * np.arange(rounds)[:, None]
    return np.bincount(drawn.ravel(), minlength=rounds * n).reshape(rounds, n).astype(np.float64)


def bootstrap_interval(
    languages: Sequence[str],
    query_ids: Sequence[str],
    values: Sequence[float],
    parallel: bool,
    rounds: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Mean over languages with its percentile interval; arguments as in `bootstrap_means`.

    >>> bootstrap_interval(["sw", "sw", "so"], ["1", "2", "1"], [1.0, 0.0, 1.0], parallel=True).mean
    0.75
    """
    means = bootstrap_means(languages, query_ids, values, parallel, rounds, seed)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(_mean(languages, values), float(low), float(high))
