"""The command that takes a student out of a cell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add(app: typer.Typer) -> None:
    """Give `app` the command of this file."""
    app.command(rich_help_panel="Extend")(export)


def export(
    cell: Annotated[str, typer.Argument(metavar="CELL", help="A finished cell, e.g. optical@20#0, untrained@0#0, english@0#0.")],
    target: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that is made, with `dense` and `late` in it.")],
    profile: Annotated[
        str, typer.Option("--profile", "-p", help="Name of an experiment under --results, or path of its folder.")
    ] = "default",
    results: Annotated[Path, typer.Option("--results", help="Folder of experiments.")] = Path("results"),
) -> None:
    """Write a student for sentence-transformers (dense and multi-vector) and PyLate. `english@0#0` is the teacher."""
    from bench.analysis.results import folder_of
    from bench.output.export import cell as work

    work.export(folder_of(profile, results), cell, target)
    typer.echo(f"{target / 'dense'}: SentenceTransformer")
    typer.echo(f"{target / 'late'}: MultiVectorEncoder of sentence-transformers 6, ColBERT of PyLate")
    typer.echo("how to use it, and what it is made of: README.md in each; `models.student` of a profile goes on from it")
