"""Where a cell at work keeps what it goes on from when it is killed."""

from __future__ import annotations

from pathlib import Path

from bench.experiment.spec import CellSpec
from bench.experiment.store import Store
from bench.training.checkpoints import Checkpoints


def checkpoints(spec: CellSpec, out_dir: Path) -> Checkpoints | None:
    """Of the training of a cell that is written to `out_dir`, a folder among the cells of a store; None: none are wanted."""
    if not spec.checkpoint_minutes:
        return None
    return Checkpoints(Store(out_dir.parent.parent).unfinished(spec), spec.checkpoint_minutes)
