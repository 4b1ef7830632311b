"""What cells say of a query besides its scores."""

from __future__ import annotations

import pandas as pd

from bench.cells.asking.described import described, with_descriptions
from bench.cells.asking.queries import QuerySet


def asked(task: str, language: str, qrels: dict[str, dict[str, int]]) -> QuerySet:
    return QuerySet(task, language, list(qrels), [name * 2 for name in qrels], qrels)


def test_questions_that_ask_for_the_same_document_are_one_unit():
    sets = [
        asked("symbols", "swh_Latn", {"paka": {"s2": 1, "s1": 1, "s3": 2}, "mbwa": {"s2": 1, "s1": 1}}),
        asked("symbols", "hau_Latn", {"kyanwa": {"s3": 1}}),
        asked("faq", "hau_Latn", {"q1": {"d1": 1}, "q2": {"d1": 1}, "q3": {}}),
    ]  # fmt: skip
    found = described(sets)
    assert found["unit"].tolist() == ["s3", "s1", "s3", "d1", "d1", ""], "the highest grade, then the first by id"
    assert found["characters"].tolist() == [8, 8, 12, 4, 4, 4]


def test_rows_keep_their_order_and_number():
    about = described([asked("faq", "hau_Latn", {"q2": {"d": 1}, "q1": {"d": 1}})])
    scores = pd.DataFrame({"task": "faq", "language": "hau_Latn", "query_id": ["q1", "q2", "q1", "q2"], "scorer": list("ddll")})
    found = with_descriptions(scores, about)
    assert found["query_id"].tolist() == ["q1", "q2", "q1", "q2"] and found["scorer"].tolist() == list("ddll")
