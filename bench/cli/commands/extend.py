"""The panel Extend: methods of your own, their settings, and the students that come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.base.errors import BenchError
from bench.cli.options import RESULTS, Results, Stored, Workers


def add(app: typer.Typer) -> None:
    """Give `app` the commands of this file."""
    for name, command in {"methods": methods, "check-method": check_method, "tune": tune, "export": export}.items():
        app.command(name, rich_help_panel="Extend")(command)


def methods(
    name: Annotated[str | None, typer.Argument(help="One method, with its parameters: optical, path/to/mine.py:MyLoss.")] = None,
) -> None:
    """List the methods, those of installed packages too, or one of them with its parameters."""
    from rich.console import Console

    from bench.cli import listings

    Console().print(listings.method(name) if name else listings.methods())


def check_method(
    name: Annotated[str, typer.Argument(help="A method with a loss: optical, contrastive(form=dense), path/to/mine.py:MyLoss.")],
) -> None:
    """Run the conformance suite on the loss of a method, built in or from outside."""
    from bench.experiment.method_specs import load_method, method_spec
    from methods.conformance import conform

    method = load_method(method_spec(name))
    if method.kind != "distil":
        raise BenchError(f"{name} has no loss to check (it is of kind {method.kind!r})", "name a method of kind 'distil'")
    outcomes = conform(method)
    for one in outcomes:
        mark = "ok    " if one.passed else "FAILED"
        typer.echo(f"{mark} {one.name}" + (f": {one.detail}" if one.detail else ""))
    raise typer.Exit(0 if all(one.passed for one in outcomes) else 1)


def tune(
    file: Annotated[Path | None, typer.Option("--trials", help="Your own trials, like bench/execution/tuning/full.yaml.")] = None,
    workers: Workers = None,
    results: Results = RESULTS,
) -> None:
    """Run the dev trials of every method (the same number for each) and write tuning.csv."""
    from rich.console import Console

    from bench.execution import tune as work

    console = Console()
    table = work.tune(file or work.TRIALS, results, lambda line: console.print(line, highlight=False), workers)
    shown = [name for name in ("arm", "trial", "chosen", "dense", "late", "criterion", "warning") if name in table]
    console.print(table[shown].to_markdown(index=False, floatfmt=".3f"), markup=False, highlight=False, soft_wrap=True)


def export(
    cell: Annotated[str, typer.Argument(metavar="CELL", help="A finished cell, e.g. optical@20#0, untrained@0#0, english@0#0.")],
    target: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that is made, with `dense` and `late` in it.")],
    profile: Stored = "default",
    results: Results = RESULTS,
) -> None:
    """Write a student for sentence-transformers (dense and multi-vector) and PyLate. `english@0#0` is the teacher."""
    from bench.analysis.results import folder_of
    from bench.output.export import cell as work

    work.export(folder_of(profile, results), cell, target)
    typer.echo(f"{target / 'dense'}: SentenceTransformer")
    typer.echo(f"{target / 'late'}: MultiVectorEncoder of sentence-transformers 6, ColBERT of PyLate")
    typer.echo("how to use it, and what it is made of: README.md in each; `models.student` of a profile goes on from it")
