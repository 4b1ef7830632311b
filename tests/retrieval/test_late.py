import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.base.errors import BenchError
from bench.base.ragged import Ragged
from bench.retrieval import late, maxsim
from bench.retrieval.late import LateIndex


def texts(generator, n, longest=9, d=16, dtype=np.float32):
    """n token matrices of unit rows, of random lengths."""
    items = [generator.standard_normal((length, d)) for length in generator.integers(1, longest + 1, n)]
    return [(item / np.linalg.norm(item, axis=1, keepdims=True)).astype(dtype) for item in items]


def naive(query, document):
    return float((query.astype(np.float64) @ document.astype(np.float64).T).max(axis=1).mean())


def names(n):
    return [f"q{i}" for i in range(n)]


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 6), st.integers(1, 35), st.integers(1, 40)
)
@settings(max_examples=40, deadline=None)
def test_agrees_with_the_naive_loop(seed, n, q, k, block):
    generator = np.random.default_rng(seed)
    documents, queries = texts(generator, n), texts(generator, q)
    documents[n // 2] = documents[0]  # an equal pair
    ids = [f"d{i}" for i in generator.permutation(n)]
    index = LateIndex(ids, Ragged.from_list(documents), block_rows=block, batch_tokens=1 + block // 3)
    ranking = index.search(Ragged.from_list(queries), k, names(q))
    for i in range(q):
        truth = {name: naive(queries[i], document) for name, document in zip(ids, documents, strict=True)}
        found = ranking.ids(i)
        assert len(found) == len(set(found)) == min(n, k)
        np.testing.assert_allclose(
            ranking.scores[i, : len(found)], [truth[name] for name in found], atol=1e-6
        )
        np.testing.assert_allclose(
            ranking.scores[i, : len(found)], sorted(truth.values(), reverse=True)[:k], atol=1e-6
        )
        pair = [name for name in found if name in (ids[0], ids[n // 2])]
        assert pair == sorted(pair)
        if len(pair) == 2:  # nothing comes between equal documents
            assert abs(found.index(pair[0]) - found.index(pair[1])) == 1


def test_blocks_batches_and_insertion_order_do_not_change_the_ranking(monkeypatch):
    generator = np.random.default_rng(1)
    documents, queries = texts(generator, 150, 40, 32), Ragged.from_list(texts(generator, 40, 12, 32))
    ids = [f"d{i}" for i in range(150)]
    whole = LateIndex(ids, Ragged.from_list(documents)).search(queries, 30, names(40))
    moved = generator.permutation(150)
    others = [
        LateIndex([ids[i] for i in moved], Ragged.from_list([documents[i] for i in moved])).search(
            queries, 30, names(40)
        ),
        LateIndex(ids, Ragged.from_list(documents), block_rows=50).search(queries, 30, names(40)),
        LateIndex(ids, Ragged.from_list(documents), batch_tokens=11).search(queries, 30, names(40)),
    ]
    monkeypatch.setattr(late, "SCORE_CELLS", 450)  # three queries at a time
    others.append(LateIndex(ids, Ragged.from_list(documents)).search(queries, 30, names(40)))
    for other in others:
        assert [other.ids(i) for i in range(40)] == [whole.ids(i) for i in range(40)]
        np.testing.assert_allclose(other.scores, whole.scores, atol=1e-6)
    np.testing.assert_array_equal(others[0].scores, whole.scores)  # insertion order: bit for bit


def test_copies_of_a_document_tie_exactly_and_at_the_cut():
    """A copy in every block, at every offset: all get one score, and the smallest ids survive the cut."""
    generator = np.random.default_rng(2)
    copy = texts(generator, 1, 5, 32)[0]
    documents = [copy if i % 3 == 0 else other for i, other in enumerate(texts(generator, 90, 5, 32))]
    ids = [f"d{i:02d}" for i in generator.permutation(90)]
    index = LateIndex(ids, Ragged.from_list(documents), block_rows=16)
    ranking = index.search(Ragged.from_list([copy]), 10, ["q"])
    assert ranking.ids(0) == sorted(ids[::3])[:10]
    assert len(set(ranking.scores[0])) == 1


def test_negative_scores_and_short_documents_are_not_favoured_by_padding():
    documents = Ragged.from_list([np.float32([[-1, 0]]), np.float32([[-0.5, 0], [-0.25, 0], [-2, 0]])])
    ranking = LateIndex(["short", "long"], documents).search(
        Ragged.from_list([np.float32([[1, 0]])]), 5, ["q"]
    )
    assert ranking.ids(0) == ["long", "short"]
    np.testing.assert_array_equal(ranking.scores[0, :2], np.float32([-0.25, -1]))


def test_float16_encodings_and_no_queries():
    generator = np.random.default_rng(5)
    documents, queries = texts(generator, 20, dtype=np.float16), texts(generator, 3, dtype=np.float16)
    index = LateIndex([f"d{i:02d}" for i in range(20)], Ragged.from_list(documents))
    ranking = index.search(Ragged.from_list(queries), 20, names(3))
    for i in range(3):
        truth = [naive(queries[i], documents[j]) for j in ranking.index[i]]
        np.testing.assert_allclose(ranking.scores[i], truth, atol=1e-6)
    none = Ragged(np.empty((0, 16), np.float32), np.zeros(1, np.int64))
    assert index.search(none, 7, []).index.shape == (0, 7)


def test_autocast_and_precision_of_the_caller_do_not_leak_in():
    generator = np.random.default_rng(6)
    documents, queries = texts(generator, 30), Ragged.from_list(texts(generator, 5))
    index = LateIndex([f"d{i}" for i in range(30)], Ragged.from_list(documents))
    before = index.search(queries, 5, names(5))
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            inside = index.search(queries, 5, names(5))
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(precision)
    np.testing.assert_array_equal(before.scores, inside.scores)


@pytest.mark.parametrize("marks", [1, 1 << 24])
def test_pairs_are_scored_like_all_documents(marks, monkeypatch):
    generator = np.random.default_rng(3)
    documents, queries = Ragged.from_list(texts(generator, 30)), Ragged.from_list(texts(generator, 12))
    wanted = generator.random((12, 30)) < 0.4
    wanted[:, 4], wanted[:, 5], wanted[6] = True, False, False  # a document for all, one for none; a query of none
    monkeypatch.setattr(maxsim, "MARKS", marks)  # 1: document by document
    found = maxsim.score_pairs(documents, queries, wanted, torch.device("cpu"))
    truth = [[naive(queries[q], documents[d]) if wanted[q, d] else 0 for d in range(30)] for q in range(12)]
    np.testing.assert_allclose(found, truth, atol=1e-6)
    assert not maxsim.score_pairs(documents, queries, np.zeros_like(wanted), torch.device("cpu")).any()


@pytest.mark.parametrize(("mode", "bounded"), [("exact", True), ("approximate", False)])
def test_pairs_are_scored_for_few_query_tokens_at_a_time(mode, bounded, monkeypatch):
    generator = np.random.default_rng(4)
    documents, queries = Ragged.from_list(texts(generator, 40)), Ragged.from_list(texts(generator, 25))
    index = LateIndex([f"d{i}" for i in range(40)], documents, bounded=bounded)
    whole = index.search(queries, 5, names(25), mode)
    monkeypatch.setattr(late, "PAIR_TOKENS", 10)
    together: list[int] = []
    original = late.score_pairs
    monkeypatch.setattr(late, "score_pairs", lambda d, q, *rest: together.append(len(q.vectors)) or original(d, q, *rest))
    parts = index.search(queries, 5, names(25), mode)
    assert max(together) <= 10 and len(set(together)) > 3
    assert (parts.index == whole.index).all()
    np.testing.assert_allclose(parts.scores, whole.scores, atol=1e-6)


def test_progress_counts_all_queries(monkeypatch):
    monkeypatch.setattr(late, "SCORE_CELLS", 8)
    generator = np.random.default_rng(7)
    index = LateIndex(list("abcd"), Ragged.from_list(texts(generator, 4)))
    done: list[int] = []
    index.search(Ragged.from_list(texts(generator, 5)), 2, names(5), progress=done.append)
    assert done == [2, 2, 1]


def test_mistakes_are_explained():
    good = Ragged.from_list([np.ones((2, 4), np.float32), np.ones((1, 4), np.float32)])
    empty = Ragged(np.ones((2, 4), np.float32), np.array([0, 2, 2]))
    broken = Ragged.from_list([np.ones((2, 4), np.float32), np.full((1, 4), np.nan, np.float32)])
    index = LateIndex(["a", "b"], good)
    with pytest.raises(BenchError, match="query 'swh-2'.*NaN"):
        index.search(broken, 1, ["swh-1", "swh-2"])
    with pytest.raises(BenchError, match="query 'swh-2' has no token"):
        index.search(empty, 1, ["swh-1", "swh-2"])
    with pytest.raises(BenchError, match="document 'b' has no token"):
        LateIndex(["a", "b"], empty)
    with pytest.raises(BenchError, match="document 'b'.*NaN"):
        LateIndex(["a", "b"], broken)
    with pytest.raises(BenchError, match="unknown late mode 'exac': did you mean 'exact'"):
        index.search(good, 1, ["q", "r"], mode="exac")
    with pytest.raises(BenchError, match="3 document ids for 2"):
        LateIndex(["a", "b", "c"], good)
