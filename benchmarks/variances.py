"""Writes the variances that `bench plan` forecasts with: `python -m benchmarks.variances FOLDER --runs per_language.csv`.

FOLDER is an experiment with its cells: its trained losses are held against each other at every size of its own order, on trained
languages. Training noise is that of a table of several seeds (`--runs`; default: per_language.csv of FOLDER).
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from bench.analysis.arms import Scores
from bench.analysis.results import load
from bench.analysis.verdicts import components, forecast
from bench.analysis.verdicts.comparer import Comparer
from bench.analysis.verdicts.left_out import LeftOut
from bench.base.errors import BenchError

METHODS = ("optical", "contrastive", "contrastive(dense)", "optical_contrastive")  # of the question; controls vary by themselves
HEAD = """# Variances of the difference of two trained methods (nDCG@10), for `bench plan`: written by benchmarks/variances.py.
# question, language: of a question in all languages, in one; document: covariance of two questions on one document, a part of
# question; entries: two questions have one document once in so many; run, run_language: of a training run; every: 1 where
# `questions` (a language) are all that there are. docs/statistics.md
"""


def main(
    folder: Annotated[Path, typer.Argument(help="An experiment with its cells.")],
    runs: Annotated[Path | None, typer.Option("--runs", help="A per_language.csv of several seeds.")] = None,
    source: Annotated[str, typer.Option("--source", help="What is written of their origin.")] = "",
    questions: Annotated[int | None, typer.Option("--questions", help="Of a language, if the run took fewer.")] = None,
    every: Annotated[bool, typer.Option("--every/--some", help="Whether these are all test questions that there are.")] = False,
    out: Annotated[Path, typer.Option("--out", help="The file.")] = forecast.FILE,
) -> None:
    """Estimate, and replace the rows of the tasks that the experiment has."""
    experiment = load(folder)
    comparer, order = Comparer(experiment), next(iter(experiment.plan.orders))
    names = [name for name in METHODS if any(c.done and c.name.method == name for c in experiment.cells)]
    noise = components.of_runs(pd.read_csv(runs or folder / "per_language.csv"), METHODS)
    # All runs of an arm are taken together: questions vary alike, whatever seeds the others have.
    cells = [cell for cell in experiment.cells if cell.name.order == order]
    scores = Scores(cells, experiment.plan.tasks, experiment.plan.min_questions)
    rows = []
    for task in noise["task"].unique():
        for scorer in ("dense", "late"):
            found = []
            for pair in combinations(names, 2):
                asked = scores, order, scorer, "trained", [task], pair, LeftOut(), (), ()
                found += comparer.points(*asked, over_sizes=True)
            of_task = components.of_questions(scores, found) if found else {}
            if of_task:
                of_task |= {"every": int(every)} | ({} if questions is None else {"questions": questions})
                rows.append({"task": task, "scorer": scorer, **of_task, "source": source or experiment.plan.name})
    if not rows:
        raise BenchError(f"{folder} has no two trained methods to compare", f"it needs results of two of {', '.join(METHODS)}")
    table = pd.DataFrame(rows).merge(noise, on=["task", "scorer"])[list(components.COLUMNS)]
    if out.is_file():
        before = pd.read_csv(out, comment="#")
        table = pd.concat([table, before[~before["task"].isin(table["task"])]])
    out.write_text(HEAD + table.to_csv(index=False, float_format="%.6g", lineterminator="\n"), encoding="utf-8")
    typer.echo(table.to_markdown(index=False))


if __name__ == "__main__":
    typer.run(main)
