"""From foreign words to English ones through a word table, with a way out for words that it does not have."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from os.path import commonprefix

import numpy as np

from bench.cells.words.cutting import key
from bench.cells.words.ibm1 import WordTable
from bench.retrieval.sparse import Term

_LAST = chr(0x10FFFF)


class Lexicon:
    """A word table of one language, asked word by word.

    Args:
        table: of `bench.cells.words.ibm1`; its words are `key`s.
        prefix: shortest beginning by which an unknown word is taken for known ones; 0: never.
    """

    def __init__(self, table: WordTable, prefix: int) -> None:
        self.table, self.prefix = table, prefix

    def translate(self, words: Sequence[str]) -> str:
        """The most probable English word of each, in the same order; a word that nothing is known of stays."""
        return " ".join(self.best(word) or word for word in words)

    def best(self, word: str) -> str | None:
        """The most probable English word, of equals the first in the alphabet; None if nothing is known."""
        columns, values = self.distribution(key(word))
        return self.table.target[columns[values.argmax()]] if len(columns) else None

    def distribution(self, word: str) -> tuple[np.ndarray, np.ndarray]:
        """(n,) columns of English words, ascending, and (n,) their probabilities given a foreign word (a `key`).

        For a word that is not in the table the mean over the words with the longest beginning in common,
        weighted by how often they occur; nothing if that is shorter than `prefix`.
        """
        if (number := self._rows.get(word)) is not None:
            return self.table.row(number)
        first, last = self._relatives(word)
        if first == last:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        mass = np.zeros(len(self.table.target))
        for number in range(first + 1, last + 1):
            columns, values = self.table.row(number)
            mass[columns] += self.table.counts[number] * values
        columns = np.flatnonzero(mass)  # none where the relatives occur beside empty English sides alone
        return columns, mass[columns] / mass[columns].sum()

    def term(self, word: str, alternatives: int, mass: float) -> Term:
        """What stands for a foreign word (a `key`) in a structured query; the word itself if nothing is known of it.

        Args:
            alternatives: at most so many English words, the most probable ones, of equals the first in the alphabet.
            mass: no more of them than it takes to reach this probability in all.

        Returns:
            The words and their probabilities, scaled to sum to 1 again.
        """
        columns, values = self.distribution(word)
        if not len(columns):
            return ((word, 1.0),)
        best = np.argsort(-values, kind="stable")
        enough = 1 + int(np.searchsorted(np.cumsum(values[best]), mass - 1e-9))
        best = best[: min(alternatives, enough)]
        shares = values[best] / values[best].sum()
        return tuple((self.table.target[column], float(share)) for column, share in zip(columns[best], shares, strict=True))

    @cached_property
    def _rows(self) -> dict[str, int]:
        # A word that only occurs beside empty English sides has an empty row: it counts as unknown.
        return {word: number for number, word in enumerate(self.table.source, 1) if len(self.table.row(number)[0])}

    def _relatives(self, word: str) -> tuple[int, int]:
        """Positions of the known words that share the longest beginning with `word`, if it is long enough."""
        known = self.table.source
        here = bisect_left(known, word)
        # In a sorted list one of the two neighbours shares the most.
        shared = max((commonprefix([word, near]) for near in known[max(0, here - 1) : here + 1]), key=len, default="")
        if not self.prefix or len(shared) < self.prefix:
            return 0, 0
        return bisect_left(known, shared), bisect_left(known, shared + _LAST)
