"""Numbers and tables in markdown."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

SHORT = ("{:.3f}", "{:+.3f}")  # written without the 0 before the point
ZERO = 1e-8  # smaller is what arithmetic leaves of a difference of equal scores: written as +0


def number(value: float, form: str = "{:.3f}") -> str:
    """A number as the tables show it (.123, empty for NaN).

    What rounds to zero keeps its sign, so that an interval from -.0003 to .009 is seen to hold zero; zero itself has a plus.
    """
    if pd.isna(value):
        return ""
    shown = form.format(0.0 if abs(value) < ZERO else value)
    return shown.replace("0.", ".", 1) if form in SHORT and shown.startswith(("0.", "-0.", "+0.")) else shown


def table(head: str, lines: Sequence[Sequence[str]], columns: Sequence[str]) -> str:
    """A markdown table, padded so that it reads as plain text too."""
    rows = [[head, *columns], *[list(line) + [""] * (len(columns) + 1 - len(line)) for line in lines]]
    widths = [max(3, *(len(row[n]) for row in rows)) for n in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        padded = [cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))]
        return f"| {' | '.join(padded)} |"

    rule = [f"{'-' * widths[0]}", *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    return "\n".join([line(rows[0]), f"| {' | '.join(rule)} |", *map(line, rows[1:])])
