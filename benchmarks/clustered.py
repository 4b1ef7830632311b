"""Is a difference still decided where questions on one document count as one? As `bench compare`, with units made from ids.

    python -m benchmarks.clustered results/reference/public-cpu-800 optical contrastive

In a parallel task `bench compare` takes every question for evidence of its own. Belebele asks up to two questions on a passage,
and the passage is what both have to find. Their ids here end with the number of the question: without it they name the passage.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from unittest import mock

import numpy as np
import pandas as pd
import typer

from bench.analysis import questions
from bench.analysis.comparison import compare
from bench.analysis.questions import Questions
from bench.analysis.results import Experiment, load
from bench.base.errors import BenchError
from bench.base.markdown import number, table

ENDING = r"-\d+$"
HEAD = ("units", "difference [95 %]", "p", "p Holm", "verdict")


def clustered(experiment: Experiment, ending: str = ENDING) -> Experiment:
    """The same scores; questions whose ids differ in `ending` alone, a regular expression, are one unit.

    Raises:
        BenchError: no id has such an ending.
    """
    cells, found = [], False
    for cell in experiment.cells:
        if cell.questions is not None:
            unit = cell.questions["query_id"].astype(str).str.replace(ending, "", regex=True)
            found = found or bool((unit != cell.questions["query_id"]).any())
            cell = replace(cell, questions=cell.questions.assign(unit=unit))
        cells.append(cell)
    if not found:
        raise BenchError(f"no question of {experiment.path} has an id that ends with {ending}", "give another --ending")
    return replace(experiment, cells=tuple(cells))


def units_of(asked: Questions, shared: bool) -> np.ndarray:
    """(rows,) what counts as one question: what the cells say of it, in a parallel task too."""
    if not shared or not (asked.unit >= 0).any():
        return questions.units_of(asked, shared)
    said = np.full(len(asked.queries), -1, dtype=np.int64)
    said[asked.query[asked.unit >= 0]] = asked.unit[asked.unit >= 0]
    return np.where(said[asked.query] >= 0, len(asked.queries) + said[asked.query], asked.query)


def rows(experiment: Experiment, first: str, second: str, ending: str = ENDING) -> pd.DataFrame:
    """The rows of `bench compare` by question and by document, with the column `by`."""
    found = compare(experiment, first, second).rows.assign(by="question")
    with mock.patch("bench.analysis.arms.units_of", units_of):
        by_document = compare(clustered(experiment, ending), first, second).rows.assign(by="document")
    return pd.concat([found, by_document], ignore_index=True)


def text(found: pd.DataFrame) -> str:
    """The rows as Markdown."""
    lines = []
    for row in found.itertuples():
        head = f"{row.scorer}, {row.group}, N = {row.size}, by {row.by}"
        span = f"{number(row.difference, '{:+.4f}')} [{number(row.low, '{:+.4f}')}, {number(row.high, '{:+.4f}')}]"
        lines.append([head, f"{row.units:,}", span, f"{row.p:.4f}", f"{row.p_holm:.4f}", str(row.verdict)])
    return table("", lines, HEAD)


def main(
    folder: Annotated[Path, typer.Argument(help="An experiment with its scores of single questions.")],
    first: Annotated[str, typer.Argument(help="A method.")],
    second: Annotated[str, typer.Argument(help="The method that it is held against.")],
    ending: Annotated[str, typer.Option(help="What ids of questions on one document differ in.")] = ENDING,
) -> None:
    """Print the table."""
    try:
        re.compile(ending)
    except re.error as error:
        raise typer.BadParameter(f"{ending!r} is no regular expression: {error}") from error
    typer.echo(text(rows(load(folder), first, second, ending)))


if __name__ == "__main__":
    typer.run(main)
