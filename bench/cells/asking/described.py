"""What is known of each query besides its scores: what statistics count as one question, and how long it is."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.cells.asking.queries import QuerySet
from bench.data.suite.types import Suite

PLACE = ["task", "language", "query_id"]


def described(suite: Suite, sets: Sequence[QuerySet]) -> pd.DataFrame:
    """One row a query of these sets, before any translation: PLACE, `unit` and `characters`.

    `unit` is empty in a parallel task, where the query id is the same question in every language. In a task that is not,
    languages gather their queries on their own, and several of them ask for the same document ("cat" in Swahili and in Hausa):
    their answers go together. The unit is then the document of the highest grade, the first by id where several have it.
    """
    rows = []
    for one in sets:
        parallel = suite.task(one.task).parallel
        for query_id, text in zip(one.ids, one.texts, strict=True):
            grades = one.qrels[query_id]
            unit = "" if parallel or not grades else min(grades, key=lambda document: (-grades[document], document))
            rows.append((one.task, one.language, query_id, unit, len(text)))
    frame = pd.DataFrame(rows, columns=[*PLACE, "unit", "characters"])
    return frame.astype({"unit": str, "characters": "int32"})


def with_descriptions(per_query: pd.DataFrame, about: pd.DataFrame) -> pd.DataFrame:
    """The scores of queries with what `described` says of them, in the order that they had."""
    return per_query.merge(about, on=PLACE, how="left", validate="many_to_one")
