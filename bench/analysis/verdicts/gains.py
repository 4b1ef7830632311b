"""What methods gain over those that nothing was trained for, as paired differences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.analysis.arms import FLOOR
from bench.analysis.verdicts.comparer import Comparer, comparable
from bench.analysis.verdicts.left_out import LeftOut
from methods.facts import facts

CENTRED = "centred"  # the floor with its vectors corrected: what training has to beat


def references(methods: Sequence[str]) -> list[str]:
    """Of `methods`, those that a gain is counted from: the floor, and `centred`.

    >>> references(["optical", "centred", "english", "untrained"])
    ['untrained', 'centred']
    """
    return [name for name in (FLOOR, CENTRED) if name in methods]


def gains(comparer: Comparer, methods: Sequence[str], group: str = "trained", order: str = "") -> pd.DataFrame:
    """One row a method, reference, scorer and size: `first` - `second`, nDCG@10, with its paired 95 % interval over questions
    and training runs (`bench.analysis.verdicts.rows`). Nothing here is a test: no p-value is corrected.

    Args:
        methods: those wanted; ceilings, and a reference against itself, are left out.
        order: of languages; default: the experiment's own.

    Returns:
        Columns order, scorer, group, first, second and those of a row; empty where there is nothing to hold against each other.
    """
    order, rows = order or next(iter(comparer.plan.orders)), []
    for reference in references(comparer.methods):
        for name in methods:
            if name in (reference, FLOOR) or facts(name).asks_english or not comparable(name, reference):
                continue
            rows += comparer.rows(name, reference, LeftOut(), groups=[group], orders=[order])
    return pd.DataFrame(rows)
