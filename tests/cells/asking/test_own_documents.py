import numpy as np
import pandas as pd
import pytest

from bench.cells.asking.own_documents import left_out, own_ids, record
from bench.cells.asking.queries import QuerySet
from bench.data.suite.types import Suite, Task
from bench.retrieval.ranking import Ranking

DOCUMENTS = pd.DataFrame({"doc_id": ["a", "b", "c", "d"], "text": list("wxyz")})


def task(streamed=None):
    return Task("t", False, DOCUMENTS, pd.DataFrame(), pd.DataFrame(), streamed)


def queries(**qrels):
    return QuerySet("t", "swh_Latn", list(qrels), ["text"] * len(qrels), qrels)


def test_a_query_with_the_id_of_a_document_has_an_own_one_unless_it_is_relevant():
    one = queries(a={"b": 1}, q={"c": 1}, c={"c": 1}, d={"d": 0, "a": 1})
    assert own_ids(task(), [one]) == ["a", "", "", "d"]
    assert own_ids(task(), [queries(q={"a": 1})]) is None and own_ids(task({"hub": "x"}), [one]) is None


def test_ids_that_carry_their_language_are_seen_through():
    assert own_ids(task(), [queries(**{"swh_Latn:a": {"b": 1}, "eng_Latn:x": {"b": 1}})]) == ["a", ""]


def test_the_own_document_goes_and_the_next_ones_move_up():
    index = np.array([[0, 1, 2], [1, 3, 0], [2, 0, -1]])
    scores = np.array([[3, 2, 1], [3, 2, 1], [2, 1, -np.inf]], dtype=np.float32)
    ranking = Ranking(["a", "b", "c", "d"], index, scores)
    found = left_out(ranking, ["a", "", "d"], 2)
    assert found.index.tolist() == [[1, 2], [1, 3], [2, 0]] and found.scores.tolist() == [[2, 1], [3, 2], [2, 1]]
    assert left_out(ranking, None, 2).index.tolist() == index[:, :2].tolist()
    assert left_out(ranking, ["a", "", ""], 3) is ranking, "nothing more was asked for than is needed"


@pytest.mark.parametrize(("one", "expected"), [(queries(a={"b": 1}, q={"b": 1}), {"own_documents_left_out": {"t": 1}}),
                                               (queries(q={"b": 1}), {})])  # fmt: skip
def test_the_manifest_says_how_many(tmp_path, one, expected):
    assert record(Suite(tmp_path, "", pd.DataFrame(), {"t": task()}, {}), [one]) == expected
