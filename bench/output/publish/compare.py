"""What differs between a file of a published folder and the one that its scores give, in a line that leads to the place."""

from __future__ import annotations

import csv
import io
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.results import MEASURES

NAMED = 8  # columns of a row that tell which one it is


def texts(name: str, published: str, expected: str) -> str:
    """Of two texts; empty where they are equal. `name` ends in .csv where they are tables."""
    if published == expected:
        return ""
    return (_tables(published, expected) if name.endswith(".csv") else "") or _lines(published, expected)


def frames(published: pd.DataFrame, expected: pd.DataFrame) -> str:
    """Of the scores of the same questions in the same order: the first question and measure, and how many differ."""
    if published["query_id"].tolist() != expected["query_id"].tolist():
        return "the questions are others"
    wrong = np.abs(published[list(MEASURES)].to_numpy(float) - expected[list(MEASURES)].to_numpy(float))
    wrong = ~(wrong < 1e-9)  # true for NaN too
    if not wrong.any():
        return ""
    row, column = np.argwhere(wrong)[0]
    measure = MEASURES[column]
    values = f"{published[measure].iloc[row]:.6f}, the ranking gives {expected[measure].iloc[row]:.6f}"
    return f"query {published['query_id'].iloc[row]!r}: {measure} is {values}{_more(int(wrong.sum()))}"


def _tables(published: str, expected: str) -> str:
    """Empty where the rows are not the same ones, so that lines have to tell."""
    there, own = (list(csv.reader(io.StringIO(text))) for text in (published, expected))
    if len(there) != len(own) or not own or there[0] != own[0] or any(len(one) != len(own[0]) for one in there):
        return f"it has {len(there) - 1} rows, the scores give {len(own) - 1}" if len(there) != len(own) else ""
    wrong = [
        (number, column) for number, (one, two) in enumerate(zip(there, own, strict=True)) for column in range(len(one))
        if one[column] != two[column]
    ]  # fmt: skip
    if not wrong:  # quoted or ended in another way
        return ""
    number, column = wrong[0]
    row: dict[str, Any] = dict(list(zip(own[0], own[number], strict=True))[:NAMED])
    place = ", ".join(f"{name} {value}" for name, value in row.items() if value and name != own[0][column])
    return f"{own[0][column]} is {there[number][column]!r}, the scores give {own[number][column]!r} ({place}){_more(len(wrong))}"


def _lines(published: str, expected: str) -> str:
    pairs = list(zip_longest(published.splitlines(), expected.splitlines(), fillvalue="(no line)"))
    wrong = [(number, one, two) for number, (one, two) in enumerate(pairs, 1) if one != two]
    if not wrong:
        return "it differs in the ends of lines"
    number, one, two = wrong[0]
    at = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), 0)
    start = max(0, at - 30)
    return f"line {number} has {one[start : at + 30]!r}, the scores give {two[start : at + 30]!r}{_more(len(wrong))}"


def _more(count: int) -> str:
    return f"; {count - 1} more" if count > 1 else ""
