"""What is known of each query besides its scores: what statistics count as one question, and how long it is."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.cells.asking.queries import QuerySet

PLACE = ["task", "language", "query_id"]


def described(sets: Sequence[QuerySet]) -> pd.DataFrame:
    """One row a query of these sets, before any translation: PLACE, `unit` and `characters`.

    Questions that ask for the same document are no independent evidence: two on one passage of Belebele, or "cat" in Swahili and
    in Hausa where languages gather their queries on their own. The unit is the document of the highest grade, the first by id
    where several have it, so that answers to one document go together; empty where no document answers.
    """
    rows = []
    for one in sets:
        for query_id, text in zip(one.ids, one.texts, strict=True):
            grades = one.qrels[query_id]
            unit = min(grades, key=lambda document: (-grades[document], document), default="")
            rows.append((one.task, one.language, query_id, unit, len(text)))
    frame = pd.DataFrame(rows, columns=[*PLACE, "unit", "characters"])
    return frame.astype({"unit": str, "characters": "int32"})


def with_descriptions(per_query: pd.DataFrame, about: pd.DataFrame) -> pd.DataFrame:
    """The scores of queries with what `described` says of them, in the order that they had."""
    return per_query.merge(about, on=PLACE, how="left", validate="many_to_one")
