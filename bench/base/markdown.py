"""Numbers and tables in markdown."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

SHORT = ("{:.3f}", "{:+.3f}")  # written without the 0 before the point


def number(value: float, form: str = "{:.3f}") -> str:
    """A number as the tables show it (.123, empty for NaN)."""
    if pd.isna(value):
        return ""
    shown = form.format(value)
    if "+" in form and float(shown) == 0:
        shown = form.format(0.0)  # not -.000
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
