"""What two runs of one experiment have to share, byte for byte: everything but measured times."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd

MEASURED = ["seconds", "pairs_per_second"]  # columns of leaderboard.csv
LINES = re.compile(rb"^\| .* (seconds|pairs/s) +\|.*$", re.MULTILINE)  # rows of leaderboard.md
PADDING = re.compile(rb"-{2,}:?|  +")  # a table is as wide as its widest number, and that may be a measured one
# Records of the runs themselves, and what readers of a running experiment look at.
RECORDS = {"runs.json", "manifest.json", "progress.json", ".lock", "train.csv"}


def contents(folder: Path) -> dict[str, bytes]:
    """File -> its content, without what is measured; cells with their scores, rankings and specs."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.name not in RECORDS and not path.name.startswith("."):
            found[name] = _unmeasured(path)
    return found


def _unmeasured(path: Path) -> bytes:
    content = path.read_bytes()
    if path.name == "leaderboard.csv":
        return pd.read_csv(io.BytesIO(content), dtype=str).drop(columns=MEASURED).to_csv().encode()
    if path.name == "cells.parquet":  # of a published folder
        table = pd.read_parquet(io.BytesIO(content))
        return table[~table["file"].isin(RECORDS)].to_csv().encode()
    return PADDING.sub(b" ", LINES.sub(b"", content)) if path.name == "leaderboard.md" else content


def left_over(folder: Path) -> list[str]:
    """What a killed process may leave and the next run has to remove."""
    return [path.name for path in folder.rglob("*") if path.name.endswith((".tmp", ".old")) or path.name == "unfinished"]
