"""Scores by length of the query, as markdown."""

from __future__ import annotations

import pandas as pd

from bench.analysis.lengths import THIRDS
from bench.analysis.results import RANKED_BY
from bench.base.markdown import number, table

GROUP = "trained"


def sections(rows: pd.DataFrame, level: str) -> list[str]:
    """Tasks by thirds at the largest size, trained languages, one table a scorer; nothing where no length is known."""
    rows = rows[rows["group"] == GROUP]
    if not len(rows):
        return []
    size = rows["size"].max()
    rows = rows[rows["size"] == size]
    tasks = list(dict.fromkeys(rows["task"]))
    parts = [
        f"{level} By length of the query",
        f"nDCG@10, trained languages, N = {size}: the shortest, middle and longest third of the queries of each language, "
        "with their median length in characters.",
    ]
    for scorer, own in rows.groupby("scorer", sort=True):
        at = own.set_index(["method", "task", "third"])
        known = at.groupby(level=["task", "third"])["characters"].median()
        columns = [(task, third) for task in tasks for third in THIRDS if (task, third) in known.index]
        heads = [f"{task}, {third} ({known[task, third]:.0f})" for task, third in columns]
        score = at[RANKED_BY]
        lines = [
            [str(method).replace("|", "\\|"), *(number(score.get((method, *column), float("nan"))) for column in columns)]
            for method in dict.fromkeys(own["method"])
        ]
        parts += [f"**{scorer}**", table("method", lines, heads)]
    return parts
