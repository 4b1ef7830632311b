"""`metrics.csv` and `per_query.parquet` of a cell held against each other."""

import pandas as pd
import pytest

from bench.analysis.consistency import disagreement

METRICS = pd.DataFrame({
    "task": ["a", "a"], "scorer": ["dense", "late"], "language": ["swh_Latn"] * 2, "ndcg@10": [0.5, 0.25]
})  # fmt: skip
QUESTIONS = pd.DataFrame({
    "task": ["a"] * 4, "scorer": ["late", "dense", "dense", "late"], "language": ["swh_Latn"] * 4,
    "query_id": ["1", "1", "2", "2"], "ndcg@10": [0.5, 1.0, 0.0, 0.0],
})  # fmt: skip


def test_files_that_agree_say_nothing_in_whatever_order_their_rows_are():
    assert disagreement(METRICS, QUESTIONS) == ""
    assert disagreement(METRICS[::-1], QUESTIONS[::-1].reset_index(drop=True)) == ""
    assert disagreement(METRICS[:0], QUESTIONS[:0]) == ""


@pytest.mark.parametrize(
    ("metrics", "questions", "said"),
    [
        (pd.concat([METRICS, METRICS[:1]]), QUESTIONS, "metrics.csv names a task, scorer and language twice"),
        (METRICS, pd.concat([QUESTIONS, QUESTIONS[1:2]]), "per_query.parquet scores a query twice"),
        (METRICS[:1], QUESTIONS, "name different languages or tasks"),
        (METRICS, QUESTIONS[1:3], "name different languages or tasks"),
        (METRICS, QUESTIONS.assign(language="som_Latn"), "name different languages or tasks"),
        (METRICS, pd.concat([QUESTIONS, QUESTIONS[:1].assign(language=None)]), "name different languages or tasks"),
        (METRICS.assign(language=["swh_Latn", None]), QUESTIONS, "name different languages or tasks"),
        (METRICS.assign(**{"ndcg@10": [0.5, 0.2502]}), QUESTIONS, "differ by 0.0002 nDCG@10"),
    ],
)  # fmt: skip
def test_each_contradiction_is_told(metrics, questions, said):
    assert said in disagreement(metrics.reset_index(drop=True), questions.reset_index(drop=True))


def test_rounding_to_six_decimals_is_no_contradiction():
    assert disagreement(METRICS.assign(**{"ndcg@10": [0.500001, 0.249999]}), QUESTIONS) == ""
