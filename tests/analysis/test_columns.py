"""A column of the leaderboard that is misspelt in one place is an error, not a column of NaN."""

from __future__ import annotations

import pytest

from bench.analysis import tables


def test_a_misspelt_column_is_an_error() -> None:
    row = dict.fromkeys(name for name in tables.COLUMNS if name != "settings")
    tables._check_columns([row])
    row["ties_bset"] = row.pop("ties_best")
    with pytest.raises(ValueError, match="ties_best, ties_bset"):
        tables._check_columns([row])
