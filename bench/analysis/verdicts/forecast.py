"""The smallest difference that an experiment could find, before it has run, from stored variances. Loads no numpy."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.analysis.verdicts.student import Part, smallest_difference, together

FILE = Path(__file__).with_name("variances.csv")
LEVEL, POWER, PRIOR = 0.05, 0.8, 4.0  # as in `decide` and `variance`, which load numpy; a test holds them together


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
def stored() -> tuple[dict[str, Any], ...]:
    """Rows of `components.COLUMNS`: variances of a difference by task and scorer. Which run they are from stands in `source`."""
    with FILE.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    words = ("task", "scorer", "source", "parallel")
    return tuple(
        {name: value if name in words else float(value or "nan") for name, value in row.items()}
        | {"parallel": row["parallel"] == "True"} for row in rows
    )  # fmt: skip


def row_of(task: str, scorer: str) -> Mapping[str, float]:
    """The variances of a task. One that is not stored is taken for a mean parallel task with the fewest questions, each of which
    asks for a document of its own; a scorer for the mean of scorers."""
    stored_itself = [row for row in stored() if row["task"] == task]
    own = stored_itself or [row | {"entries": math.nan} for row in stored() if row["parallel"]]
    own = [row for row in own if row["scorer"] == scorer] or own
    numbers = [name for name, value in own[0].items() if isinstance(value, float)]
    means = {name: sum(row[name] for row in own) / len(own) for name in numbers}
    return means | {"questions": min(row["questions"] for row in own), "parallel": own[0]["parallel"]}


def known(task: str) -> bool:
    """Whether a task's own variances are stored."""
    return any(row["task"] == task for row in stored())


def of_questions(asked: Asked, scorer: str) -> Part:
    """Variance over questions of one task's mean over languages: `language / (L Q) + question / units + document / entries`.

    In a parallel task the Q questions are the units, and two of them ask for one document once in `entries`; else L Q questions
    ask for `entries` documents, some for the same, and `document` is 0.
    """
    row, count = row_of(asked.task, scorer), asked.questions * asked.languages
    entries, document = row["entries"], 0.0
    if not row["parallel"]:
        units = df = 1 / (1 / count + (1 - 1 / asked.languages) / entries)
    else:
        units = df = float(asked.questions)
        if not math.isnan(entries):
            document = row["document"] * (1 - 1 / asked.questions) / entries
            df = entries * (1 - math.exp(-asked.questions / entries))
    return row["language"] / count + row["question"] / units + document, max(1.0, df - 1)


def of_runs(asked: Sequence[Asked], scorer: str, runs: Runs) -> Part | None:
    """Variance over training runs of the mean over tasks; None where nothing would be known of it."""
    df = runs.seeds - 1 + min(float(runs.lenders), PRIOR)
    rows = [(row_of(one.task, scorer), one.languages) for one in asked]
    value = sum(row["run"] + row["run_language"] / languages for row, languages in rows) / len(rows) ** 2
    return (value / runs.seeds, df) if df else None


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
        questions.append(together([(value / len(asked) ** 2, df) for value, df in parts]))
        of_size = of_runs(asked, scorer, runs)
        if of_size is None:
            return math.nan
        noise.append((of_size[0] / len(by_size) ** 2, of_size[1]))
    shared = tuple(sum(one[n] for one in questions) / len(questions) for n in (0, 1))
    return smallest_difference([(shared[0], shared[1]), together(noise)], LEVEL / tests, POWER)
