import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.base.errors import BenchError
from bench.retrieval import dense
from bench.retrieval.dense import DenseIndex, small_batches_fast


@pytest.fixture(params=[0, dense.FEW], ids=["FAISS first", "all at once"], autouse=True)
def few(request, monkeypatch):
    """Both ways, whatever the number of documents."""
    monkeypatch.setattr(dense, "FEW", request.param)


def unit(generator, n, d=24):
    vectors = generator.standard_normal((n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def naive(ids, documents, query, k):
    """Top k by float64 inner product rounded to float32, ties by id."""
    scores = (documents.astype(np.float64) @ query.astype(np.float64)).astype(np.float32)
    return sorted(range(len(ids)), key=lambda i: (-scores[i], ids[i]))[:k], scores


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 70), st.integers(1, 9))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_agrees_with_the_definition(seed, n, k, q):
    generator = np.random.default_rng(seed)
    documents, queries = unit(generator, n), unit(generator, q)
    documents[generator.integers(n, size=n // 2)] = documents[0]  # equal documents
    ids = [f"d{i}" for i in generator.permutation(n)]
    ranking = DenseIndex(ids, documents).search(queries, k, [str(i) for i in range(q)])
    for i in range(q):
        wanted, scores = naive(ids, documents, queries[i], k)
        assert ranking.ids(i) == [ids[j] for j in wanted]
        np.testing.assert_allclose(ranking.scores[i, : len(wanted)], scores[wanted], atol=1e-6)
        assert (ranking.index[i, len(wanted) :] == -1).all()


def test_batch_and_insertion_order_leave_no_trace(monkeypatch):
    generator = np.random.default_rng(0)
    documents, queries = unit(generator, 300, 64), unit(generator, 70, 64)
    ids = [f"d{i}" for i in range(300)]
    names = [f"q{i}" for i in range(70)]
    whole = DenseIndex(ids, documents).search(queries, 20, names)
    moved = generator.permutation(300)
    shuffled = DenseIndex([ids[i] for i in moved], documents[moved]).search(queries, 20, names)
    monkeypatch.setattr(dense, "BATCH", 7)
    batched = DenseIndex(ids, documents).search(queries, 20, names)
    for other in (shuffled, batched):
        assert [other.ids(i) for i in range(70)] == [whole.ids(i) for i in range(70)]
        np.testing.assert_array_equal(other.scores, whole.scores)  # bit for bit


def test_more_ties_at_the_cut_than_the_margin():
    """200 equal documents compete for 5 places: the smallest ids win, though FAISS fetches 21."""
    vectors = np.tile(np.float32([0.6, 0.8]), (200, 1))
    ids = [f"d{i:03d}" for i in np.random.default_rng(3).permutation(200)]
    ranking = DenseIndex(ids, vectors).search(np.float32([[1, 0], [-1, 0]]), 5, ["a", "b"])
    assert ranking.ids(0) == ranking.ids(1) == ["d000", "d001", "d002", "d003", "d004"]
    assert ranking.scores[1, 0] == pytest.approx(-0.6)


def test_few_documents_are_not_asked_for_one_by_one(monkeypatch, few):
    generator = np.random.default_rng(5)
    documents, queries = unit(generator, 30), unit(generator, 4)
    index = DenseIndex([f"d{i}" for i in range(30)], documents)
    asked = []
    monkeypatch.setattr(DenseIndex, "_fetch", lambda *rest, original=DenseIndex._fetch: asked.append(1) or original(*rest))
    index.search(queries, 5, list("abcd"))
    assert bool(asked) == (dense.FEW == 0)


def test_negative_scores_rank_by_value():
    ranking = DenseIndex(["a", "b", "c"], np.float32([[-3], [-1], [-2]])).search(np.float32([[1]]), 3, ["q"])
    assert ranking.ids(0) == ["b", "c", "a"]


def test_no_queries():
    ranking = DenseIndex(["a"], np.ones((1, 4), np.float32)).search(np.empty((0, 4), np.float32), 10, [])
    assert ranking.index.shape == (0, 10) and len(ranking) == 0


def test_mistakes_are_explained():
    index = DenseIndex(["a", "b"], np.eye(2, dtype=np.float32))
    broken = np.float32([[1, 0], [np.nan, 0]])
    with pytest.raises(BenchError, match="query 'q2'.*NaN"):
        index.search(broken, 1, ["q1", "q2"])
    with pytest.raises(BenchError, match="3 dimensions, document vectors 2"):
        index.search(np.ones((1, 3), np.float32), 1, ["q"])
    with pytest.raises(BenchError, match="1 query ids for 2"):
        index.search(np.ones((2, 2), np.float32), 1, ["q"])
    with pytest.raises(BenchError, match="document 'b' is not finite"):
        DenseIndex(["a", "b"], broken)


def test_faiss_threshold_is_restored_also_after_an_error():
    before = faiss.cvar.distance_compute_blas_threshold
    with pytest.raises(RuntimeError), small_batches_fast():
        assert faiss.cvar.distance_compute_blas_threshold > dense.BATCH
        raise RuntimeError
    assert faiss.cvar.distance_compute_blas_threshold == before
