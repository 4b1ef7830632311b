"""Tables of pairs that may be larger than memory: what is asked of them, a part at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd

from bench.data.stored.bitext import COLUMNS
from bench.data.stored.spool import Spool, Table, parts

FIRST = "first"  # of a spool: of the pairs with one id, and so with one English text, exactly one is flagged


def pair_spool() -> Spool:
    """An empty table of pairs with `stored.bitext.COLUMNS` and the flag FIRST."""
    return Spool(COLUMNS, flags=(FIRST,))


def each_once(pairs: Table) -> Iterator[pd.DataFrame]:
    """[pair_id, english] of every pair id, some at a time."""
    if isinstance(pairs, Spool):
        for part in pairs.parts("pair_id", "english", FIRST):
            yield part.loc[part[FIRST], ["pair_id", "english"]]
    else:
        yield pairs[["pair_id", "english"]].drop_duplicates("pair_id")


def tally(table: Table, *columns: str) -> Counter[tuple[Any, ...]]:
    """How many rows have which values in these columns; in the order in which they come first."""
    found: Counter[tuple[Any, ...]] = Counter()
    for part in parts(table, *columns):
        for values, count in part.groupby(list(columns), sort=False).size().items():
            found[values if isinstance(values, tuple) else (values,)] += int(count)
    return found
