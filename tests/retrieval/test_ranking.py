import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.base.errors import BenchError
from bench.retrieval.ranking import Order, Ranking

# Few distinct values, so that ties are the rule; both zeros, both signs, neighbours in float32.
VALUES = [0.0, -0.0, 1.0, -1.0, 0.5, float(np.nextafter(np.float32(0.5), np.float32(1))), -3e38, 1e-45, 2.0]


@st.composite
def problems(draw):
    n = draw(st.integers(1, 12))
    ids = draw(st.lists(st.text("abcé-10", min_size=1, max_size=4), min_size=n, max_size=n, unique=True))
    rows = draw(st.lists(st.lists(st.sampled_from(VALUES), min_size=n, max_size=n), min_size=1, max_size=4))
    return ids, np.array(rows, dtype=np.float32), draw(st.integers(1, 15))


@given(problems())
def test_agrees_with_sorting_by_score_then_id(problem):
    ids, scores, k = problem
    ranking = Order(ids).top(scores, k, [f"q{i}" for i in range(len(scores))])
    for query, row in enumerate(scores):
        wanted = sorted(range(len(ids)), key=lambda i, row=row: (-row[i], ids[i]))[:k]
        assert ranking.ids(query) == [ids[i] for i in wanted]
        np.testing.assert_array_equal(ranking.scores[query, : len(wanted)], row[wanted])
        assert (ranking.index[query, len(wanted) :] == -1).all()
        assert np.isneginf(ranking.scores[query, len(wanted) :]).all()
    assert ranking.index.shape == ranking.scores.shape == (len(scores), k)
    assert ranking.scores.dtype == np.float32 and ranking.index.dtype == np.int64


@given(problems(), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_order_of_documents_leaves_no_trace(problem, random):
    ids, scores, k = problem
    moved = list(range(len(ids)))
    random.shuffle(moved)
    names = [f"q{i}" for i in range(len(scores))]
    one = Order(ids).top(scores, k, names)
    other = Order([ids[i] for i in moved]).top(scores[:, moved], k, names)
    assert [one.ids(q) for q in range(len(one))] == [other.ids(q) for q in range(len(other))]


@given(problems(), st.data())
@settings(max_examples=50)
def test_absent_candidates_are_left_out(problem, data):
    ids, scores, k = problem
    present = np.array(data.draw(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids))))
    documents = np.where(present, np.arange(len(ids)), -1)
    blurred = np.where(present, scores, np.float32(np.nan))  # what stands there must not matter
    ranking = Order(ids).top(blurred, k, [f"q{i}" for i in range(len(scores))], documents)
    for query, row in enumerate(scores):
        wanted = sorted(np.flatnonzero(present), key=lambda i, row=row: (-row[i], ids[i]))[:k]
        assert ranking.ids(query) == [ids[i] for i in wanted]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_broken_score_names_the_query(value):
    scores = np.zeros((3, 2), dtype=np.float32)
    scores[1, 1] = value
    with pytest.raises(BenchError, match="'swh-7'"):
        Order(["a", "b"]).top(scores, 1, ["swh-1", "swh-7", "swh-9"])


def test_mistakes_are_explained():
    with pytest.raises(BenchError, match="document id 'b' occurs more than once"):
        Order(["a", "b", "b"])
    with pytest.raises(BenchError, match="no documents"):
        Order([])
    with pytest.raises(BenchError, match="depth 0"):
        Order(["a"]).top(np.zeros((1, 1), np.float32), 0, ["q"])


def test_concatenate_keeps_the_order_of_queries():
    order = Order(["a", "b", "c"])
    scores = np.arange(12, dtype=np.float32).reshape(4, 3) % 5
    whole = order.top(scores, 2, list("wxyz"))
    parts = Ranking.concatenate([order.top(scores[:1], 2, ["w"]), order.top(scores[1:], 2, list("xyz"))])
    np.testing.assert_array_equal(whole.index, parts.index)
    np.testing.assert_array_equal(whole.scores, parts.scores)
