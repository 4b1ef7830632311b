"""What every cell says of itself: state, cost, training curve, collapse check."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.arms import Scores
from bench.analysis.results import Cell
from bench.experiment.packed import Packed
from bench.experiment.store import folder_name
from bench.output.report.embed import rounded

POINTS = 24  # of a loss curve: each is the mean of as many steps as it takes
LOG = "train.csv"
COLLAPSE = ("mean_cosine", "start_cosine", "effective_rank", "start_rank", "english_score", "english_ceiling", "english_start")


def records(cells: Sequence[Cell], folder: Path) -> list[dict[str, Any]]:
    """Cells of the experiment, or of the published experiment, in `folder`."""
    packed = Packed(folder) if Packed.there(folder) else None
    return [_record(cell, packed or folder) for cell in cells]


def _record(cell: Cell, stored: Path | Packed) -> dict[str, Any]:
    """Plain values, None where the manifest does not say."""
    manifest = cell.manifest
    dev, collapse, translation = (_mapping(manifest.get(name)) for name in ("dev", "collapse", "translation"))
    seconds = {name: rounded(value, 1) for name, value in _mapping(manifest.get("seconds")).items() if _is_number(value)}
    return {
        "id": cell.name.id, "method": cell.name.method, "size": cell.name.size, "seed": cell.name.seed, "order": cell.name.order,
        "state": cell.state, "reason": cell.reason[:300], "warning": cell.warning, "seconds": seconds,
        "rate": rounded(manifest.get("pairs_per_second"), 1), "memory": rounded(manifest.get("peak_memory_mb"), 0),
        "pairs": manifest.get("pairs_seen"), "started": manifest.get("started"),
        "dev": [rounded(dev.get("loss_start"), 4), rounded(dev.get("loss_end"), 4)] if dev else None,
        "collapse": [rounded(collapse.get(name), 4) for name in COLLAPSE] if collapse else None,
        "chrf": rounded(translation.get("chrf"), 1), "bleu": rounded(translation.get("bleu"), 1),
        "curve": _curve(cell.name.id, stored) if cell.done else None,
    }  # fmt: skip


def costs(scores: Scores, methods: Sequence[str]) -> list[dict[str, Any]]:
    """What one cell of each arm costs: mean seconds of each phase over its seeds, mean pairs per second, largest memory in MB."""
    found = []
    for arm in scores.arms:
        phases: dict[str, list[float]] = {}
        for cell in arm.done:
            for name, value in _mapping(cell.manifest.get("seconds")).items():
                if _is_number(value):
                    phases.setdefault(name, []).append(float(value))
        means = {name: rounded(np.mean(values), 1) for name, values in phases.items()}
        memory = max((cell.manifest.get("peak_memory_mb") or 0 for cell in arm.done), default=0)
        found.append({
            "method": methods.index(arm.method), "size": arm.size, "rate": rounded(arm.mean("pairs_per_second"), 1),
            "memory": rounded(memory or None, 0), "seconds": means,
        })  # fmt: skip
    return found


def _curve(cell: str, stored: Path | Packed) -> dict[str, Any] | None:
    """Loss and dev loss of a cell's log, loss as means over neighbouring steps; None where there is none to read."""
    try:
        if isinstance(stored, Packed):
            table = pd.read_csv(io.StringIO(stored.files(cell)[LOG]))
        else:
            table = pd.read_csv(stored / "cells" / folder_name(cell) / LOG)
        loss = table.loc[table["loss"].notna(), ["step", "loss"]].to_numpy(dtype=float)
        dev = table.loc[table["dev_loss"].notna(), ["step", "dev_loss"]] if "dev_loss" in table else pd.DataFrame()
    except (OSError, ValueError, KeyError):
        return None
    if not len(loss):
        return None
    parts = np.array_split(loss, min(POINTS, len(loss)))
    return {
        "step": [round(float(part[:, 0].mean()), 1) for part in parts],
        "loss": [rounded(part[:, 1].mean(), 4) for part in parts],
        "dev": [[int(step), rounded(value, 4)] for step, value in dev.to_numpy(dtype=float)],
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
