"""Every question of a cell is asked once, block by block: encoded, searched, and only its ranks are kept.

Token vectors take 1.5 KB each: those of 46,000 questions would take gigabytes. A block takes as much memory however many
blocks there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.base.errors import BenchError
from bench.base.progress import Report
from bench.base.ragged import Ragged
from bench.cells.asking.queries import QuerySet
from bench.cells.shared.context import Context
from bench.cells.shared.views import Encodes, View
from bench.encoders.device.memory import give_back
from bench.retrieval.ranking import Ranking
from bench.retrieval.sparse import WordQuery
from methods.declaration import SPARSE

TEXTS, GPU_TEXTS = 2048, 16384  # texts of a block, at most; a GPU wants larger products
Question = tuple[str, str]  # language and text; the language is empty where no space looks at it
BYTES = 200  # of a text; a block of longer ones has fewer, so that a block has some 50,000 to 100,000 tokens


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
    """What is asked of one task, each question and each structured query once, and what was found.

    Attributes:
        sets: its query sets.
        questions, words: their row in the ranks.
        names: a query id for each of them, for messages.
        by_language: equal texts of two languages are two questions.
        ranks: by scorer.
    """

    sets: list[QuerySet]
    questions: dict[Question, int]
    words: dict[WordQuery, int]
    names: dict[Question | WordQuery, str]
    by_language: bool = False
    ranks: dict[str, Ranks] = field(default_factory=dict)

    @classmethod
    def by(cls, sets: list[QuerySet], by_language: bool = False) -> Asked:
        found = cls(sets, {}, {}, {}, by_language)
        for one in sets:
            for question, name in zip(found.of_set(one), one.ids, strict=True):
                found.questions.setdefault(question, len(found.questions))
                found.names.setdefault(question, name)
            for query, name in zip(one.words or (), one.ids, strict=False):
                found.words.setdefault(query, len(found.words))
                found.names.setdefault(query, name)
        return found

    def of_set(self, one: QuerySet, most: int | None = None) -> list[Question]:
        """The (first) questions of a query set."""
        return [(one.language if self.by_language else "", text) for text in one.texts[:most]]

    def key(self, one: QuerySet) -> tuple:
        """Equal for sets that search the same: the English queries of a task stand for many languages."""
        return one.task, tuple(one.ids), tuple(self.of_set(one)), tuple(one.words or ())

    def put(self, scorer: str, total: int, rows: np.ndarray, ranking: Ranking) -> None:
        """What a scorer found for the `rows` of `total` queries."""
        self.ranks.setdefault(scorer, Ranks(total)).put(rows, ranking)

    def of(self, one: QuerySet) -> dict[str, Ranking]:
        """The rankings of a query set, by scorer."""
        rows = np.array([self.questions[question] for question in self.of_set(one)], dtype=np.int64)
        by_words = np.array([self.words[query] for query in one.words or ()], dtype=np.int64)
        return {scorer: ranks.of(by_words if scorer == SPARSE else rows) for scorer, ranks in self.ranks.items()}


@dataclass
class Vectors:
    """Unit vectors of some questions, one each and one a token."""

    row: dict[Question, int]
    dense: np.ndarray
    late: Ragged

    def of(self, questions: Sequence[Question]) -> tuple[np.ndarray, Ragged]:
        """Those of these, in this order."""
        rows = np.array([self.row[question] for question in questions], dtype=np.int64)
        if np.array_equal(rows, np.arange(len(self.row))):
            return self.dense, self.late
        return self.dense[rows], self.late.take(rows)

    @classmethod
    def joined(cls, items: dict[Question, tuple[np.ndarray, np.ndarray]]) -> Vectors:
        """Those of single questions: (d,) and (tokens, d) of each."""
        if not items:
            return cls({}, np.empty((0, 0), np.float32), Ragged(np.empty((0, 0), np.float32), np.zeros(1, np.int64)))
        dense, late = zip(*items.values(), strict=True)
        return cls({question: row for row, question in enumerate(items)}, np.stack(dense), Ragged.from_list(late))


def search(
    context: Context, encoder: Encodes | None, sets: list[QuerySet], mode: str, depth: int, report: Report,
    keep: int = 0, views: Sequence[View] = (),
) -> tuple[dict[str, Asked], Vectors]:  # fmt: skip
    """Ask every task's indexes with every scorer that there is something for.

    Args:
        context, encoder, sets, mode, depth, report: as in `evaluate`.
        keep: so many of the first questions of each query set whose vectors (of the first view) are given back.
        views: the spaces to compare in; default: the English one.

    Returns:
        What was found, by task; the vectors of the first questions.

    Raises:
        BenchError: a task has neither vectors nor words to be asked with.
    """
    views = views or (View.english(context),)
    separate = encoder is not None and any(view.by_language for view in views)
    names = dict.fromkeys(one.task for one in sets)
    tasks = {task: Asked.by([one for one in sets if one.task == task], separate) for task in names}
    kept = _by_vectors(encoder, tasks, views, mode, depth, report, keep) if encoder is not None else {}
    for task, asked in tasks.items():
        if asked.words and context.suite.task(task).streamed is None:  # an index of words needs all documents at once
            ids = [asked.names[query] for query in asked.words]
            found = context.documents.word_index(task).search(list(asked.words), depth, ids)
            asked.put(SPARSE, len(ids), np.arange(len(ids)), found)
        if not asked.ranks:
            raise BenchError(
                f"the documents of task {task} are streamed, and there is no index of words for them",
                "leave out methods that search by words alone, or the task",
            )
    return tasks, Vectors.joined(kept)


def _by_vectors(
    encoder: Encodes, tasks: dict[str, Asked], views: Sequence[View], mode: str, depth: int, report: Report, keep: int,
) -> dict[Question, tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """Fills the ranks of the tasks; gives back the vectors, in the first view, of the first questions of each query set."""
    kept = {}
    wanted = {question for asked in tasks.values() for one in asked.sets for question in asked.of_set(one, keep)}
    questions = {task: _by_text(asked) for task, asked in tasks.items()}
    texts = list(dict.fromkeys(text for of_text in questions.values() for text in of_text))
    done = 0
    for block in blocks(texts, TEXTS if encoder.device.type == "cpu" else GPU_TEXTS):
        states = encoder.encode(block, "query")
        row = {text: i for i, text in enumerate(block)}
        for view in views:
            for task, asked in tasks.items():
                own = [question for text in block for question in questions[task].get(text, ())]
                if not own:
                    continue
                dense, late = view.vectors(states, [row[text] for _, text in own], [language for language, _ in own])
                found = view.index(task).search(dense, late, depth, [asked.names[question] for question in own], mode)
                places = np.array([asked.questions[question] for question in own], dtype=np.int64)
                for scorer, ranking in found.items():
                    for suffix in view.suffixes:
                        asked.put(scorer + suffix, len(asked.questions), places, ranking)
                if view is views[0]:
                    for i, question in enumerate(own):
                        if question in wanted:
                            kept[question] = dense[i].copy(), late[i].copy()
        give_back()
        done += len(block)
        report("encode and search queries", done / len(texts))
    return kept


def _by_text(asked: Asked) -> dict[str, list[Question]]:
    """The questions of a task by their text: one, or one a language."""
    found: dict[str, list[Question]] = {}
    for question in asked.questions:
        found.setdefault(question[1], []).append(question)
    return found


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
