"""A bilingual lexicon of one language: words and short phrases, and the English of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from bench.cells.words.cutting import Pieces, key, words
from bench.cells.words.ibm1 import WordTable

Phrase = tuple[str, ...]  # `key`s


class Entries:
    """The entries by their words in the other language.

    Args:
        pairs: English and the other side; one without a word on either side is left out.
        pieces: cuts scripts without spaces between words.

    Attributes:
        english: phrase -> its translations, each once.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]], pieces: Pieces) -> None:
        self.english: dict[Phrase, list[Phrase]] = {}
        for english, text in pairs:
            own, target = (tuple(key(word) for word in words(side, pieces)) for side in (text, english))
            if own and target and target not in (known := self.english.setdefault(own, [])):
                known.append(target)
        self.longest = max(map(len, self.english), default=0)

    def __len__(self) -> int:
        return len(self.english)

    def match(self, text: Sequence[str], start: int) -> Phrase:
        """The longest phrase of the lexicon that stands in a text (`key`s) at `start`; empty: none does."""
        for length in range(min(self.longest, len(text) - start), 0, -1):
            if (found := tuple(text[start : start + length])) in self.english:
                return found
        return ()

    def covered(self, text: Sequence[str]) -> int:
        """How many of the words of a text are translated by phrases of the lexicon."""
        at = count = 0
        while at < len(text):
            length = len(self.match(text, at))
            count += length
            at += length or 1
        return count

    def shares(self, word: str) -> dict[str, float]:
        """English word -> share of it in the translations of a single word; they sum to 1. Empty for a word not in it.

        Translations weigh alike, and so do the words of one.
        """
        found: dict[str, float] = {}
        translations = self.english.get((word,), [])
        for phrase in translations:
            for english in phrase:
                found[english] = found.get(english, 0.0) + 1 / (len(phrase) * len(translations))
        return found

    def table(self) -> WordTable:
        """The single words as a table of probabilities, all as frequent as each other."""
        source = sorted(phrase[0] for phrase in self.english if len(phrase) == 1)
        rows = [self.shares(word) for word in source]
        target = sorted({english for row in rows for english in row})
        column = {english: number for number, english in enumerate(target)}
        sorted_rows = [sorted((column[english], share) for english, share in row.items()) for row in rows]
        flat = [pair for row in sorted_rows for pair in row]
        starts = np.cumsum([0, 0, *map(len, sorted_rows)])  # the empty word has no translation
        columns, values = np.array([pair[0] for pair in flat], dtype=np.int64), np.array([pair[1] for pair in flat])
        return WordTable(source, target, starts, columns, values, np.array([0, *[1] * len(source)]))
