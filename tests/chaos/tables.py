"""What two runs of one experiment have to share, byte for byte: everything but measured times."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd

MEASURED = ["seconds", "pairs_per_second"]  # columns of leaderboard.csv
# What leaderboard.md says of times, whole: its columns are as wide as its numbers.
COST = re.compile(rb"^## Cost of a cell\n.*?(?=^## )", re.MULTILINE | re.DOTALL)
# Records of the runs themselves, and what readers of a running experiment look at.
RECORDS = {"runs.json", "manifest.json", "progress.json", ".lock", "train.csv"}
LARGE = 1_000_000  # bytes that a killed process may not leave in a cache for long
BESIDE = (".tmp", ".old")  # endings of what is being written


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
    return COST.sub(b"", content) if path.name == "leaderboard.md" else content


def left_over(folder: Path) -> list[str]:
    """What a killed process may leave and the next run has to remove."""
    return [path.name for path in folder.rglob("*") if path.name.endswith(BESIDE) or path.name == "unfinished"]


def heavy(cache: Path) -> list[str]:
    """What a killed process has left in a cache, if it is large: small ones stay until the same file is made again."""
    found = [path for path in cache.rglob("*") if path.name.endswith(BESIDE)]
    return [path.name for path in found if sum(one.stat().st_size for one in (path, *path.rglob("*"))) > LARGE]
