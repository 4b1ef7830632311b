"""How rare tokens are: inverse document frequencies over the pairs that a cell is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.encoders.encoder import TokenizedText
from bench.training.pairs import Pairs, TeacherStates


class Idf:
    """`1 + ln((1 + n) / (1 + df))` of a token that occurs in df of n texts; at least 1, so that no token is lost.

    >>> idf = Idf([np.array([5, 7, 7]), np.array([5])])
    >>> [f"{value:.3f}" for value in idf(np.array([5, 7, 9]))]
    ['1.000', '1.405', '2.099']
    """

    def __init__(self, texts: Sequence[np.ndarray]) -> None:
        """`texts`: token ids of each text, content tokens only."""
        self.texts = len(texts)
        self.ids, self.counts = np.unique(np.concatenate([np.unique(text) for text in texts]), return_counts=True)

    def __call__(self, ids: np.ndarray) -> np.ndarray:
        """float32, of the shape of `ids`."""
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        found = np.where(self.ids[at] == ids, self.counts[at], 0)
        return (1 + np.log((1 + self.texts) / (1 + found))).astype(np.float32)


def with_idf(pairs: Pairs, languages: Sequence[str], dev: Pairs, dev_languages: Sequence[str]) -> tuple[Pairs, Pairs]:
    """Both with `idf`, counted on the training texts of each text's own language.

    Across languages every token of a language with few texts would pass for a rare one.
    """
    counted: dict[str, list[np.ndarray]] = {}
    for text, language in zip(pairs.texts, languages, strict=True):
        counted.setdefault(language, []).append(_content(text))
    tables = {language: Idf(texts) for language, texts in counted.items()}
    found = (
        [
            # A language may have no training pair where there are fewer pairs than languages: its tokens weigh alike.
            tables[language](np.array(text.ids)) if language in tables else np.ones(len(text.ids), np.float32)
            for text, language in zip(part.texts, names, strict=True)
        ]
        for part, names in ((pairs, languages), (dev, dev_languages))
    )
    return replace(pairs, idf=next(found)), replace(dev, idf=next(found))


def english_idf(teacher: TeacherStates, ids: np.ndarray, pairs: Pairs) -> TeacherStates:
    """With `idf`, counted on the different English sides of the training pairs; `ids` (T,) are the tokens' ids."""
    offsets = teacher.tokens.offsets
    table = Idf([ids[offsets[row] : offsets[row + 1]] for row in np.unique(pairs.english)])
    return replace(teacher, idf=table(np.asarray(ids)))


def _content(text: TokenizedText) -> np.ndarray:
    return np.array(text.ids)[np.array(text.content)]
