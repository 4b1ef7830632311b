"""The panel Extend: methods of your own, their settings, and the students that come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.base.errors import BenchError
from bench.cli import completion
from bench.cli.options import RESULTS, AsJson, Results, Stored, Workers


def add(app: typer.Typer) -> None:
    """Give `app` the commands of this file."""
    app.command("methods", rich_help_panel="Extend")(methods)
    app.command("check-method", rich_help_panel="Extend")(check_method)
    app.command("tune", rich_help_panel="Extend")(tune)
    app.command("export", rich_help_panel="Extend")(export)


def methods(
    name: Annotated[
        str | None,
        typer.Argument(
            help="One method, with its parameters: optical, path/to/mine.py:MyLoss.", autocompletion=completion.method
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the methods, those of installed packages too, or one of them with its parameters."""
    from bench.cli import documents, listings
    from bench.output.terminal.screen import screen, show

    if as_json:
        documents.emit(documents.methods(name))
    else:
        show(screen(), listings.method(name) if name else listings.methods())


def check_method(
    name: Annotated[
        str,
        typer.Argument(
            help="A method with a loss: optical, contrastive(form=dense), path/to/mine.py:MyLoss.",
            autocompletion=completion.method,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Run the conformance suite on the loss of a method, built in or from outside."""
    from bench.base.progress import tell
    from bench.cli import documents
    from bench.experiment.method_specs import load_method, method_spec
    from bench.output.terminal.meter import Meter

    with Meter():
        tell("importing torch")
        from methods.conformance import conform

        method = load_method(method_spec(name))
        if method.kind != "distil":
            raise BenchError(f"{name} has no loss to check (it is of kind {method.kind!r})", "name a method of kind 'distil'")
        outcomes = conform(method, tell)
    if as_json:
        documents.emit(documents.conformance(name, outcomes))
    else:
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
    from bench.execution import tune as work
    from bench.output.terminal.screen import screen, show_markdown

    console = screen()
    table = work.tune(file or work.TRIALS, results, console, workers)
    shown = [name for name in ("arm", "trial", "chosen", "dense", "late", "criterion", "warning") if name in table]
    show_markdown(console, table[shown].to_markdown(index=False, floatfmt=".3f"))


def export(
    cell: Annotated[
        str,
        typer.Argument(
            metavar="CELL", help="A finished cell, e.g. optical@20#0, untrained@0#0, english@0#0.",
            autocompletion=completion.cell,
        ),
    ],  # fmt: skip
    target: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that is made, with `dense` and `late` in it.")],
    profile: Stored = "default",
    results: Results = RESULTS,
) -> None:
    """Write a student for sentence-transformers (dense and multi-vector) and PyLate. `english@0#0` is the teacher."""
    from bench.analysis.results import folder_of, no_experiment
    from bench.base.progress import tell
    from bench.output.terminal.meter import Meter

    folder = folder_of(profile, results)
    if not (folder / "cells").is_dir():  # said at once, not after torch has been loaded
        raise no_experiment(folder)
    with Meter():
        tell("importing torch")
        from bench.output.export import cell as work

        work.export(folder, cell, target)
    typer.echo(f"{target / 'dense'}: SentenceTransformer")
    typer.echo(f"{target / 'late'}: MultiVectorEncoder of sentence-transformers 6, ColBERT of PyLate")
    typer.echo("how to use it, and what it is made of: README.md in each; `models.student` of a profile goes on from it")
