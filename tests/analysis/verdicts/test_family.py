"""Corrections within a family of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.statistics import holm
from bench.analysis.verdicts.decide import Estimate
from bench.analysis.verdicts.evidence import UNKNOWN
from bench.analysis.verdicts.family import P_VALUES, corrected
from bench.analysis.verdicts.rows import figures
from bench.analysis.verdicts.variance import Variance


def row(value: float, known: bool = True) -> dict[str, object]:
    part = Variance(np.array([0.01**2]), np.array([50.0]))
    found = Estimate(np.array([value]), part, part if known else Variance(np.array([np.nan]), np.array([np.nan])), not known)
    return {"family": "exploratory", **figures(found, "own" if known else UNKNOWN, 0.01)}


def test_a_row_about_these_runs_only_has_no_p_and_still_counts_among_the_tests() -> None:
    rows = corrected(pd.DataFrame([row(0.05), row(0.5, known=False), row(0.001)]))
    alone = corrected(pd.DataFrame([row(0.05), row(0.001)]))
    assert rows.loc[1, list(P_VALUES)].isna().all() and rows.loc[1, "verdict"] == "undecided"
    tested = figures(row(0.05)["estimate"], "own", 0.01)["p"]  # type: ignore[arg-type]
    assert rows.loc[0, "p_holm"] == pytest.approx(holm([tested, 1.0, rows.loc[2, "p"]])[0]) == pytest.approx(3 * tested)
    assert alone.loc[0, "p_holm"] == pytest.approx(2 * tested)
    assert np.isnan(rows.loc[1, "smallest_corrected"])


def test_the_first_step_of_the_correction_is_the_strictest() -> None:
    one, three = (corrected(pd.DataFrame([row(0.02)] * count)) for count in (1, 3))
    assert one.loc[0, "smallest_corrected"] == one.loc[0, "smallest"] == three.loc[0, "smallest"]
    assert three.loc[0, "smallest_corrected"] == pytest.approx(float(row(0.02)["estimate"].smallest(0.05 / 3)[0]))  # type: ignore[attr-defined]
    assert three.loc[0, "smallest_corrected"] > 1.1 * one.loc[0, "smallest"]
