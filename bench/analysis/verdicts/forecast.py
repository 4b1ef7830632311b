"""The smallest difference that an experiment could find, before it has run, from stored variances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from bench.analysis.verdicts import variance
from bench.analysis.verdicts.decide import LEVEL, smallest_difference
from bench.analysis.verdicts.variance import Variance

FILE = Path(__file__).with_name("variances.csv")


@dataclass(frozen=True)
class Asked:
    """A task as it will be asked: `questions` a language, in `languages`."""

    task: str
    questions: int
    languages: int


@dataclass(frozen=True)
class Runs:
    """Training runs at one size: `seeds` of the pair, `lenders` = degrees of freedom that other arms have for their noise."""

    seeds: int
    lenders: int


@cache
def stored() -> pd.DataFrame:
    """`components.COLUMNS`: variances of a difference by task and scorer. Which run they are from stands in `source`."""
    return pd.read_csv(FILE, comment="#")


def row_of(task: str, scorer: str) -> Mapping[str, float]:
    """The variances of a task. One that is not stored is taken for a mean parallel task, a scorer for the mean of scorers."""
    table = stored()
    own = table[table["task"] == task]
    own = own if len(own) else table[table["parallel"].astype(bool)]
    of_scorer = own[own["scorer"] == scorer]
    row = (of_scorer if len(of_scorer) else own).mean(numeric_only=True)
    return {str(name): float(value) for name, value in row.items()}


def known(task: str) -> bool:
    """Whether a task's own variances are stored."""
    return bool((stored()["task"] == task).any())


def of_questions(asked: Asked, scorer: str) -> Variance:
    """Variance over questions of one task's mean over languages: `language / (L Q) + question / units`.

    In a parallel task the Q questions are the units; else L Q questions ask for `entries` documents, some for the same.
    """
    row, count = row_of(asked.task, scorer), asked.questions * asked.languages
    entries = row["entries"]
    units = asked.questions if np.isnan(entries) else 1 / (1 / count + (1 - 1 / asked.languages) / entries)
    value = row["language"] / count + row["question"] / units
    return Variance(np.array([value]), np.array([max(1.0, (asked.questions if np.isnan(entries) else units) - 1)]))


def of_runs(asked: Sequence[Asked], scorer: str, runs: Runs) -> Variance | None:
    """Variance over training runs of the mean over tasks; None where nothing would be known of it."""
    rows = [(row_of(one.task, scorer), one.languages) for one in asked]
    value = sum(row["run"] + row["run_language"] / languages for row, languages in rows) / len(rows) ** 2
    one = np.array([value])
    own = Variance(one, np.array([runs.seeds - 1.0])) if runs.seeds > 1 else None
    pooled = Variance(one, np.array([float(runs.lenders)])) if runs.lenders else None
    found = variance.moderated(own, pooled)
    return Variance(found.value / runs.seeds, found.df) if found is not None else None


def smallest(by_size: Sequence[tuple[Sequence[Asked], Runs]], scorer: str, tests: int = 1) -> float:
    """Smallest difference of the mean over sizes that is found with power .8; NaN where no verdict would be possible.

    Questions are the same at every size, so that more sizes do not make their part smaller; training runs are others.

    Args:
        by_size: tasks and runs of each size.
        tests: how many are corrected together; the first step of Holm's procedure has `LEVEL / tests`.
    """
    questions, noise = [], []
    for asked, runs in by_size:
        parts = [of_questions(one, scorer) for one in asked]
        questions.append(variance.total([Variance(part.value / len(asked) ** 2, part.df) for part in parts]))
        of_size = of_runs(asked, scorer, runs)
        if of_size is None:
            return float("nan")
        noise.append(Variance(of_size.value / len(by_size) ** 2, of_size.df))
    shared = Variance(np.mean([one.value for one in questions], axis=0), np.mean([one.df for one in questions], axis=0))
    return float(smallest_difference([shared, variance.total(noise)], LEVEL / tests)[0])
