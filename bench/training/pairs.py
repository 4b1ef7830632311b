"""Bitext pairs ready for training, and the teacher's states of their English sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from bench.base.ragged import Ragged
from bench.encoders.encoder import TokenizedText
from bench.encoders.space import Space
from methods.base import TokenStates


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
        idf: (T,) inverse document frequency of every row of `tokens`; None unless a method needs it.
        offsets: of texts that are no English, where each language is centred on its own mean; else None.
    """

    tokens: Ragged
    pooled: np.ndarray
    space: Space
    idf: np.ndarray | None = None
    offsets: Offsets | None = None

    def batch(self, rows: Sequence[int] | np.ndarray, device: torch.device) -> TokenStates:
        """States of these texts in the space, padded."""
        offsets, rows = self.tokens.offsets, np.asarray(rows)
        starts, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
        places = np.arange(int(lengths.max()))
        mask = places[None] < lengths[:, None]
        # Raw and in the precision they are kept in: a GPU gets half the bytes, and puts them into the space itself.
        at = np.where(mask, starts[:, None] + places[None], starts[:, None])
        raw = torch.from_numpy(self.tokens.vectors[at.ravel()].reshape(*at.shape, -1)).to(device, non_blocking=True)
        pooled = torch.from_numpy(np.asarray(self.pooled[rows])).to(device, non_blocking=True)
        there = torch.from_numpy(mask).to(device, non_blocking=True)
        if self.offsets is not None:
            shift = self.offsets.of(rows)
            tokens, whole = (torch.from_numpy(table[shift.rows]).to(device) for table in shift.tables)
            raw, pooled = raw.float() - tokens[:, None], pooled - whole
        idf = None
        if self.idf is not None:
            idf = padded([self.idf[offsets[r] : offsets[r + 1]] for r in rows]).to(device)
        return TokenStates(self.space.tokens(raw) * there.unsqueeze(2), there, self.space.pooled(pooled), idf)


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
        offsets: of `texts`, where each language is centred on its own mean; else None.
        english_offsets: of `english_texts`, where those are no English (a control).
    """

    texts: list[TokenizedText]
    english: np.ndarray
    english_texts: list[TokenizedText] | None = None
    idf: list[np.ndarray] | None = None
    offsets: Offsets | None = None
    english_offsets: Offsets | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def lengths(self) -> np.ndarray:
        """(n,) tokens of the texts, with prefix and special tokens."""
        return np.array([len(text.ids) for text in self.texts])
