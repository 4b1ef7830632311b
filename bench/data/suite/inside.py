"""Is a training sentence a part of a relevant document? FLORES beside Belebele, whose passages are made of it, is the known case.

`leakage` looks for texts of a task in training texts; this looks the other way, for English sides in relevant documents.
Letters alone are compared, as there. Documents are English, so the other sides of pairs need not be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.base.errors import BenchError
from bench.data.stored.pair_table import each_once
from bench.data.stored.spool import Table, parts
from bench.data.suite import leakage
from bench.data.suite.common_letters import RUN, Beginnings, Runs
from bench.data.suite.splits import pair_number

MIN_WORDS = 6  # of a sentence that is looked for: shorter ones stand in many texts by chance
MADE_OF = 0.5  # share of a source's sentences inside the documents of one task from which on the source is refused
FEWEST = 20  # sentences of a source that are too few to say so
_PART = 2_000  # texts looked at together: each letter takes some dozen bytes meanwhile
_TOGETHER = 100_000  # English sides that are looked for together


@dataclass(frozen=True)
class Inside:
    """What was found.

    Attributes:
        leaks: pair id -> (level, key of the sentence), as of `leakage.leaking`.
        by_task: task -> pair ids whose English side stands inside one of its relevant documents.
        runs: task -> how many further English sides have `RUN` letters in a row in common with one of them.
    """

    leaks: Mapping[str, tuple[int, str]]
    by_task: Mapping[str, frozenset[str]]
    runs: Mapping[str, int]


def find(pairs: Table, tasks: Mapping[str, pd.DataFrame]) -> Inside:
    """English sides inside relevant documents, for every task whose documents are in the tables.

    Documents are few beside pairs. So hashes of their letters are held, and English sides are looked at some at a time: those
    whose first letters stand in a document are then looked for in it.

    Args:
        pairs: as `types.BITEXT_COLUMNS`.
        tasks: documents and qrels as in `types.TABLES`.
    """
    judged = dict(_relevant(tasks))
    search = _Search(judged)
    beginnings, runs = Beginnings(sum(len(text) for texts in judged.values() for text in texts)), Runs()
    for task, documents in judged.items():
        for _, keys in _compared(list(documents)):
            beginnings.add(keys)
            runs.add(task, keys)
    runs.close()
    shared: dict[str, set[str]] = {task: set() for task in judged}
    for part in each_once(pairs) if judged else ():
        ids, texts = part["pair_id"].to_numpy(), part["english"].tolist()
        for start, keys in _compared(texts):
            for number in beginnings.among(keys):
                if len(texts[start + number].split()) >= MIN_WORDS:
                    search.add(ids[start + number], keys[number])
            for task, places in runs.among(keys):
                shared[task].update(ids[start + places])
    search.close()
    for part in each_once(pairs) if search.there else ():
        rest = part[np.array([len(text.split()) < MIN_WORDS for text in part["english"]], bool)]
        ids, texts = rest["pair_id"].to_numpy(), rest["english"].tolist()
        for start, keys in _compared(texts):
            for number, key in enumerate(keys):
                if key in search.there:
                    search.also(ids[start + number], key)
    leaks, by_task = search.found()
    return Inside(leaks, by_task, {task: len(shared[task] - by_task[task]) for task in judged})


def refuse_made_of(pairs: Table, inside: Inside) -> None:
    """Refuse bitext that the documents of a task were made of: what is left of it is no fair training text.

    Raises:
        BenchError: half of a source's English sides or more stand inside the relevant documents of one task.
    """
    found = set().union(*inside.by_task.values())
    standing: dict[str, set[str]] = {}
    for part in parts(pairs, "pair_id", "source") if found else ():
        for source, ids in part[part["pair_id"].isin(found)].groupby("source")["pair_id"]:
            standing.setdefault(str(source), set()).update(ids)
    for source, ids in sorted(standing.items()):
        distinct = 0
        for task, own in inside.by_task.items():
            held = len(ids & own)
            if held < MADE_OF * FEWEST:
                continue
            distinct = distinct or _distinct(pairs, source)
            if distinct >= FEWEST and held >= MADE_OF * distinct:
                raise BenchError(
                    f"{source} cannot be trained on where {task} is evaluated: {held:,} of its {distinct:,} English "
                    f"sentences stand in the documents of {task}",
                    f"take other bitext, or leave {task} out",
                )


def _distinct(pairs: Table, source: str) -> int:
    """How many pair ids a source has, in all languages together."""
    found = [np.zeros(0, np.int64)]
    for part in parts(pairs, "pair_id", "source"):
        own = part.loc[part["source"] == source, "pair_id"]
        found.append(np.fromiter(map(pair_number, own), np.int64, len(own)))
    return len(np.unique(np.concatenate(found)))


def notes(inside: Inside) -> list[str]:
    """One sentence for each task that has anything in common with the bitext."""
    said = []
    for task, found in inside.by_task.items():
        if found:
            said.append(f"task {task}: {len(found):,} English sentences of the bitext stand in its relevant documents; left out")
        if inside.runs[task]:
            what = f"{inside.runs[task]:,} further English sides have {RUN} letters in a row in common with one"
            said.append(f"task {task}: {what}; kept")
    return said


def _relevant(tasks: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, dict[str, int]]]:
    """Task -> text of its relevant documents -> level."""
    judged = tasks["qrels"][["task", "split", "doc_id"]].drop_duplicates()
    for task, rows in judged.merge(tasks["documents"], on=["task", "doc_id"]).groupby("task", sort=True):
        levels: dict[str, int] = {}
        for split, text in zip(rows["split"], rows["text"], strict=True):
            levels[text] = max(levels.get(text, 0), leakage.TEST if split == "test" else leakage.DEV)
        yield str(task), levels


def _compared(texts: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """`leakage.compared` of some of the texts at a time, with the place of the first of them."""
    for start in range(0, len(texts), _PART):
        yield start, leakage.compared(texts[start : start + _PART])


class _Search:
    """English sides that may stand in documents, and those that do.

    Args:
        judged: task -> text of its relevant documents -> level.
    """

    def __init__(self, judged: Mapping[str, Mapping[str, int]]) -> None:
        self._judged = judged
        self._waiting: dict[str, list[str]] = {}  # key -> pair ids
        self.there: dict[str, dict[str, int]] = {}  # key -> task -> level, of keys that stand in a document
        self._pairs: dict[str, list[str]] = {}  # of those

    def add(self, pair: str, key: str) -> None:
        """One more."""
        self._waiting.setdefault(key, []).append(pair)
        if len(self._waiting) >= _TOGETHER:
            self.close()

    def also(self, pair: str, key: str) -> None:
        """A short text, which counts where a long one has its key, as `½ cup` has that of `1 ⁄ 2 cup`."""
        self._pairs[key].append(pair)

    def found(self) -> tuple[dict[str, tuple[int, str]], dict[str, frozenset[str]]]:
        """`leaks` and `by_task` of `Inside`."""
        leaks: dict[str, tuple[int, str]] = {}
        by_task: dict[str, set[str]] = {task: set() for task in self._judged}
        for key, levels in self.there.items():
            for task, level in levels.items():
                by_task[task].update(self._pairs[key])
                for pair in self._pairs[key]:
                    leaks[pair] = max((level, key), leaks.get(pair, (0, "")))
        return leaks, {task: frozenset(pairs) for task, pairs in by_task.items()}

    def close(self) -> None:
        """Look for those that wait."""
        if not self._waiting:
            return
        finder = leakage.Finder.within(list(self._waiting))
        for task, documents in self._judged.items():
            levels = list(documents.values())
            for start, keys in _compared(list(documents)):
                for number, key in finder.contained(keys):
                    there = self.there.setdefault(key, {})
                    there[task] = max(levels[start + number], there.get(task, 0))
        for key in self._waiting.keys() & self.there.keys():
            self._pairs.setdefault(key, []).extend(self._waiting[key])
        self._waiting = {}
