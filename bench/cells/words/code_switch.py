"""English texts with words replaced by their translations: artificial code-switching, with a lexicon of the same pairs."""

from __future__ import annotations

import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from bench.cells.words import ibm1
from bench.cells.words.cutting import APOSTROPHES, Pieces, key, words
from bench.cells.words.lexicon import Lexicon

STRAIGHT = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))


def code_switched(rows: pd.DataFrame, share: float, rounds: int, seed: int, pieces: Pieces) -> pd.DataFrame:
    """The pairs with the English side, partly translated, in place of `text`.

    Args:
        rows: training pairs: columns language, text, english. A pair that was drawn twice is switched twice, differently.
        share: chance of a word that has a translation to be replaced, in (0, 1].
        rounds: of the lexicon's expectation maximisation.
        seed: of the draw; each language draws on its own.
        pieces: cuts scripts without spaces between words.

    Returns:
        The rows in their order with another `text`, and with `words` (of the English text) and `replaced` (of these).
    """
    texts = rows["english"].to_numpy(dtype=object, copy=True)
    counts = np.zeros((2, len(rows)), dtype=np.int64)
    for language, at in rows.groupby("language", sort=True).indices.items():
        part = rows.iloc[at]
        lexicon = EnglishLexicon(part["text"].tolist(), part["english"].tolist(), rounds, pieces)
        rng = np.random.default_rng([seed, 0xC0DE, zlib.crc32(str(language).encode())])
        some = partial(_some, lexicon, rng, share)
        for row in at:
            texts[row], *counts[:, row] = replaced(texts[row], some, pieces)
    return rows.assign(text=texts, words=counts[0], replaced=counts[1])


def _some(lexicon: EnglishLexicon, rng: np.random.Generator, share: float, word: str) -> str | None:
    return lexicon.best(word) if rng.random() < share else None


class EnglishLexicon:
    """The best translation of English words into one language, as it is mostly written there.

    Args:
        foreign, english: the two sides of its pairs.
        rounds: of expectation maximisation, for both directions, of which the product is taken (`ibm1.agreed`).
        pieces: cuts scripts without spaces between words.
    """

    def __init__(self, foreign: Sequence[str], english: Sequence[str], rounds: int, pieces: Pieces) -> None:
        written = [words(text, pieces) for text in foreign]
        source = [[key(word) for word in words(text, pieces)] for text in english]
        target = [[key(word) for word in sentence] for sentence in written]
        table = ibm1.agreed(ibm1.train(source, target, rounds)[0], ibm1.train(target, source, rounds)[0])
        self.lexicon = Lexicon(table, prefix=0)
        # A table counts words without case: `key`s are no words that a reader, or an encoder, knows.
        self.written: dict[str, str] = {}
        forms = Counter(word for sentence in written for word in sentence)
        for word, _ in sorted(forms.items(), key=lambda item: (-item[1], item[0])):
            self.written.setdefault(key(word), word)

    def best(self, word: str) -> str | None:
        """The translation of an English word; None if it has none."""
        found = self.lexicon.best(word)
        return None if found is None else self.written[found]


def replaced(text: str, translation: Callable[[str], str | None], pieces: Pieces) -> tuple[str, int, int]:
    """The text with other words in the places of its own, all between them kept; how many words it has, how many went.

    >>> replaced("Don’t see: cats!", {"Don't": "Usi", "cats": "paka"}.get, list)
    ('Usi see: paka!', 3, 2)
    """
    text = unicodedata.normalize("NFKC", text)
    plain = text.translate(STRAIGHT)  # of the same length
    own, parts, at, gone = words(text, pieces), [], 0, 0
    for word in own:
        start = plain.find(word, at)
        new = translation(word) if start >= 0 else None  # -1: an invisible character inside
        if new is not None:
            parts += [text[at:start], new]
            at, gone = start + len(word), gone + 1
        elif start >= 0:
            parts.append(text[at : start + len(word)])
            at = start + len(word)
    return "".join([*parts, text[at:]]), len(own), gone
