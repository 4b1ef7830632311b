"""Queries are asked in blocks, and only ranks are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench.base.ragged import Ragged
from bench.cells.asking import search as module
from bench.cells.asking.queries import english_sets, query_sets, with_words
from bench.cells.asking.search import Ranks, Vectors, blocks
from bench.cells.evaluation import evaluate
from bench.cells.shared.context import Context
from bench.retrieval.ranking import Ranking
from bench.retrieval.settings import Retrieval
from tests.made_suite import LETTERS, World, made_world

TASKS = ("faq", "symbols")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.mark.parametrize(("documents", "mode"), [("memory", "exact"), ("memory", "approximate"), ("disk", "approximate")])
@pytest.mark.parametrize("english", [False, True])
def test_blocks_leave_no_trace(world: World, monkeypatch: pytest.MonkeyPatch, documents: str, mode: str, english: bool) -> None:
    """The same table, run files aside, whether texts are encoded and searched three at a time or all at once."""
    context = Context(replace(world.context.key, retrieval=Retrieval(documents=documents, shard=4, recall_queries=2)))
    encoder = context.teacher.encoder
    sets = query_sets(context, TASKS, {}, "test", tuple(LETTERS))
    sets = with_words(context, english_sets(context, sets, {}, "test") if english else sets)
    recalls: dict[int, list] = {2048: [], 3: []}
    tables = {}
    for most, rows in recalls.items():
        monkeypatch.setattr(module, "TEXTS", most)
        for task in TASKS:
            context.documents.index(task)
        encode, asked = encoder.encode, []
        with monkeypatch.context() as patch:
            patch.setattr(encoder, "encode", lambda texts, *rest: asked.append(len(texts)) or encode(texts, *rest))  # noqa: B023
            tables[most] = evaluate(context, encoder, sets, mode, 100, lambda *_: None, recalls=rows)
        assert max(asked) <= most
    assert len(asked) > 3
    pd.testing.assert_frame_equal(tables[3], tables[2048])
    assert recalls[3] == recalls[2048] and bool(recalls[3]) == (mode == "approximate")


def test_a_text_that_stands_for_many_queries_is_searched_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    context = world.context
    sets = english_sets(context, query_sets(context, ("symbols",), {}, "test", tuple(LETTERS)), {}, "test")
    index = context.documents.index("symbols")
    searched: list[int] = []
    original = type(index).search
    spy = lambda self, dense, *rest: searched.append(len(dense)) or original(self, dense, *rest)  # noqa: E731
    monkeypatch.setattr(type(index), "search", spy)
    evaluate(context, context.teacher.encoder, sets, "exact", 100, lambda *_: None)
    assert len(sets) > 1 and searched == [len(set(sets[0].texts))]


def test_blocks_hold_texts_of_one_length() -> None:
    texts = ["a" * n for n in (3, 50, 7, 1, 900, 20)] + ["ä" * 5]
    found = list(blocks(texts, 3))
    assert sorted(text for block in found for text in block) == sorted(texts)
    lengths = [[len(text.encode()) for text in block] for block in found]
    # 3 texts or 600 bytes; a longer text is alone.
    assert lengths == [[900], [50, 20, 10], [7, 3, 1]]
    assert list(blocks([], 3)) == []


def ranking(names: list[str], *rows: list[str]) -> Ranking:
    index = np.full((len(rows), 3), -1, dtype=np.int64)
    for number, row in enumerate(rows):
        index[number, : len(row)] = [names.index(name) for name in row]
    return Ranking(names, index, np.where(index >= 0, np.float32(0.5), -np.inf).astype(np.float32))


def test_ranks_of_searches_that_know_other_documents() -> None:
    """An index on disk names only the documents that it found."""
    ranks = Ranks(4)
    ranks.put(np.array([2, 0]), ranking(["b", "a"], ["a", "b"], ["b"]))
    ranks.put(np.array([3]), ranking(["c", "b"], ["c", "b"]))
    found = ranks.of(np.array([0, 3, 2, 1, 0]))
    assert [found.ids(i) for i in range(5)] == [["b"], ["c", "b"], ["a", "b"], [], ["b"]]
    assert (found.scores[:, 0] == np.float32([0.5, 0.5, 0.5, -np.inf, 0.5])).all()
    assert found.index.dtype == np.int32


def test_vectors_of_some_texts() -> None:
    tokens = [np.full((size, 2), size, np.float32) for size in (1, 3, 2)]
    vectors = Vectors({"a": 0, "b": 1, "c": 2}, np.arange(6, dtype=np.float32).reshape(3, 2), Ragged.from_list(tokens))
    dense, late = vectors.of(["c", "a", "c"])
    assert dense.tolist() == [[4, 5], [0, 1], [4, 5]] and late.lengths.tolist() == [2, 1, 2]
    assert [float(late[i].mean()) for i in range(3)] == [2, 1, 2]
    same = vectors.of(["a", "b", "c"])
    assert same[0] is vectors.dense and same[1] is vectors.late  # nothing is copied where all are asked for
    assert len(Vectors.joined({}).late) == 0
