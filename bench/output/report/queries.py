"""The queries on which two methods differ most, with the first documents of both."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.agreement import Runs, read_run
from bench.analysis.arms import FLOOR, Scores
from bench.analysis.results import Cell, Experiment
from bench.base.errors import BenchError
from bench.experiment.packed import Packed
from bench.experiment.store import folder_name
from bench.output.report.embed import scaled
from bench.output.report.places import PER_MILLE
from bench.output.report.texts import QUERY, Texts, cut

PER_SIDE = 6  # queries of a pair, scorer and task on which one of them is ahead
FIRST = 3  # documents of each list
Item = tuple[str, str, str, str]  # scorer, task, language, query id


def differing(
    experiment: Experiment, order: str, scores: Scores, methods: Sequence[str], texts: Texts, names: Sequence[str],
    per_side: int = PER_SIDE,
) -> dict[str, Any]:  # fmt: skip
    """The browser's content for every pair of `methods` and the floor, each at the largest size that both have.

    Scores are means over seeds, as the comparison takes them (`Scores.paired`); lists are those of the first seed.
    Only queries that both have answered are looked at. Of equal differences each language gives one before any
    gives a second.

    Args:
        texts: where the texts come from.
        names: the methods of the page; their positions stand for them.
    """
    store = _Store(experiment, texts)
    pairs = []
    for first, second in combinations([*methods, *({FLOOR} & set(scores.methods))], 2):
        size, arms = _largest(scores, experiment.plan.sizes_of(order), first, second)
        if not arms:
            continue
        rows = []
        for scorer in scores.scorers:
            for task in scores.tasks:
                for language, query, means in _most(scores, scorer, task, arms, per_side):
                    asked = scorer, task, language, scores.query_ids[query]
                    lists = [store.ranked(scores.arms[arm].done[0], asked) for arm in arms]
                    rows.append([store.item(asked), *scaled(means, PER_MILLE), *lists])
        pairs.append({"first": names.index(first), "second": names.index(second), "size": size, "rows": rows})
    return {"pairs": pairs, **store.content()}


def _largest(scores: Scores, sizes: Sequence[int], first: str, second: str) -> tuple[int, tuple[int, ...]]:
    for size in sorted(sizes, reverse=True):
        arms = scores.index(first, size), scores.index(second, size)
        if arms[0] is not None and arms[1] is not None and all(scores.arms[arm].done for arm in arms if arm is not None):
            return size, (arms[0], arms[1])
    return 0, ()


def _most(scores: Scores, scorer: str, task: str, arms: tuple[int, ...], n: int) -> list[tuple[str, int, tuple[float, float]]]:
    """(language, number of the query, means of both), `n` with the first ahead and `n` with the second, most different first."""
    found = []
    for code in scores.languages:
        for place in scores.at(scorer, task, [code]):
            if (one := scores.paired(place, *arms)) is None:
                continue
            asked, difference = one
            columns = [asked.arms.index(arm) for arm in arms]
            for side in (1, -1):
                ahead = np.flatnonzero(side * difference > 0)
                ahead = ahead[np.argsort(-np.abs(difference[ahead]), kind="stable")][:n]
                for turn, at in enumerate(ahead):
                    means = tuple(float(asked.means[at, column]) for column in columns)
                    found.append((side, -round(abs(float(difference[at])), 6), turn, code, int(asked.ids[at]), means))
    # Codes in alphabetical order would always show the same languages.
    found.sort(key=lambda one: (*one[:3], zlib.crc32(f"{task} {one[3]} {one[4]}".encode()), one[3]))
    kept = [one for side in (1, -1) for one in [own for own in found if own[0] == side][:n]]
    return [(code, query, (means[0], means[1])) for *_, code, query, means in kept]


class _Store:
    """Queries, documents and lists of a view, each held once and called by its number."""

    def __init__(self, experiment: Experiment, texts: Texts) -> None:
        self.experiment, self.texts = experiment, texts
        self.items: dict[Item, int] = {}
        self.documents: dict[tuple[str, str], int] = {}
        self.lists: dict[tuple[str, int], int] = {}
        self.ranked_documents: list[list[int]] = []
        self.asked: dict[str, str] = {}  # number of a list -> the translation that was searched with
        self._runs: dict[tuple[str, str, str, str], Runs] = {}
        self._translations: dict[str, dict[tuple[str, str], str]] = {}

    def item(self, asked: Item) -> int:
        """Number of a query as one scorer was asked it."""
        return self.items.setdefault(asked, len(self.items))

    def document(self, task: str, document: str) -> int:
        return self.documents.setdefault((task, document), len(self.documents))

    def ranked(self, cell: Cell, asked: Item) -> int | None:
        """Number of the list of a cell for a query; None if its run file is gone or damaged."""
        key = cell.name.id, self.item(asked)
        if key not in self.lists:
            scorer, task, language, query = asked
            run = self._run(cell, task, scorer, language).get(query)
            if run is None:
                return None
            self.lists[key] = len(self.ranked_documents)
            self.ranked_documents.append([self.document(task, document) for document in run])
            if translated := self._translated(cell, task, language, query):
                self.asked[str(self.lists[key])] = translated
        return self.lists[key]

    def content(self) -> dict[str, Any]:
        """`items`: task, scorer, language, id, text, English text and relevant documents; `documents`: task, id, text."""
        texts = self.texts
        items = []
        for scorer, task, language, query in self.items:
            relevant = list(texts.judged(task, language, query).items())[:FIRST]
            judged = [[self.document(task, name), grade] for name, grade in relevant]
            shown = texts.query(task, language, query)
            items.append([scorer, task, language, query, shown, texts.english(task, query), judged])
        documents = [[task, name, texts.document(task, name)] for task, name in self.documents]
        return {
            "items": items, "documents": documents, "lists": self.ranked_documents, "asked": self.asked,
            "hidden": dict(texts.hidden), "note": texts.note,
        }  # fmt: skip

    def _run(self, cell: Cell, task: str, scorer: str, language: str) -> Runs:
        key = cell.name.id, task, scorer, language
        if key not in self._runs:
            name, path = folder_name(cell.name.id), self.experiment.path
            folder = path / "runs" / name if Packed.there(path) else path / "cells" / name / "runs"
            try:
                self._runs[key] = {query: dict(list(run.items())[:FIRST]) for query, run in
                                   read_run(folder / f"{task}.{scorer}.{language}.trec.gz").items()}  # fmt: skip
            except BenchError:
                self._runs[key] = {}
        return self._runs[key]

    def _translated(self, cell: Cell, task: str, language: str, query: str) -> str:
        if task in self.texts.hidden:
            return ""
        if cell.name.id not in self._translations:
            path = self.experiment.path / "cells" / folder_name(cell.name.id) / "translations.csv"
            self._translations[cell.name.id] = _read_translations(path) if path.is_file() else {}
        return cut(self._translations[cell.name.id].get((language, self.texts.whole_query(task, language, query)), ""), QUERY)


def _read_translations(path: Any) -> dict[tuple[str, str], str]:
    try:
        table = pd.read_csv(path, keep_default_na=False, dtype=str)
        return {(row.language, row.text): row.translation for row in table.itertuples()}
    except (OSError, ValueError, AttributeError):
        return {}
