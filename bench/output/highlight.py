"""Which of many methods are shown in colour: twenty lines tell nobody anything."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.analysis.tables import MEAN
from bench.base.errors import unknown
from methods.facts import facts, highlighted

ALL_SHOWN = 7  # up to so many methods are all shown
SHOWN = 5


def chosen(names: Sequence[str], tables: Sequence[pd.DataFrame], asked: Sequence[str] = ()) -> list[str]:
    """The methods that are shown in colour, in the order of `names`, floor and ceiling not among them.

    These are the ones `asked` for; else all, if they are few; else one of each family of the question and the
    best of the rest by mean rank in `tables` (`tables.leaderboard`) over scorers, groups and sizes, mean of tasks.

    Raises:
        BenchError: a name that is not among `names`.
    """
    own = [name for name in names if not facts(name).is_reference]
    for name in asked:
        if name not in names:
            raise unknown("method", name, names)
    if asked or len(own) <= ALL_SHOWN:
        return [name for name in own if name in asked or not asked]
    families = family_heads(own)
    table = pd.concat(tables)
    ranked = table[(table["task"] == MEAN) & table["complete"].astype(bool) & table["method"].isin(own)]
    mean = ranked["rank"].astype(float).groupby(ranked["method"]).mean().sort_values(kind="stable")
    rest = [str(name) for name in mean.index if name not in families]
    return [name for name in own if name in [*families, *rest][:SHOWN]]


def family_heads(names: Sequence[str]) -> list[str]:
    """Of each family that the question is about, the plain method or else its first variant.

    >>> family_heads(["nmt(depth=2)", "mine", "optical(reach=0)", "optical"])
    ['optical', 'nmt(depth=2)']
    """
    heads = {name.partition("(")[0]: name for name in reversed(names)} | {name: name for name in names if "(" not in name}
    return [heads[base] for base in highlighted() if base in heads]
