"""From foreign words to English ones through a word table, with a way out for words that it does not have."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from os.path import commonprefix

import numpy as np

from bench.cells.words.cutting import key
from bench.cells.words.entries import Entries, Phrase
from bench.cells.words.ibm1 import WordTable
from bench.retrieval.sparse import Term

_LAST = chr(0x10FFFF)


class Lexicon:
    """A word table of one language, asked word by word.

    Args:
        table: of `bench.cells.words.ibm1`; its words are `key`s.
        prefix: shortest beginning by which an unknown word is taken for known ones; 0: never.
        entries: of a bilingual lexicon, which are asked first: the longest phrase that has a translation gets it. Of several
            translations the table decides (the mean of t(e | f) over the words of both sides), then the shortest.
    """

    def __init__(self, table: WordTable, prefix: int, entries: Entries | None = None) -> None:
        self.table, self.prefix, self.entries = table, prefix, entries

    def translate(self, words: Sequence[str]) -> str:
        """The most probable English word of each, in the same order; a word that nothing is known of stays."""
        if self.entries is None:
            return " ".join(self.best(word) or word for word in words)
        keys, found, at = [key(word) for word in words], [], 0
        while at < len(words):
            if phrase := self.entries.match(keys, at):
                found.append(self._chosen(phrase, self.entries.english[phrase]))
            else:
                found.append(self.best(words[at]) or words[at])
            at += len(phrase) or 1
        return " ".join(found)

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
        english, values = self._known(word)
        if not english:
            return ((word, 1.0),)
        best = np.argsort(-values, kind="stable")
        enough = 1 + int(np.searchsorted(np.cumsum(values[best]), mass - 1e-9))
        best = best[: min(alternatives, enough)]
        shares = values[best] / values[best].sum()
        return tuple((english[place], float(share)) for place, share in zip(best, shares, strict=True))

    def _known(self, word: str) -> tuple[list[str], np.ndarray]:
        """English words in the order of the alphabet, and (n,) their probabilities: of a word that is in both, the mean of
        table and lexicon; of one that is in the lexicon alone, that of the lexicon."""
        listed = self.entries.shares(word) if self.entries is not None else {}
        if not listed:
            columns, values = self.distribution(word)
            return [self.table.target[column] for column in columns], values
        if (number := self._rows.get(word)) is not None:
            columns, values = self.table.row(number)
            learnt = {self.table.target[column]: value for column, value in zip(columns, values, strict=True)}
            listed = {one: (listed.get(one, 0.0) + learnt.get(one, 0.0)) / 2 for one in {*listed, *learnt}}
        english = sorted(listed)
        return english, np.array([listed[one] for one in english])

    def _chosen(self, phrase: Phrase, translations: Sequence[Phrase]) -> str:
        rows = [dict(zip(*map(np.ndarray.tolist, self.table.row(self._rows[word])), strict=True)) for word in phrase
                if word in self._rows]  # fmt: skip

        def rank(english: Phrase) -> tuple[float, int, int, Phrase]:
            support = sum(row.get(self._columns.get(one, -1), 0.0) for row in rows for one in english) / len(english)
            return -support, len(english), len(" ".join(english)), english

        best: Phrase = min(translations, key=rank)
        return " ".join(best)

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.table.target)}

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
