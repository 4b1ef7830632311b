"""Bitext pairs ready for training, and the teacher's states of their English sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from bench.base.ragged import Ragged
from bench.encoders.encoder import Encoder, TokenizedText
from bench.encoders.space import Space
from methods.base import TokenStates

CHUNK = 4096  # texts that are tokenised together where all are
T = TypeVar("T")
Idf = Callable[[np.ndarray], np.ndarray]  # token ids -> float32 of the same shape


@dataclass(frozen=True)
class Offsets:
    """How far the mean of a text's language lies from the mean that the space subtracts; taken from raw states before.

    Attributes:
        tokens, pooled: (languages, d) float32; the first row is zero, for texts that keep the mean of the space.
        rows: (n,) the language of each text.
    """

    tokens: np.ndarray
    pooled: np.ndarray
    rows: np.ndarray

    def of(self, positions: Sequence[int] | np.ndarray) -> Shift:
        """Those of these texts."""
        return Shift((self.tokens, self.pooled), self.rows[np.asarray(positions, dtype=np.int64)].tolist())


@dataclass(frozen=True)
class Shift:
    """What is taken from the raw states of some texts.

    Attributes:
        tables: of token states and of pooled states, (languages, d) each.
        rows: the language of each text; 0 is that of the space, with nothing to take.
    """

    tables: tuple[np.ndarray, np.ndarray]
    rows: list[int]


@dataclass(frozen=True)
class TeacherStates:
    """Frozen states of the English side. They go into the scoring space batch by batch: all of them at once are gigabytes.

    Attributes:
        tokens: raw token states of n texts, best memory-mapped.
        pooled: (n, d) raw pooled states.
        space: where they are compared.
        idf: inverse document frequency of tokens; None unless a method needs it.
        offsets: of texts that are no English, where each language is centred on its own mean; else None.
        ids: (T,) token ids of the rows of `tokens`; needed for `idf`.
    """

    tokens: Ragged
    pooled: np.ndarray
    space: Space
    idf: Idf | None = None
    offsets: Offsets | None = None
    ids: np.ndarray | None = None

    def batch(self, rows: Sequence[int] | np.ndarray, device: torch.device) -> TokenStates:
        """States of these texts in the space, padded."""
        offsets, rows = self.tokens.offsets, np.asarray(rows)
        starts, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
        mask = np.arange(int(lengths.max()))[None] < lengths[:, None]
        # Raw and in the precision they are kept in: a GPU gets half the bytes, and puts them into the space itself.
        own = np.zeros((*mask.shape, self.tokens.vectors.shape[1]), self.tokens.vectors.dtype)
        for place, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
            own[place, :length] = self.tokens.vectors[start : start + length]
        raw = torch.from_numpy(own).to(device, non_blocking=True)
        pooled = torch.from_numpy(np.asarray(self.pooled[rows])).to(device, non_blocking=True)
        there = torch.from_numpy(mask).to(device, non_blocking=True)
        if self.offsets is not None:
            shift = self.offsets.of(rows)
            tokens, whole = (torch.from_numpy(table[shift.rows]).to(device) for table in shift.tables)
            raw, pooled = raw.float() - tokens[:, None], pooled - whole
        idf = None
        if self.idf is not None:
            idf = padded([self.idf(ids) for ids in self.token_ids(rows)]).to(device)
        return TokenStates(self.space.tokens(raw) * there.unsqueeze(2), there, self.space.pooled(pooled), idf)

    def token_ids(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Ids of the content tokens of these texts."""
        assert self.ids is not None, "the ids of these tokens are not known"
        for row in rows:
            yield np.asarray(self.ids[self.tokens.offsets[row] : self.tokens.offsets[row + 1]])

    def with_idf(self, idf: Idf) -> TeacherStates:
        """The same with `idf`."""
        return replace(self, idf=idf)


def padded(rows: Sequence[np.ndarray]) -> Tensor:
    """(B, L) float32, 0 behind the end of each row."""
    return pad_sequence([torch.from_numpy(np.asarray(row, dtype=np.float32)) for row in rows], batch_first=True)


@dataclass(frozen=True)
class Pairs:
    """Bitext pairs ready for training, in the order in which they were drawn.

    Attributes:
        texts: tokenised texts in other languages.
        english: (n,) row of the English side in the teacher's states; equal rows are equal texts.
        english_texts: the English sides, tokenised for the student; None unless a method needs them.
        idf: inverse document frequency of every token of `texts`; None unless a method needs it.
        sizes: (n,) tokens of the texts, where they are known without looking at them.
        offsets: of `texts`, where each language is centred on its own mean; else None.
        english_offsets: of `english_texts`, where those are no English (a control).
    """

    texts: Sequence[TokenizedText]
    english: np.ndarray
    english_texts: Sequence[TokenizedText] | None = None
    idf: Sequence[np.ndarray] | None = None
    offsets: Offsets | None = None
    english_offsets: Offsets | None = None
    sizes: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def idf_of(self, texts: Sequence[TokenizedText], at: np.ndarray) -> list[np.ndarray]:
        """`idf` of `texts`, which are those at these places: they are not tokenised once more."""
        assert self.idf is not None, "no method has asked for it"
        of = getattr(self.idf, "of", None)
        return of(texts, at) if of is not None else taken(self.idf, at)

    @property
    def lengths(self) -> np.ndarray:
        """(n,) tokens of the texts, with prefix and special tokens."""
        return np.array([len(text.ids) for text in self.texts]) if self.sizes is None else self.sizes


class Tokenised(Sequence[TokenizedText]):
    """Texts that are tokenised when they are asked for: all at once would take a hundred times the room of the words.

    Args:
        texts: those.
        encoder: whose tokenizer reads them, as queries.
        max_length: tokens that a text is cut to.
    """

    def __init__(self, texts: Sequence[str], encoder: Encoder, max_length: int) -> None:
        self.texts, self.encoder, self.max_length = texts, encoder, max_length

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, at: Sequence[int] | np.ndarray) -> list[TokenizedText]:
        """Those at these places."""
        return self.encoder.tokenize(taken(self.texts, at), "query", self.max_length)

    def __getitem__(self, at: Any) -> Any:
        places = range(len(self))[at]
        return self.take(places) if isinstance(places, range) else self.take([places])[0]

    def __iter__(self) -> Iterator[TokenizedText]:
        for start in range(0, len(self), CHUNK):
            yield from self.take(range(start, min(start + CHUNK, len(self))))


def taken(items: Sequence[T], at: Sequence[int] | np.ndarray) -> list[T]:
    """Those at these places: at once, of a sequence that has a `take`."""
    take = getattr(items, "take", None)
    return take(at) if take is not None else [items[int(i)] for i in at]
