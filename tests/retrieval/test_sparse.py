"""BM25 held against another implementation and against arithmetic; structured queries; order and what is not found."""

from __future__ import annotations

from math import log

import bm25s
import numpy as np
import pytest

from bench.base.errors import BenchError
from bench.retrieval.sparse import SparseIndex, plain
from tests.made_suite import WORDS, sentences

DOCUMENTS = {"a": "cat cat milk", "b": "dog", "c": "milk and bread", "d": "dog reads a book"}


def index() -> SparseIndex:
    return SparseIndex(list(DOCUMENTS), [text.split() for text in DOCUMENTS.values()])


def scores(found, row: int = 0) -> dict[str, float]:
    return dict(zip(found.ids(row), found.scores[row].tolist(), strict=False))


def bm25(tf: float, df: float, length: int) -> float:
    mean = np.mean([len(text.split()) for text in DOCUMENTS.values()])
    return log(1 + (4 - df + 0.5) / (df + 0.5)) * tf / (tf + 1.2 * (0.25 + 0.75 * length / mean))


def test_by_hand():
    found = scores(index().search([plain(["cat", "milk"])], 4, ["q"]))
    assert list(found) == ["a", "c"]
    assert found == pytest.approx({"a": bm25(2, 1, 3) + bm25(1, 2, 3), "c": bm25(1, 2, 3)}, rel=1e-6)
    twice = scores(index().search([plain(["cat", "cat"])], 4, ["q"]))
    assert twice == pytest.approx({"a": 2 * bm25(2, 1, 3)}, rel=1e-6)


def test_a_term_has_the_weighted_frequencies_of_its_words():
    found = scores(index().search([((("cat", 0.7), ("milk", 0.2), ("simba", 0.1)),)], 4, ["q"]))
    df = 0.7 * 1 + 0.2 * 2
    assert found == pytest.approx({"a": bm25(0.7 * 2 + 0.2, df, 3), "c": bm25(0.2, df, 3)}, rel=1e-6)


def test_it_is_the_usual_bm25():
    texts = [(" ".join(f"{word} " * (1 + i % 3) for i, word in enumerate(text.split()))).split() for text in sentences(60, 3)]
    queries = [[*text.split(), "unheard"] for text in sentences(20, 4)]
    other = bm25s.BM25(method="lucene", k1=1.2, b=0.75, dtype="float64")
    other.index(texts, show_progress=False)
    ids = [f"d{i:02}" for i in range(60)]
    found = SparseIndex(ids, texts).search([plain(query) for query in queries], 60, list(map(str, range(20))))
    for row, query in enumerate(queries):
        expected = other.get_scores([word for word in query if word in WORDS])
        own = np.zeros(60)
        own[found.index[row][found.index[row] >= 0]] = found.scores[row][found.index[row] >= 0]
        assert own == pytest.approx(expected, rel=1e-6) and expected.max() > 0


def test_ties_by_id_and_no_document_without_a_word_of_the_query():
    found = SparseIndex(["z", "y", "x"], [["cat"], ["dog"], ["cat"]]).search([plain(["cat"]), plain(["sea"]), ()], 2, list("pqr"))
    assert found.ids(0) == ["x", "z"] and found.ids(1) == found.ids(2) == []
    assert np.isneginf(found.scores[1:]).all() and (found.index[1:] == -1).all()
    assert SparseIndex(["z", "y", "x"], [["cat"], ["dog"], ["cat"]]).search([plain(["cat"])], 1, ["p"]).ids(0) == ["x"]


def test_neither_other_queries_nor_the_order_of_documents_matter(monkeypatch: pytest.MonkeyPatch):
    texts = [text.split() for text in sentences(50, 5)]
    queries = [((("cat", 0.6), ("dog", 0.3)), (("sea", 1.0),)), plain(["milk", "moon"]), plain(["cat", "salt"])]
    ids = [f"d{i}" for i in range(50)]
    together = SparseIndex(ids, texts).search(queries, 10, list("pqr"))
    monkeypatch.setattr("bench.retrieval.sparse.BATCH", 1)
    backwards = SparseIndex(ids[::-1], texts[::-1]).search(queries[::-1], 10, list("rqp"))
    for row in range(3):
        assert together.ids(row) == backwards.ids(2 - row)
        assert together.scores[row].tolist() == backwards.scores[2 - row].tolist()


def test_mistakes():
    with pytest.raises(BenchError, match="weights"):
        index().search([((("cat", 0.7), ("milk", 0.7)),)], 4, ["q"])
    with pytest.raises(BenchError, match="weights"):
        index().search([((("cat", -0.1),),)], 4, ["q"])
    with pytest.raises(BenchError, match="query ids"):
        index().search([plain(["cat"])], 4, [])
    with pytest.raises(BenchError, match="document ids"):
        SparseIndex(["a"], [])
    assert SparseIndex(["a", "b"], [[], []]).search([plain(["cat"])], 1, ["q"]).ids(0) == []
