"""What each run of an experiment took, beside what its cells took: runs.json, one entry a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.base.jsonfile import to_json
from bench.base.manifest import git, hardware, now, versions
from bench.base.paths import atomic_write

RUNS = "runs.json"


def read_runs(path: Path) -> list[dict[str, Any]]:
    """The entries, oldest first; none when the file is not there or cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return found if isinstance(found, list) else []


def add_run(path: Path, started: str, seconds: float, workers: int, prepared: dict[str, Any], cells: dict[str, Any]) -> None:
    """Append the entry of a run.

    Args:
        path: `results/<experiment>/runs.json`.
        started: time in UTC.
        seconds: wall time of the whole run.
        workers: cells at the same time.
        prepared: what the preparation reported: seconds of its steps, hashes and counts of the suites.
        cells: numbers of cells run, failed and kept, and the memory of the largest in MB.
    """
    entry = {
        "started": started, "finished": now(), "seconds": round(seconds, 1), "workers": workers, "prepare": prepared,
        "cells": cells, "versions": versions(), "git": git(), "hardware": hardware(),
    }  # fmt: skip
    atomic_write(path, to_json([*read_runs(path), entry]))
