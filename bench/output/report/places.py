"""Scores of every language: one row an arm, one column a place (scorer, task, language), the mean over tasks included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench.analysis import resampling
from bench.analysis.arms import Scores
from bench.analysis.tables import MEAN, known_mean
from bench.output.report.embed import scaled

PER_MILLE = 1000  # three decimals are all that 24 to 40 questions a language can carry
PERCENT = 100


def arrays(
    scores: Scores, methods: Sequence[str], languages: Sequence[str], tasks: Sequence[str], scorers: Sequence[str]
) -> dict[str, Any]:  # fmt: skip
    """Places as numbers of scorer, task and language, and of every arm nDCG@10, its interval and the gap closed.

    Each place is one task of a language or, under `MEAN`, the mean over the tasks that it has. `arms` holds number
    of the method, size, and the lists; None where an arm has no score (or, for the interval, does not answer every question).

    Args:
        methods, languages, tasks, scorers: the lists whose positions are the numbers.
    """
    found: dict[tuple[str, str, str], list[int]] = {}
    for number, (scorer, task, code) in enumerate(scores.places):
        if task in scores.tasks:
            found[scorer, task, code] = [number]
            found.setdefault((scorer, MEAN, code), []).append(number)
    at, arms = list(found.values()), []
    for number, arm in enumerate(scores.arms):
        if not arm.done:
            continue
        low, high = resampling.intervals(_over_tasks(scores.draws[number], at, lambda own: own.mean(axis=0)))
        means = _over_tasks(np.column_stack([scores.values[number, :, 0], scores.gap[number]]), at, known_mean)
        arms.append({
            "method": methods.index(arm.method), "size": arm.size, "score": scaled(means[:, 0], PER_MILLE),
            "low": scaled(low, PER_MILLE), "high": scaled(high, PER_MILLE), "gap": scaled(means[:, 1], PERCENT),
        })  # fmt: skip
    return {
        "places": [[scorers.index(scorer), tasks.index(task), languages.index(code)] for scorer, task, code in found],
        "questions": [int(sum(scores.queries[:, place].max(initial=0) for place in own)) for own in at], "arms": arms,
    }  # fmt: skip


def _over_tasks(values: np.ndarray, at: Sequence[Sequence[int]], mean: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(entries of `at`, columns): means of those rows of `values`, all entries with as many rows at once: there are thousands."""
    found = np.empty((len(at), *values.shape[1:]))
    for count in {len(own) for own in at}:
        entries = [entry for entry, own in enumerate(at) if len(own) == count]
        found[entries] = mean(values[np.array([at[entry] for entry in entries]).T])
    return found
