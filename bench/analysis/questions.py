"""Scores of single questions as numbers, and which of them are one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bench.analysis.results import RANKED_BY, Cell


@dataclass(frozen=True)
class Questions:
    """One task's scores per query, as numbers: strings are slow to compare a million times.

    Attributes:
        cell, scorer, language, query: (rows,) numbers; equal query numbers are equal query ids.
        unit: (rows,) numbers of what the cells say that belongs together, in one language or several; -1 where they say nothing.
        score: (rows,) nDCG@10.
        scorers, languages, queries: the names behind the numbers.
    """

    cell: np.ndarray
    scorer: np.ndarray
    language: np.ndarray
    query: np.ndarray
    unit: np.ndarray
    score: np.ndarray
    scorers: tuple[str, ...]
    languages: tuple[str, ...]
    queries: tuple[str, ...]

    def rows(self, keep: np.ndarray) -> Questions:
        """Those where `keep` (rows,) is True."""
        return Questions(
            self.cell[keep], self.scorer[keep], self.language[keep], self.query[keep], self.unit[keep], self.score[keep],
            self.scorers, self.languages, self.queries,
        )  # fmt: skip


def units_of(asked: Questions, shared: bool) -> np.ndarray:
    """(rows,) what counts as one question: what the cells say, else its id in a parallel task, else the question by language."""
    if shared:
        # What is joined over any language or cell is one. A unit gets the number of its first question: where each question
        # is a unit of its own, their ids are the units.
        said, count = asked.unit >= 0, len(asked.queries)
        ends = asked.query[said], count + asked.unit[said]
        size = count + int(asked.unit.max(initial=-1)) + 1
        _, joined = connected_components(coo_array((np.ones(len(ends[0])), ends), shape=(size, size)), directed=False)
        _, first, unit = np.unique(joined[:count], return_index=True, return_inverse=True)
        return first[unit][asked.query]
    own = len(asked.queries) * (asked.language.astype(np.int64) + 1) + asked.query
    base = len(asked.queries) * (len(asked.languages) + 2)
    # A query id has one unit, whichever cell says it: cells of an earlier version in the same experiment say none.
    said = np.full(base, -1, dtype=np.int64)
    said[own[asked.unit >= 0]] = asked.unit[asked.unit >= 0]
    return np.where(said[own] >= 0, base + said[own], own)


def questions(cells: Sequence[Cell]) -> dict[str, Questions]:
    """The scores per query of all cells, by task. Query numbers follow the order of the ids, not of the cells."""
    frames = [cell.questions for cell in cells if cell.questions is not None]
    if not frames:
        return {}
    columns = ["task", "scorer", "language", "query_id", RANKED_BY]
    everything = pd.concat([frame[[*columns, "unit"]] for frame in frames], ignore_index=True)
    owner = np.repeat(np.arange(len(frames)), [len(frame) for frame in frames])
    found = {}
    numbers, names = {}, {}
    for column in columns[:-1]:
        numbers[column], labels = pd.factorize(everything[column], sort=True)
        names[column] = tuple(map(str, labels))
    unit = pd.factorize(everything["unit"].replace("", None), sort=True)[0]
    score = everything[RANKED_BY].to_numpy(dtype=np.float32)
    for number, task in enumerate(names["task"]):
        keep = np.flatnonzero(numbers["task"] == number)
        scorer, language, query = (numbers[column][keep] for column in columns[1:-1])
        labels = names["scorer"], names["language"], names["query_id"]
        found[task] = Questions(owner[keep], scorer, language, query, unit[keep], score[keep], *labels)
    return found
