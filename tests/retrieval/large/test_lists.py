import numpy as np

from bench.retrieval.large.lists import POINTS, Lists, build_lists, sample_size


def made(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((2000, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    folder, final = tmp_path / "beside", tmp_path / "final"
    folder.mkdir()
    parts = ((start, vectors[start : start + 700]) for start in (0, 700, 1400))
    build_lists(folder, final, vectors[: sample_size(2000)], lambda: parts)
    folder.rename(final)
    return vectors, Lists(final)


def test_with_all_lists_visited_nearly_all_of_the_best_are_found(tmp_path):
    vectors, lists = made(tmp_path)
    assert lists.index.ntotal == 2000 and lists.count == 2000 // POINTS
    queries = np.random.default_rng(1).standard_normal((300, 16)).astype(np.float32)  # more than one FAISS call
    found = lists.search(queries, 20, probes=10_000)
    exact = np.argsort(-(queries @ vectors.T), axis=1)[:, :20]
    shares = [len(set(a) & set(b)) / 20 for a, b in zip(found, exact, strict=True)]
    assert np.mean(shares) > 0.97  # one byte a dimension


def test_few_lists_may_hold_fewer_documents_than_asked_for(tmp_path):
    vectors, lists = made(tmp_path)
    found = lists.search(vectors[:5], 500, probes=1)
    assert (found[:, 0] == np.arange(5)).all() and (found[:, -1] == -1).all()


def test_lists_are_visited_in_the_order_that_is_told(tmp_path):
    vectors, lists = made(tmp_path)
    list_of, order = lists.list_of(), lists.order(vectors[:5])
    assert list_of.min() == 0 and len(set(list_of.tolist())) == lists.count
    for probes in (1, 3, lists.count):
        found = lists.search(vectors[:5], 2000, probes)
        for query in range(5):
            visited = np.flatnonzero(np.isin(list_of, order[query, :probes]))
            assert sorted(found[query][found[query] >= 0]) == visited.tolist()


def test_nothing_but_the_index_is_left(tmp_path):
    made(tmp_path)
    assert sorted(path.name for path in (tmp_path / "final").iterdir()) == ["lists.bin", "pooled.ivf"]


def test_lists_grow_with_the_root_of_the_documents():
    assert sample_size(20) == 20
    assert sample_size(10_000_000) == 12_649 * POINTS
