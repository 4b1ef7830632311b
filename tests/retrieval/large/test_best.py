import numpy as np

from bench.retrieval.large.best import Best


def test_the_best_of_all_pieces_stay():
    scores = np.random.default_rng(0).standard_normal((5, 300)).astype(np.float32)
    best = Best(5, 20)
    for start, stop in ((0, 3), (3, 150), (150, 290), (290, 300)):
        best.add(scores[:, start:stop], np.arange(start, stop))
    expected = np.argsort(-scores, axis=1)[:, :20]
    for query in range(5):
        assert set(best.documents[query]) == set(expected[query])
        np.testing.assert_array_equal(best.scores[query], scores[query, best.documents[query]])


def test_fewer_documents_than_asked_for_all_stay():
    best = Best(2, 10)
    best.add(np.array([[1, 2], [3, 4]], dtype=np.float32), np.array([4, 9]))
    assert [sorted(row[row >= 0]) for row in best.documents] == [[4, 9], [4, 9]]
    assert np.isneginf(best.scores[best.documents < 0]).all() and best.scores.max(axis=1).tolist() == [2, 4]


def test_scores_of_some_queries_leave_the_others_alone():
    best = Best(4, 2)
    best.add(np.array([[5, 6, 7], [9, 8, 7]], dtype=np.float32), np.array([0, 1, 2]), start=1)
    assert (best.documents[[0, 3]] == -1).all()
    assert set(best.documents[1]) == {1, 2} and set(best.documents[2]) == {0, 1}
