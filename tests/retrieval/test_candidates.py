import numpy as np
import pytest

from bench.base.errors import BenchError
from bench.base.ragged import Ragged
from bench.retrieval.candidates import Candidates, TokenIndex, recall_against
from bench.retrieval.late import LateIndex
from bench.retrieval.ranking import Ranking


@pytest.fixture(scope="module")
def problem():
    """200 documents around 12 topics, and queries made of noisy tokens of one document each."""
    generator = np.random.default_rng(0)
    topics = generator.standard_normal((12, 32))
    documents = [
        (topics[i % 12] + generator.standard_normal((length, 32))).astype(np.float32)
        for i, length in enumerate(generator.integers(2, 15, 200))
    ]
    documents[150] = documents[30].copy()
    queries = [
        (documents[i][:4] + 0.3 * generator.standard_normal((len(documents[i][:4]), 32))).astype(np.float32)
        for i in range(0, 60, 2)
    ]
    ids = [f"d{i:03d}" for i in range(200)]
    return ids, Ragged.from_list(documents), Ragged.from_list(queries), [f"q{i}" for i in range(len(queries))]


@pytest.mark.parametrize("kind", ["flat", "ivf"])
def test_scores_are_exact_where_a_document_was_found(problem, kind):
    ids, documents, queries, names = problem
    index = LateIndex(ids, documents)
    exact = index.search(queries, 200, names)
    rough = index.search(queries, 10, names, "approximate", Candidates(per_token=20, kind=kind, probes=4))
    for q in range(len(queries)):
        truth = dict(zip(exact.ids(q), exact.scores[q], strict=True))
        found = rough.ids(q)
        assert found == sorted(found, key=lambda name: (-truth[name], name))
        np.testing.assert_allclose(rough.scores[q, : len(found)], [truth[name] for name in found], atol=1e-5)
    recall = recall_against(exact, rough, 10)
    assert recall.mean() > 0.7
    assert recall_against(exact, rough, 1).mean() > 0.9


def test_all_tokens_as_candidates_is_the_exact_ranking(problem):
    ids, documents, queries, names = problem
    index = LateIndex(ids, documents)
    exact = index.search(queries, 25, names)
    rough = index.search(queries, 25, names, "approximate", Candidates(per_token=10**6, kind="flat"))
    assert [rough.ids(q) for q in range(len(names))] == [exact.ids(q) for q in range(len(names))]
    assert (recall_against(exact, rough, 25) == 1).all()


def test_few_candidates_lose_documents_and_recall_says_so(problem):
    ids, documents, queries, names = problem
    index = LateIndex(ids, documents)
    rough = index.search(queries, 50, names, "approximate", Candidates(per_token=1))
    recall = recall_against(index.search(queries, 50, names), rough, 50)
    lengths = (rough.index >= 0).sum(axis=1)
    assert (lengths <= queries.lengths + 1).all()  # one document per token, and one copy
    np.testing.assert_allclose(
        recall,
        [
            len(set(r) & set(e)) / 50
            for r, e in zip(
                (rough.ids(q) for q in range(len(names))),
                (index.search(queries, 50, names).ids(q) for q in range(len(names))),
                strict=True,
            )
        ],
    )
    assert recall.max() < 0.2


def test_copies_of_a_found_document_are_found(problem):
    ids, documents, queries, names = problem
    rough = LateIndex(ids, documents).search(queries, 5, names, "approximate", Candidates(per_token=1))
    assert rough.ids(15)[:2] == ["d030", "d150"]  # query 15 was made from document 30
    assert rough.scores[15, 0] == rough.scores[15, 1]


def test_auto_takes_inverted_lists_for_large_collections(problem):
    _, documents, queries, _ = problem
    total = len(documents.vectors)
    flat = TokenIndex(documents, Candidates(ivf_above=total))
    lists = TokenIndex(documents, Candidates(ivf_above=total - 1))
    assert not hasattr(flat.index, "nlist") and lists.index.nlist > 1
    again = TokenIndex(documents, Candidates(ivf_above=total - 1))
    np.testing.assert_array_equal(lists.documents(queries), again.documents(queries))  # seeded


def test_recall_by_hand():
    exact = Ranking(list("abc"), np.array([[0, 1, 2], [2, -1, -1]]), np.zeros((2, 3), np.float32))
    rough = Ranking(list("abc"), np.array([[2, 1, -1], [0, 2, -1]]), np.zeros((2, 3), np.float32))
    np.testing.assert_allclose(recall_against(exact, rough, 3), [2 / 3, 1])
    np.testing.assert_allclose(recall_against(exact, rough, 1), [0, 0])
    with pytest.raises(BenchError, match="recall at 4"):
        recall_against(exact, rough, 4)
    with pytest.raises(BenchError, match="same queries"):
        recall_against(exact, rough.part(0, 1), 1)


def test_mistakes_are_explained():
    with pytest.raises(BenchError, match="unknown candidate index 'hnsw'"):
        Candidates(kind="hnsw")
    with pytest.raises(BenchError, match="at least 1"):
        Candidates(per_token=0)
