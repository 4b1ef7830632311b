"""Leaderboard and slopes of one order as the page takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.analysis.results import MEASURES
from bench.analysis.tables import GROUPS
from bench.output.report.embed import scaled

SCALED = (*MEASURES, "low", "high", "seed_sd", "worst_tenth", "language_sd", "gap_closed")
COUNTS = ("languages", "languages_declared", "seeds", "seeds_planned")
SLOPES = ("slope", "low", "high", "gain_slope", "gain_low", "gain_high", "seed_slope_sd")
STATES = ("done", "incomplete", "failed", "missing", "stale", "damaged")


def columns(table: pd.DataFrame, methods: Sequence[str], tasks: Sequence[str], scorers: Sequence[str]) -> dict[str, list[Any]]:
    """`tables.leaderboard` column by column; names are replaced by their numbers in the lists given."""
    return {
        "method": _numbers(table["method"], methods), "task": _numbers(table["task"], tasks),
        "scorer": _numbers(table["scorer"], scorers), "group": _numbers(table["group"], GROUPS),
        "size": table["size"].astype(int).tolist(), "state": _numbers(table["status"], STATES),
        "best": table["ties_best"].astype(int).tolist(),
        **{name: scaled(table[name].astype(float)) for name in SCALED},
        **{name: table[name].astype(int).tolist() for name in COUNTS},
    }  # fmt: skip


def slope_rows(
    slopes: pd.DataFrame, methods: Sequence[str], tasks: Sequence[str], scorers: Sequence[str]
) -> dict[str, list[Any]]:  # fmt: skip
    """`scaling.slopes` column by column, in the same way."""
    return {
        "method": _numbers(slopes["method"], methods), "task": _numbers(slopes["task"], tasks),
        "scorer": _numbers(slopes["scorer"], scorers), "group": _numbers(slopes["group"], GROUPS),
        "sizes": slopes["sizes"].astype(str).tolist(),
        **{name: scaled(slopes[name].astype(float)) for name in SLOPES},
        **{name: slopes[name].astype("Int64").astype(object).where(slopes[name].notna(), None).tolist()
           for name in ("languages", "rising", "falling")},
    }  # fmt: skip


def _numbers(names: pd.Series, among: Sequence[str]) -> list[int]:
    at = {name: number for number, name in enumerate(among)}
    return [at[name] for name in names]
