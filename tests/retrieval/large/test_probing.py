"""The number of visited lists is the smallest that holds the target's share for every group."""

import numpy as np
import pytest

from bench.data.documents import DocumentStream
from bench.retrieval.large.build import encode_collection, index_collection
from bench.retrieval.large.probing import Probing, choose, exact, visits
from tests.made_collection import documents, encode, made_space, questions

COUNT, CANDIDATES = 1000, 60


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    made, folder = documents(COUNT), tmp_path_factory.mktemp("probing")
    shards = encode_collection(folder, DocumentStream(lambda: made, "made", COUNT), encode, 8, 300, lambda _: None)
    return index_collection(folder, shards, made_space(), CANDIDATES, 1)


@pytest.fixture(scope="module")
def dense():
    return questions(made_space(), 30)[0]


GROUPS = ["swh_Latn"] * 10 + ["deu_Latn"] * 20


def held(index, dense, probes):
    """Share of the exact best documents that a search of so many lists sees, of each query."""
    wanted = exact(index.shards, index.space, dense, CANDIDATES)
    found = index.lists.search(dense, COUNT, probes)
    return np.array([np.isin(own, found[row]).mean() for row, own in enumerate(wanted)])


def test_the_best_documents_are_those_of_an_exhaustive_search(index, dense):
    pooled = index.space.pooled(index.shards.pooled(np.arange(COUNT)))
    expected = np.argsort(-(dense @ pooled.T), axis=1)[:, :CANDIDATES]
    assert np.array_equal(np.sort(expected, axis=1), np.sort(exact(index.shards, index.space, dense, CANDIDATES), axis=1))


@pytest.mark.parametrize("target", [0.5, 0.9, 0.99])
def test_it_is_the_smallest_number_that_is_enough_for_the_worst_group(index, dense, target):
    said = choose(index.lists, index.shards, index.space, dense, GROUPS, target, CANDIDATES)
    for probes, enough in ((said.probes, True), (said.probes - 1, False)):
        shares = held(index, dense, probes)
        by_group = {name: shares[np.array(GROUPS) == name].mean() for name in set(GROUPS)}
        assert (min(by_group.values()) >= target) == enough
        if enough:
            assert said.worst == min(by_group, key=by_group.get) and said.worst_recall == pytest.approx(min(by_group.values()))
            assert said.recall == pytest.approx(np.mean(list(by_group.values())))
    assert (said.lists, said.target, said.queries, said.depth) == (index.lists.count, target, 30, CANDIDATES)
    assert 1 < said.probes < said.lists


def test_a_target_of_one_is_reached(index, dense):
    said = choose(index.lists, index.shards, index.space, dense, GROUPS, 1.0, CANDIDATES)
    assert said.recall == said.worst_recall == 1 and held(index, dense, said.probes).min() == 1


def test_more_candidates_than_documents_are_all_documents(index, dense):
    said = choose(index.lists, index.shards, index.space, dense, GROUPS, 1.0, 10 * COUNT)
    assert said.depth == COUNT and said.probes == said.lists


def test_lists_are_counted_from_the_one_that_is_visited_first(index, dense):
    wanted = exact(index.shards, index.space, dense, 5)
    visited = visits(index.lists, dense, wanted)
    for query in range(len(dense)):
        for document, after in zip(wanted[query], visited[query], strict=True):
            for probes, found in ((after + 1, True), (after, False)):
                assert not probes or (document in index.lists.search(dense[query : query + 1], COUNT, int(probes))[0]) == found


def test_an_index_visits_what_was_chosen(index, dense):
    index = index_with(index, lambda own: choose(own.lists, own.shards, own.space, dense, GROUPS, 0.9, own.candidates))
    _, late, names = questions(made_space(), 30)
    few = index.search(dense, late, 50, names)["dense"]
    fixed = index_with(index, index.probing.probes).search(dense, late, 50, names)["dense"]
    assert few.index.tolist() == fixed.index.tolist() and few.doc_ids == fixed.doc_ids
    assert index.probing.record()["target"] == 0.9
    assert index_with(index, 10_000).probing == Probing(index.lists.count, index.lists.count)
    assert index_with(index, 3).probing.record() == {"probes": 3, "lists": index.lists.count}


def test_an_exhaustive_search_chooses_nothing(index, dense):
    _, late, names = questions(made_space(), 30)
    index_with(index, lambda own: pytest.fail("chosen")).search(dense, late, 5, names, "exact")


def index_with(index, probes):
    """The same collection with another number of lists."""
    return index_collection(index.shards.shards[0].folder.parent, index.shards, index.space, CANDIDATES, probes)
