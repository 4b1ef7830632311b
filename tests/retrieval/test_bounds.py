import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.base.ragged import Ragged
from bench.retrieval import bounds
from bench.retrieval.bounds import Bounds, worthwhile
from bench.retrieval.late import LateIndex


def texts(generator, n, longest, d, spread):
    """Token matrices whose rows differ in length by up to 10 ** spread; some rows are zero."""
    items = []
    for length in generator.integers(1, longest + 1, n):
        scale = 10.0 ** generator.uniform(-spread, spread, (length, 1))
        rows = scale * generator.standard_normal((length, d))
        rows[generator.random(length) < 0.05] = 0
        items.append(rows.astype(np.float32))
    return items


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 5), st.sampled_from([0.0, 0.5, 2.0]))
@settings(max_examples=20, deadline=None)
def test_no_score_lies_outside_its_bounds(seed, n, q, spread):
    generator = np.random.default_rng(seed)
    documents, queries = texts(generator, n, 12, 32, spread), texts(generator, q, 6, 32, spread)
    rough, difference = Bounds(Ragged.from_list(documents)).scores(Ragged.from_list(queries), 40, 24)
    for i, query in enumerate(queries):
        for j, document in enumerate(documents):
            exact = (query.astype(float) @ document.astype(float).T).max(axis=1).mean()
            assert abs(exact - rough[i, j]) <= difference[i, j]


def test_bounds_are_narrow_on_unit_vectors():
    generator = np.random.default_rng(0)
    tokens = Ragged.from_list([unit(item) for item in generator.standard_normal((20, 9, 384))])
    rough, difference = Bounds(tokens).scores(tokens)
    np.testing.assert_allclose(np.diag(rough), 1, atol=0.01)
    assert difference.max() < 0.03


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.sampled_from([0.0, 0.5]))
@settings(max_examples=15, deadline=None)
def test_bounded_search_is_the_exhaustive_search(seed, k, spread):
    generator = np.random.default_rng(seed)
    documents = texts(generator, 40, 8, 32, spread)
    for copy in range(0, 40, 7):
        documents[copy] = documents[3]
    ids = [f"d{i}" for i in generator.permutation(40)]
    queries = Ragged.from_list([*texts(generator, 5, 6, 32, spread), documents[3]])
    names = [f"q{i}" for i in range(6)]
    tokens = Ragged.from_list(documents)
    quick = LateIndex(ids, tokens, bounded=True).search(queries, k, names)
    slow = LateIndex(ids, tokens, bounded=False).search(queries, k, names)
    np.testing.assert_allclose(quick.scores, slow.scores, rtol=1e-5, atol=1e-6)
    assert [quick.ids(i) for i in range(6)] == [slow.ids(i) for i in range(6)]


def test_most_documents_are_not_scored_in_float32(monkeypatch):
    """The point of it all: of documents with clearly different scores only the best are looked at again."""
    generator = np.random.default_rng(1)
    topics = generator.standard_normal((30, 1, 64))
    noise = generator.standard_normal((300, 40, 64))
    tokens = Ragged.from_list([unit(2 * topics[i % 30] + noise[i]) for i in range(300)])
    asked: list[int] = []
    original = bounds.Bounds.scores

    def spy(self, *arguments):
        asked.append(len(self.codes))
        return original(self, *arguments)

    monkeypatch.setattr(bounds.Bounds, "scores", spy)
    index = LateIndex([f"d{i}" for i in range(300)], tokens, bounded=True)
    queries = tokens.take(range(5))
    known = index._scores(queries, 10, "exact", None)[1]
    assert asked == [300] and 10 * 5 <= known.sum() < 0.15 * known.size
    index.search(queries, 200, list("abcde"))
    assert asked == [300]  # a ranking that deep is searched exhaustively


def test_used_only_where_it_can_pay(monkeypatch):
    long = Ragged.from_list([np.ones((bounds.MIN_TOKENS, 8), np.float32)] * 3)
    short = Ragged.from_list([np.ones((bounds.MIN_TOKENS - 1, 8), np.float32)] * 3)
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: True, raising=False)
    assert worthwhile(long, torch.device("cpu"))
    assert not worthwhile(short, torch.device("cpu"))
    assert not worthwhile(long, torch.device("meta"))
    with monkeypatch.context() as patch:
        patch.setattr(torch, "_int_mm", lambda a, b: torch.zeros(len(a), b.shape[1], dtype=torch.int32))
        assert not worthwhile(long, torch.device("cpu"))  # a kernel that computes something else
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: False, raising=False)
    assert not worthwhile(long, torch.device("cpu"))


def test_needs_no_private_function(monkeypatch):
    monkeypatch.delattr(torch, "_int_mm")
    monkeypatch.delattr(torch.cpu, "_is_vnni_supported", raising=False)
    long = Ragged.from_list([np.ones((bounds.MIN_TOKENS, 8), np.float32)])
    assert not LateIndex(["a"], long).bounded
