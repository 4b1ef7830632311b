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
from bench.data.suite import leakage
from bench.data.suite.cleaning import keys

MIN_WORDS = 6  # of a sentence that is looked for: shorter ones stand in many texts by chance
MADE_OF = 0.5  # share of a source's sentences inside the documents of one task from which on the source is refused
FEWEST = 20  # sentences of a source that are too few to say so
RUN = 64  # letters, about 13 words: what else two texts have in common is counted from here on
_TABLE_BITS = 26
_PART = 2_000  # documents searched together: each letter takes some dozen bytes meanwhile


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


def find(pairs: pd.DataFrame, tasks: Mapping[str, pd.DataFrame]) -> Inside:
    """English sides inside relevant documents, for every task whose documents are in the tables.

    Args:
        pairs: as `types.BITEXT_COLUMNS`.
        tasks: documents and qrels as in `types.TABLES`.
    """
    english = pairs.drop_duplicates("pair_id")
    texts = english["english"].tolist()
    ids: dict[str, list[str]] = {}
    for pair, key in zip(english["pair_id"], keys(texts), strict=True):
        ids.setdefault(key, []).append(pair)
    long = {text: leakage.TEST for text in texts if len(text.split()) >= MIN_WORDS}
    finder = leakage.Finder.of(long)
    leaks: dict[str, tuple[int, str]] = {}
    by_task = {}
    judged = dict(_relevant(tasks))
    for task, documents in judged.items():
        found: set[str] = set()
        for number, key in _contained(finder, list(documents)):
            level = list(documents.values())[number]
            for pair in ids[key]:
                found.add(pair)
                leaks[pair] = max((level, key), leaks.get(pair, (0, "")))
        by_task[task] = frozenset(found)
    shared = _sharing(english, {task: list(documents) for task, documents in judged.items()})
    return Inside(leaks, by_task, {task: len(shared[task] - by_task[task]) for task in judged})


def refuse_made_of(pairs: pd.DataFrame, inside: Inside) -> None:
    """Refuse bitext that the documents of a task were made of: what is left of it is no fair training text.

    Raises:
        BenchError: half of a source's English sides or more stand inside the relevant documents of one task.
    """
    for source, ids in pairs.groupby("source", sort=True)["pair_id"]:
        distinct = set(ids)
        for task, found in inside.by_task.items():
            held = len(distinct & found)
            if len(distinct) >= FEWEST and held >= MADE_OF * len(distinct):
                raise BenchError(
                    f"{source} cannot be trained on where {task} is evaluated: {held:,} of its {len(distinct):,} English "
                    f"sentences stand in the documents of {task}",
                    f"take other bitext, or leave {task} out",
                )


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


def _contained(finder: leakage.Finder, documents: Sequence[str]) -> Iterator[tuple[int, str]]:
    for start in range(0, len(documents), _PART):
        for number, key in finder.contained(keys(documents[start : start + _PART])):
            yield start + number, key


def _sharing(english: pd.DataFrame, documents: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    """Task -> pair ids whose English side has `RUN` letters in a row in common with one of its documents."""
    wanted = {task: np.unique(np.concatenate([windows for windows, _ in _windows(texts)])) for task, texts in documents.items()}
    table = np.zeros(1 << _TABLE_BITS, dtype=bool)  # a quick test: nearly all windows fail it
    for windows in wanted.values():
        table[windows >> np.uint64(64 - _TABLE_BITS)] = True
    ids = english["pair_id"].to_numpy()
    shared: dict[str, set[str]] = {task: set() for task in documents}
    for windows, owners in _windows(english["english"].tolist()):
        maybe = np.flatnonzero(table[windows >> np.uint64(64 - _TABLE_BITS)])
        for task, sorted_windows in wanted.items():
            shared[task].update(ids[owners[maybe[_member(windows[maybe], sorted_windows)]]])
    return shared


def _member(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Which values are among the ordered ones. (n,), (m,) -> (n,) bool."""
    if not len(ordered):
        return np.zeros(len(values), dtype=bool)
    place = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return ordered[place] == values


def _windows(texts: Sequence[str]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Hashes of all windows of `RUN` letters that lie within one text, with the position of that text in `texts`."""
    for start in range(0, len(texts), _PART):
        letters = leakage.letters("\n".join(keys(texts[start : start + _PART])))
        windows = leakage.widen(letters, 1, RUN)
        before = np.concatenate([[0], np.cumsum(letters == ord("\n"))])  # line breaks before each letter
        first = np.arange(len(windows))
        within = before[first] == before[first + RUN]
        yield windows[within], start + before[first][within]
