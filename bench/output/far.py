"""Methods so far below the others that a picture with them shows nothing of the others: a translator without English, say."""

from __future__ import annotations

import pandas as pd

FAR = 2.0  # times as far below zero as the others go: such a method would make theirs one line


def far_below(rows: pd.DataFrame) -> list[str]:
    """Methods whose whole intervals lie `FAR` times as far below zero as those of the methods reach that touch it.

    Args:
        rows: `first` (the method), `low` and `high` of its gains over one reference.
    """
    ends = rows.groupby("first", sort=False).agg(low=("low", "min"), high=("high", "max"))
    near = ends[ends["high"] >= 0]
    reach = float(near.abs().to_numpy().max()) if len(near) else float("inf")
    return [str(name) for name in ends.index[ends["high"] < -FAR * reach]]
