"""Which rows of comparisons are primary, and the corrections that their verdicts rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.results import Plan
from bench.analysis.statistics import LEVEL, holm
from bench.analysis.verdicts.decide import MARGIN, verdict
from bench.analysis.verdicts.evidence import UNKNOWN
from bench.experiment.profile.comparison import PRIMARY_GROUPS

PRIMARY, EXPLORATORY = "primary", "exploratory"
P_VALUES = ("p", "p_holm", "p_equivalent", "p_equivalent_holm")
ROW = ("order", "scorer", "group", "size")  # what tells rows of one pair apart


@dataclass(frozen=True)
class Declared:
    """What the stored profile declares under `comparison` (`bench.experiment.profile.comparison`)."""

    pairs: tuple[tuple[str, str], ...]
    sizes: tuple[int, ...]
    over_sizes: bool
    groups: tuple[str, ...]
    scorers: tuple[str, ...]
    margin: float


def declared(plan: Plan) -> Declared:
    """From the plan's profile; experiments from before there was such a section declare nothing."""
    section = plan.profile.get("comparison") or {}
    primary = (plan.profile.get("resolved") or {}).get("primary") or ()
    return Declared(
        tuple((first, second) for first, second in primary), tuple(section.get("sizes") or ()),
        bool(section.get("over_sizes", True)), tuple(section.get("groups") or PRIMARY_GROUPS),
        tuple(section.get("scorers") or ()), float(section.get("margin") or MARGIN),
    )  # fmt: skip


def corrected(rows: pd.DataFrame, within: Sequence[str] = ("family",)) -> pd.DataFrame:
    """`rows` with p_holm, p_equivalent_holm, within_margin, verdict and smallest_corrected, corrected within each `family`, or
    within rows that agree in other columns.

    `smallest_corrected` is the difference that the first step of Holm's correction finds, the one with the least power. A row
    of which nothing is known but these runs has no p-value (NaN); it counts among the tests of its family all the same, so that
    another seed of it changes nothing in the others. Both tests are corrected on their own: a difference cannot be 0 and beyond
    the margin at once, so a row has at most one true null hypothesis. A primary row counts once, from whichever side its pair
    is looked at.
    """
    rows = rows.assign(p_holm=np.nan, p_equivalent_holm=np.nan, smallest_corrected=np.nan)
    for _, part in rows.groupby(list(within), sort=False):
        rows.loc[part.index, "p_holm"] = holm(part["p"].tolist())
        rows.loc[part.index, "p_equivalent_holm"] = holm(part["p_equivalent"].tolist())
        rows.loc[part.index, "smallest_corrected"] = [float(one.smallest(LEVEL / len(part))[0]) for one in part["estimate"]]
    rows["within_margin"] = rows["p_equivalent_holm"] <= LEVEL
    tests = zip(rows["difference"], rows["p_holm"], rows["p_equivalent_holm"], strict=True)
    rows["verdict"] = [verdict(difference, p, equivalent) for difference, p, equivalent in tests]
    rows.loc[rows["runs"] == UNKNOWN, list(P_VALUES)] = np.nan
    return rows
