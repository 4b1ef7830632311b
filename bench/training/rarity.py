"""How rare tokens are: inverse document frequencies over the pairs that a cell is trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench.encoders.encoder import TokenizedText
from bench.training.live_teacher import LiveTeacher
from bench.training.pairs import Pairs, TeacherStates, taken


class Idf:
    """`1 + ln((1 + n) / (1 + df))` of a token that occurs in df of n texts; at least 1, so that no token is lost.

    >>> idf = Idf([np.array([5, 7, 7]), np.array([5])])
    >>> [f"{value:.3f}" for value in idf(np.array([5, 7, 9]))]
    ['1.000', '1.405', '2.099']
    """

    def __init__(self, texts: Iterable[np.ndarray] = ()) -> None:
        """`texts`: token ids of each text, content tokens only."""
        self.texts, self.counts = 0, np.zeros(1, dtype=np.int64)
        for text in texts:
            self.add(text)

    def add(self, text: np.ndarray) -> None:
        """Count one more text."""
        ids = np.unique(text)
        if len(ids) and ids[-1] >= len(self.counts):
            self.counts = np.concatenate([self.counts, np.zeros(2 * int(ids[-1]), dtype=np.int64)])
        self.counts[ids] += 1
        self.texts += 1

    def __call__(self, ids: np.ndarray) -> np.ndarray:
        """float32, of the shape of `ids`."""
        known = (ids >= 0) & (ids < len(self.counts))
        found = np.where(known, self.counts[np.where(known, ids, 0)], 0)
        return (1 + np.log((1 + self.texts) / (1 + found))).astype(np.float32)


class Rarities(Sequence[np.ndarray]):
    """The idf of every token of some texts, worked out when it is asked for.

    A language may have no training pair where there are fewer pairs than languages: its tokens weigh alike.
    """

    def __init__(self, texts: Sequence[TokenizedText], languages: Sequence[str], tables: dict[str, Idf]) -> None:
        self.texts, self.languages, self.tables = texts, languages, tables

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, at: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Of the texts at these places."""
        return self.of(taken(self.texts, at), at)

    def of(self, texts: Sequence[TokenizedText], at: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Of `texts`, which stand at these places and are tokenised already."""
        return [self._of(text, self.languages[int(i)]) for i, text in zip(at, texts, strict=True)]

    def __getitem__(self, at: Any) -> Any:
        return self.take([at])[0]

    def _of(self, text: TokenizedText, language: str) -> np.ndarray:
        table = self.tables.get(language)
        return np.ones(len(text.ids), np.float32) if table is None else table(np.array(text.ids))


def with_idf(pairs: Pairs, languages: Sequence[str], dev: Pairs, dev_languages: Sequence[str]) -> tuple[Pairs, Pairs]:
    """Both with `idf`, counted on the training texts of each text's own language.

    Across languages every token of a language with few texts would pass for a rare one.
    """
    tables: dict[str, Idf] = {}
    for text, language in zip(pairs.texts, languages, strict=True):
        tables.setdefault(language, Idf()).add(_content(text))
    return tuple(  # type: ignore[return-value]
        replace(part, idf=Rarities(part.texts, names, tables)) for part, names in ((pairs, languages), (dev, dev_languages))
    )


def english_idf(teacher: TeacherStates | LiveTeacher, pairs: Pairs) -> Any:
    """With `idf`, counted on the different English sides of the training pairs."""
    ids: Iterator[np.ndarray] = teacher.token_ids(np.unique(pairs.english))
    return teacher.with_idf(Idf(ids))


def _content(text: TokenizedText) -> np.ndarray:
    return np.array(text.ids)[np.array(text.content)]
