"""Every question of a cell is asked once, block by block: encoded, searched, and only its ranks are kept.

Token vectors take 1.5 KB each: those of 46,000 questions would take gigabytes. A block takes as much memory however many
blocks there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch

from bench.base.errors import BenchError
from bench.base.progress import Report
from bench.base.ragged import Ragged
from bench.cells.asking.queries import QuerySet
from bench.cells.shared.context import Context
from bench.encoders.encoder import Encoded
from bench.retrieval.ranking import Ranking
from bench.retrieval.sparse import WordQuery
from methods.declaration import SPARSE

TEXTS, GPU_TEXTS = 2048, 16384  # texts of a block, at most; a GPU wants larger products
BYTES = 200  # of a text; a block of longer ones has fewer, so that a block has some 50,000 to 100,000 tokens


class Encodes(Protocol):
    """An encoder, or what encodes like one."""

    @property
    def device(self) -> torch.device: ...

    def encode(self, texts: Sequence[str], kind: str = "query", /) -> Encoded: ...


class Ranks:
    """The k best documents of many queries, filled in block by block.

    Args:
        queries: how many there will be.
    """

    def __init__(self, queries: int) -> None:
        self.queries = queries
        self.doc_ids: list[str] = []
        self._place: dict[str, int] = {}
        self._same: Sequence[str] | None = None
        self.index = np.empty((0, 0), dtype=np.int32)
        self.scores = np.empty((0, 0), dtype=np.float32)

    def put(self, rows: np.ndarray, ranking: Ranking) -> None:
        """The ranking of the queries `rows`; rankings may know different documents."""
        if not self.index.size:
            shape = (self.queries, ranking.index.shape[1])
            self.index, self.scores = np.full(shape, -1, dtype=np.int32), np.full(shape, -np.inf, dtype=np.float32)
        if self._same is None:
            self._same, self.doc_ids = ranking.doc_ids, list(ranking.doc_ids)
        if ranking.doc_ids is self._same:
            self.index[rows] = ranking.index
        else:  # an index on disk names only what it found
            self._place = self._place or {name: number for number, name in enumerate(self.doc_ids)}
            for name in ranking.doc_ids:
                if name not in self._place:
                    self._place[name] = len(self.doc_ids)
                    self.doc_ids.append(name)
            places = np.array([self._place[name] for name in ranking.doc_ids] + [-1], dtype=np.int32)
            self.index[rows] = places[ranking.index]  # -1 is the last place
        self.scores[rows] = ranking.scores

    def of(self, rows: np.ndarray) -> Ranking:
        """The ranking of these queries, in this order."""
        return Ranking(self.doc_ids, self.index[rows], self.scores[rows])


@dataclass
class Asked:
    """What is asked of one task, each text and each structured query once, and what was found.

    Attributes:
        sets: its query sets.
        texts, words: their row in the ranks.
        names: a query id for each of them, for messages.
        ranks: by scorer.
    """

    sets: list[QuerySet]
    texts: dict[str, int]
    words: dict[WordQuery, int]
    names: dict[str | WordQuery, str]
    ranks: dict[str, Ranks] = field(default_factory=dict)

    @classmethod
    def by(cls, sets: list[QuerySet]) -> Asked:
        texts: dict[str, int] = {}
        words: dict[WordQuery, int] = {}
        names: dict[str | WordQuery, str] = {}
        for one in sets:
            for text, name in zip(one.texts, one.ids, strict=True):
                texts.setdefault(text, len(texts))
                names.setdefault(text, name)
            for query, name in zip(one.words or (), one.ids, strict=False):
                words.setdefault(query, len(words))
                names.setdefault(query, name)
        return cls(sets, texts, words, names)

    def put(self, scorer: str, total: int, rows: np.ndarray, ranking: Ranking) -> None:
        """What a scorer found for the `rows` of `total` queries."""
        self.ranks.setdefault(scorer, Ranks(total)).put(rows, ranking)

    def of(self, one: QuerySet) -> dict[str, Ranking]:
        """The rankings of a query set, by scorer."""
        rows = np.array([self.texts[text] for text in one.texts], dtype=np.int64)
        by_words = np.array([self.words[query] for query in one.words or ()], dtype=np.int64)
        return {scorer: ranks.of(by_words if scorer == SPARSE else rows) for scorer, ranks in self.ranks.items()}


@dataclass
class Vectors:
    """Unit vectors of some texts, one each and one a token."""

    row: dict[str, int]
    dense: np.ndarray
    late: Ragged

    def of(self, texts: Sequence[str]) -> tuple[np.ndarray, Ragged]:
        """Those of these texts, in this order."""
        rows = np.array([self.row[text] for text in texts], dtype=np.int64)
        if np.array_equal(rows, np.arange(len(self.row))):
            return self.dense, self.late
        return self.dense[rows], self.late.take(rows)

    @classmethod
    def joined(cls, items: dict[str, tuple[np.ndarray, np.ndarray]]) -> Vectors:
        """Those of single texts: (d,) and (tokens, d) of each."""
        if not items:
            return cls({}, np.empty((0, 0), np.float32), Ragged(np.empty((0, 0), np.float32), np.zeros(1, np.int64)))
        dense, late = zip(*items.values(), strict=True)
        return cls({text: row for row, text in enumerate(items)}, np.stack(dense), Ragged.from_list(late))


def search(
    context: Context, encoder: Encodes | None, sets: list[QuerySet], mode: str, depth: int, report: Report,
    keep: Sequence[str] = (),
) -> tuple[dict[str, Asked], Vectors]:  # fmt: skip
    """Ask every task's indexes with every scorer that there is something for.

    Args:
        context, encoder, sets, mode, depth, report: as in `evaluate`.
        keep: texts whose vectors are given back.

    Returns:
        What was found, by task; the vectors of `keep`.

    Raises:
        BenchError: a task has neither vectors nor words to be asked with.
    """
    tasks = {task: Asked.by([one for one in sets if one.task == task]) for task in dict.fromkeys(one.task for one in sets)}
    kept = _by_vectors(context, encoder, tasks, mode, depth, report, set(keep)) if encoder is not None else {}
    for task, asked in tasks.items():
        if asked.words and context.suite.task(task).streamed is None:  # an index of words needs all documents at once
            names = [asked.names[query] for query in asked.words]
            found = context.documents.word_index(task).search(list(asked.words), depth, names)
            asked.put(SPARSE, len(names), np.arange(len(names)), found)
        if not asked.ranks:
            raise BenchError(
                f"the documents of task {task} are streamed, and there is no index of words for them",
                "leave out methods that search by words alone, or the task",
            )
    return tasks, Vectors.joined(kept)


def _by_vectors(
    context: Context, encoder: Encodes, tasks: dict[str, Asked], mode: str, depth: int, report: Report, keep: set[str],
) -> dict[str, tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """Fills the ranks of the tasks; gives back the vectors of the texts in `keep`."""
    kept = {}
    texts = list(dict.fromkeys(text for asked in tasks.values() for text in asked.texts))
    done = 0
    for block in blocks(texts, TEXTS if encoder.device.type == "cpu" else GPU_TEXTS):
        vectors = encoded(context, encoder, block)
        for task, asked in tasks.items():
            if own := [text for text in block if text in asked.texts]:
                rows = np.array([asked.texts[text] for text in own], dtype=np.int64)
                names = [asked.names[text] for text in own]
                found = context.documents.index(task).search(*vectors.of(own), depth, names, mode)
                for scorer, ranking in found.items():
                    asked.put(scorer, len(asked.texts), rows, ranking)
        for text in keep.intersection(block):
            kept[text] = vectors.dense[vectors.row[text]].copy(), vectors.late[vectors.row[text]].copy()
        done += len(block)
        report("encode and search queries", done / len(texts))
    return kept


def encoded(context: Context, encoder: Encodes, texts: list[str]) -> Vectors:
    """The texts in the space of the context."""
    states = encoder.encode(texts, "query")
    space = context.teacher.space
    late = Ragged(space.tokens(states.tokens.vectors), states.tokens.offsets)
    return Vectors({text: row for row, text in enumerate(texts)}, space.pooled(states.pooled), late)


def blocks(texts: Sequence[str], most: int) -> Iterator[list[str]]:
    """The texts in blocks of similar length, longest first: sorted once, they need next to no padding.

    Longest first also means that memory is at its highest at once, and not after an hour.
    """
    block: list[str] = []
    size = 0
    for text in sorted(texts, key=lambda text: len(text.encode("utf-8", "surrogatepass")), reverse=True):
        own = len(text.encode("utf-8", "surrogatepass"))
        if block and (len(block) >= most or size + own > most * BYTES):
            yield block
            block, size = [], 0
        block.append(text)
        size += own
    if block:
        yield block
