"""Training: measured by `benchmarks.training`, which runs sentence-transformers' own trainer beside ours."""

from __future__ import annotations

from importlib import import_module

from benchmarks.speed.race import OURS, Row, missing

PART, WORK = "training", "a student by distillation"


def measure(quick: bool) -> list[Row]:
    """Its rows, or one that says why there are none."""
    try:
        found = import_module("benchmarks.training").measure(quick=quick)
    except ModuleNotFoundError as error:
        return [missing(PART, WORK, OURS, f"{error.name} is not there")]
    return list(found)
