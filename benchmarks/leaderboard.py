"""How long `bench leaderboard` takes for an experiment with many cells: wall time, processor time and memory.

    python -m benchmarks.leaderboard --cells 150
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from benchmarks.made_cells import make_experiment
from benchmarks.startup import run

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    cells: Annotated[int, typer.Option(min=2, help="Finished cells of the experiment that is made up.")] = 150,
    runs: Annotated[int, typer.Option(min=1, help="How often the command is timed.")] = 3,
    keep: Annotated[Path | None, typer.Option(help="Folder that the experiment stays in; used again if it is there.")] = None,
) -> None:
    """Make up an experiment like `full` and time the tables and pictures that are made from it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        if not (folder / "full" / "profile.yaml").is_file():
            make_experiment(folder, cells)
        found = [run(["leaderboard", "--profile", "full", "--results", str(folder)]) for _ in range(runs)]
        stored = len(list((folder / "full" / "cells").iterdir()))
    wall, processor, memory = (median(values) for values in zip(*found, strict=True))
    said = f"{wall:.1f} s (processor {processor:.1f} s), {memory:.0f} MB, median of {runs}"
    typer.echo(f"bench leaderboard, {stored} cells: {said}")


if __name__ == "__main__":
    app()
