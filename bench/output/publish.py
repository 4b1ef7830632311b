"""Small files of an experiment for a paper or a repository: tables, pictures, and one record of what made them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from bench.analysis.results import load
from bench.base.errors import BenchError
from bench.base.jsonfile import to_json
from bench.base.paths import atomic_write
from bench.base.progress import under
from bench.experiment.record import RUNS, read_runs
from bench.output.tables.leaderboard import write
from bench.output.tables.leaderboard_text import TUNING

TABLES = (
    "leaderboard.md", "leaderboard.csv", "leaderboard.tex", "per_language.csv", "lengths.csv", "scaling.md", "scaling.csv",
    "slopes.csv", "transfer.csv", "covariates.csv", "agreement.csv", "texts.csv", "profile.yaml", TUNING,
)  # fmt: skip
COPYING = "copying"  # phase of progress
PICTURES = ("gain", "difference", "scaling*")
LARGE = 2_000_000  # bytes of a table


def publish(experiment_dir: Path, target: Path) -> list[Path]:
    """Rebuild the tables of an experiment and copy all that is small to `target`, replacing what is there of it.

    Tables above 2 MB are packed (per_language.csv.gz).
    manifest.json holds the record of the runs and the manifest of every cell, without lists of files.

    Args:
        experiment_dir: `results/<experiment>`.
        target: folder, made if need be; files of other names in it stay.

    Returns:
        The files written.

    Raises:
        BenchError: there is no experiment, or a planned cell has no result (part of a grid is nothing to publish).
    """
    write(experiment_dir)
    with under(COPYING):
        experiment = load(experiment_dir)
    if lacking := [cell.name.id for cell in experiment.cells if not cell.done]:
        raise BenchError(
            f"{len(lacking)} of {len(experiment.cells)} cells have no result: {', '.join(lacking[:5])}",
            f"run them first: bench run --profile {experiment.plan.name}",
        )
    tables = [name for name in TABLES if (experiment_dir / name).exists()]
    found = (path for name in PICTURES for end in ("svg", "png") for path in experiment_dir.glob(f"{name}.{end}"))
    pictures = sorted(path.name for path in found)
    written = [_copy(experiment_dir / name, target) for name in (*tables, *pictures)]
    made = {"runs": read_runs(experiment_dir / RUNS), "cells": [_short(cell.manifest) for cell in experiment.cells]}
    atomic_write(target / "manifest.json", to_json(made))
    return [*written, target / "manifest.json"]


def _copy(file: Path, target: Path) -> Path:
    """`file` in the folder `target`, as gzip (`NAME.gz`, which pandas reads) if it is large; the other form goes."""
    content, plain = file.read_bytes(), target / file.name
    packed = plain.with_name(f"{file.name}.gz")
    large = len(content) > LARGE
    atomic_write(packed if large else plain, gzip.compress(content, mtime=0) if large else content)
    (plain if large else packed).unlink(missing_ok=True)
    return packed if large else plain


def _short(manifest: Any) -> dict[str, Any]:
    return {key: value for key, value in manifest.items() if key != "files"}
