"""The methods of the page: what they are, how they look, and which of them are shown at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.arms import CEILING, FLOOR, REFERENCES
from bench.errors import unknown
from bench.plots import KNOWN, label, slots
from bench.tables import MEAN
from methods import registry

ALL_SHOWN = 7  # up to so many methods are shown from the start
SHOWN = 5


def described(names: Sequence[str], shown: Sequence[str]) -> list[dict[str, Any]]:
    """One record a method, ceiling first, floor last: name, label, summary, `look` (colour, marker, dash), `shown`."""
    looks = slots(names)
    ordered = [*({CEILING} & set(names)), *looks, *({FLOOR} & set(names))]
    return [
        {
            "name": name, "label": label(name), "summary": _summary(name), "reference": name in REFERENCES,
            "look": looks.get(name), "shown": name in REFERENCES or name in shown,
        }
        for name in ordered
    ]  # fmt: skip


def chosen(names: Sequence[str], tables: Sequence[pd.DataFrame], asked: Sequence[str] = ()) -> list[str]:
    """The methods that are shown in colour at first, in the order of `names`.

    These are the ones `asked` for; else all, if they are few; else one of each family of the question and the
    best of the rest by mean rank in `tables` (`tables.leaderboard`) over scorers, groups and sizes, mean of tasks.

    Raises:
        BenchError: a name that is not among `names`.
    """
    own = [name for name in names if name not in REFERENCES]
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
    """Of each family that the question is about, the plain method or else its first variant."""
    heads = {name.partition("(")[0]: name for name in reversed(names)} | {name: name for name in names if "(" not in name}
    return [heads[base] for base in KNOWN if base in heads]


def _summary(name: str) -> str:
    """What the method's declaration says; a method that is not installed here has nothing to say."""
    try:
        return registry.declared(name.partition("(")[0]).summary
    except registry.MethodError:
        return ""
