"""Scores by the length of the query: a passage of holy writ and a keyword are different questions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.arms import Scores
from bench.analysis.results import RANKED_BY, Plan
from methods.facts import facts

THIRDS = ("short", "middle", "long")
GROUPS = ("trained", "held-out", "guard")
COLUMNS = ("order", "scorer", "task", "group", "size", "method", "third", "characters", "questions", "languages", RANKED_BY)
PLACE = ["task", "language", "query_id"]


def by_length(plan: Plan, order: str, scores: Scores) -> pd.DataFrame:
    """One row per scorer, task, group, size, method and third of the queries by length; COLUMNS.

    Thirds are made in each task and language by the characters of its own queries, ties by their id: short in its own language
    and script. A number is the mean over seeds and questions, then over languages. `characters`: the median of the third.
    Cells of earlier versions do not say how long a query is; without any that does the table is empty.
    """
    thirds = _thirds(scores)
    if not len(thirds):
        return pd.DataFrame(columns=list(COLUMNS))
    rows = []
    for arm, owned in zip(scores.arms, scores.owned, strict=True):
        if not owned or arm.state != "done":
            continue
        asked = pd.concat([frame for n in owned if (frame := scores.cells[n].questions) is not None])
        known = asked[asked["scorer"].isin(scores.scorers)].merge(thirds, on=PLACE)
        means = known.groupby(["scorer", "task", "third", "language"], observed=True)[RANKED_BY].mean()
        by_language = means.unstack("language")
        for size in [arm.size] if arm.size else plan.sizes_of(order):
            for group in GROUPS:
                for (scorer, task, third), one in by_language.iterrows():
                    few = scores.few.get(task, {})
                    codes = [code for code in plan.group(group, order, size) if code in one.index and code not in few]
                    own = one[codes].dropna()
                    if len(own) and task in scores.tasks:
                        part = thirds[(thirds["task"] == task) & (thirds["third"] == third) & thirds["language"].isin(own.index)]
                        rows.append((order, scorer, task, group, size, arm.method, third, float(part["characters"].median()),
                                     len(part), len(own), float(own.mean())))  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values("third", key=lambda names: names.map(THIRDS.index), kind="stable").reset_index(drop=True)


def _thirds(scores: Scores) -> pd.DataFrame:
    """PLACE, `characters` and `third` of every query that languages ask themselves, as far as its length is known."""
    frames = [
        cell.questions[[*PLACE, "characters"]] for cell in scores.cells
        if cell.questions is not None and not facts(cell.name.method).asks_english and cell.questions["characters"].notna().any()
    ]  # fmt: skip
    if not frames:
        return pd.DataFrame()
    queries = pd.concat(frames).dropna(subset=["characters"]).drop_duplicates(PLACE).sort_values(["characters", "query_id"])
    groups = queries.groupby(["task", "language"])
    position, count = groups.cumcount(), groups["query_id"].transform("size")
    third = np.minimum(3 * position // count, 2)
    return queries.assign(third=np.array(THIRDS)[third.to_numpy()])
