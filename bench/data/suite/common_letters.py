"""Letters that texts have in common with documents, told by hashes of windows of letters: documents few, texts many.

Texts come as `leakage.compared` makes them, some at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from bench.data.suite import leakage

RUN = 64  # letters, about 13 words: what else two texts have in common is counted from here on
_LEAST, _MOST, _FEW = 16, 26, 24  # bits of a table; where there are several


class Table:
    """A quick test for hashes: those that were added pass it, and of all others few.

    Args:
        number: of hashes that will be added, about: an eighth of the table is filled then.
        most: bits of the table, whatever the number.
    """

    def __init__(self, number: int, most: int = _MOST) -> None:
        bits = min(most, max(_LEAST, number.bit_length() + 3))
        self._shift = np.uint64(64 - bits)
        self._filled = np.zeros(1 << bits, dtype=bool)

    def add(self, hashes: np.ndarray) -> None:
        """More hashes, uint64."""
        self._filled[hashes >> self._shift] = True

    def passed(self, hashes: np.ndarray) -> np.ndarray:
        """(n,) bool: which of these pass."""
        return self._filled[hashes >> self._shift]


class Beginnings:
    """Which texts may stand inside of some documents: those whose first letters do. None that stands there is missed.

    Args:
        size: letters of all documents, about.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._tables: dict[int, Table] = {}

    def add(self, documents: Sequence[str]) -> None:
        """More documents."""
        for length, hashes in leakage.windows("\n".join(documents)):
            self._tables.setdefault(length, Table(self._size, _FEW)).add(hashes)

    def among(self, texts: Sequence[str]) -> list[int]:
        """Places of the texts that may stand inside of a document, ascending."""
        found = [
            numbers[self._tables[length].passed(hashes)]
            for length, numbers, hashes in leakage.beginnings(texts)
            if length in self._tables
        ]
        return np.sort(np.concatenate([*found, np.zeros(0, np.int64)])).tolist()


class Runs:
    """Which texts have `RUN` letters in a row in common with one of the documents of a task."""

    def __init__(self) -> None:
        self._parts: dict[str, list[np.ndarray]] = {}
        self._wanted: dict[str, np.ndarray] = {}

    def add(self, task: str, documents: Sequence[str]) -> None:
        """More documents of a task."""
        windows, _ = _runs(documents)
        self._parts.setdefault(task, []).append(np.unique(windows))

    def close(self) -> None:
        """All documents were added."""
        self._wanted = {task: np.unique(np.concatenate(parts)) for task, parts in self._parts.items()}
        self._parts = {}
        self._table = Table(sum(map(len, self._wanted.values())))
        for windows in self._wanted.values():
            self._table.add(windows)

    def among(self, texts: Sequence[str]) -> Iterable[tuple[str, np.ndarray]]:
        """Task -> places of the texts, some more than once."""
        windows, owners = _runs(texts)
        maybe = np.flatnonzero(self._table.passed(windows))
        for task, wanted in self._wanted.items():
            yield task, owners[maybe[_member(windows[maybe], wanted)]]


def _member(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Which values are among the ordered ones. (n,), (m,) -> (n,) bool."""
    if not len(ordered):
        return np.zeros(len(values), dtype=bool)
    place = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return ordered[place] == values


def _runs(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all windows of `RUN` letters that lie within one text, and the place of that text."""
    letters = leakage.letters("\n".join(texts))
    windows = leakage.widen(letters, 1, RUN)
    before = np.concatenate([[0], np.cumsum(letters == ord("\n"))])  # line breaks before each letter
    first = np.arange(len(windows))
    within = before[first] == before[first + RUN]
    return windows[within], before[first][within]
