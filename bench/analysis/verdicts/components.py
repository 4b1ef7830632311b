"""What differences between methods vary with: variances that a plan needs before anything has run, estimated from a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.arms import Scores
from bench.analysis.verdicts.rows import Point

COLUMNS = (
    "task", "scorer", "parallel", "entries", "document", "question", "language", "run", "run_language", "questions", "every",
    "coverage", "source",
)  # fmt: skip


def of_questions(scores: Scores, points: Sequence[Point]) -> dict[str, Any]:
    """Variances over questions of the difference of two methods in one task, means over `points`; empty where nothing is known.

    By the method of moments, on the places of a point with L languages, Q questions, S seeds in common:

    - `question`: of a question in all languages alike: covariance of answers to one question between two languages; of a task
      that is not parallel, of answers that ask for one document;
    - `language`: of a question in one language: what is left of its variance;
    - `document`: of a parallel task, covariance of answers to two questions on one document, in whatever languages;
    - `entries`: from how many documents its questions seem to be drawn; NaN where no two questions of a parallel task share one.

    Args:
        scores: of one order.
        points: pairs of arms at sizes, with their common places of this task.
    """
    found = [one for point in points if (one := _of_point(scores, point)) is not None]
    if not found:
        return {}
    table = pd.DataFrame(found)
    means = table.mean(numeric_only=True)
    return {
        "parallel": bool(table["parallel"].iloc[0]), "entries": float(means["entries"]),
        **{name: max(0.0, float(means[name])) for name in ("document", "question", "language")},
        "questions": round(float(means["questions"])), "coverage": float(means["coverage"]),
    }  # fmt: skip


def of_runs(table: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Variances over training runs of the difference of two methods, by task and scorer: `run` and `run_language`.

    From what is left of the score of a run in a language without the means of its method, of its seed and of both (randomised
    blocks): twice its covariance between two languages, and twice the rest of its variance, means over sizes.

    Args:
        table: `per_language.csv`, of several seeds.
        methods: those that are taken to have the same noise.
    """
    rows = []
    known = table[table["method"].isin(methods) & (table["group"] == "trained")]
    for (task, scorer, _), part in known.groupby(["task", "scorer", "size"]):
        cube = part.pivot_table(index=["method", "seed"], columns="language", values="ndcg@10").dropna(axis=1)
        count = cube.groupby(level="method").size()
        cube = cube.loc[count[count == count.max()].index]
        arms, seeds, languages = cube.index.get_level_values(0).nunique(), int(count.max()), cube.shape[1]
        if min(arms, seeds, languages) < 2:
            continue
        values = cube.to_numpy().reshape(arms, seeds, languages)
        rest = values - values.mean(1, keepdims=True) - values.mean(0, keepdims=True) + values.mean((0, 1), keepdims=True)
        covariance = 2 * np.einsum("asl,ask->lk", rest, rest) / ((arms - 1) * (seeds - 1))
        off = float(covariance[~np.eye(languages, dtype=bool)].mean())
        rows.append((task, scorer, max(0.0, off), float(np.diag(covariance).mean()) - max(0.0, off)))
    means = pd.DataFrame(rows, columns=["task", "scorer", "run", "run_language"])
    return means.groupby(["task", "scorer"], as_index=False).mean()


def _of_point(scores: Scores, point: Point) -> dict[str, Any] | None:
    places = [place for at in point.common for place in at]
    answers = [one for place in places if (one := scores.paired(place, *point.pair)) is not None]
    if len(answers) < 2:
        return None
    own = np.array([gaps.var(ddof=1) for _, gaps in answers])
    count, questions = len(answers), float(np.mean([len(gaps) for _, gaps in answers]))
    rest = np.concatenate([gaps - gaps.mean() for _, gaps in answers])
    units = np.concatenate([asked.units for asked, _ in answers])
    shared, document = answers[0][0].shared, 0.0
    if shared:
        ids = np.concatenate([asked.ids for asked, _ in answers])
        (joint, _), (document, entries) = _within(ids, rest), _between_questions(ids, units, rest)
    else:
        joint, entries = _within(units, rest)[0], _population(count * questions, len(np.unique(units)))
    return {
        "parallel": shared, "entries": entries, "document": document, "question": joint, "language": float(own.mean()) - joint,
        "questions": questions, "coverage": count / point.size if point.size else 1.0,
    }  # fmt: skip


def _within(label: np.ndarray, gaps: np.ndarray) -> tuple[float, float]:
    """Mean product of two answers (around their means) with one label, 0 without any, and how many pairs there are."""
    sums, squares = np.bincount(label, weights=gaps), np.bincount(label, weights=gaps**2)
    count = np.bincount(label).astype(float)
    pairs = float((count * (count - 1)).sum())
    return (float((sums**2 - squares).sum() / pairs) if pairs else 0.0), pairs


def _between_questions(ids: np.ndarray, units: np.ndarray, gaps: np.ndarray) -> tuple[float, float]:
    """Mean product of answers to two questions of one unit, and among how many units two questions seem to fall; NaN without any.

    Two of Q questions fall into one of E equal units with probability 1 / E.
    """
    in_unit, of_question = _within(units, gaps), _within(ids, gaps)
    if (pairs := in_unit[1] - of_question[1]) <= 0:
        return 0.0, float("nan")
    product = (in_unit[0] * in_unit[1] - of_question[0] * of_question[1]) / pairs
    _, first = np.unique(ids, return_index=True)
    together = np.bincount(units[first]).astype(float)
    return product, len(first) * (len(first) - 1) / float((together * (together - 1)).sum())


def _population(drawn: float, distinct: float) -> float:
    """From how many entries so many draws come, if so many of them are different: `E (1 - exp(-drawn / E)) = distinct`."""
    low, high = distinct, 1e6
    for _ in range(60):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if middle * (1 - np.exp(-drawn / middle)) < distinct else (low, middle)
    return float(high)
