"""Sequences of different lengths, stored end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ragged:
    """`n` matrices with `d` columns and their own number of rows.

    Attributes:
        vectors: (T, d) rows of all items, end to end (may be memory-mapped).
        offsets: (n + 1,) int64; item i is `vectors[offsets[i]:offsets[i + 1]]`.
    """

    vectors: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_list(cls, items: Sequence[np.ndarray]) -> Ragged:
        offsets = np.zeros(len(items) + 1, dtype=np.int64)
        np.cumsum([len(item) for item in items], out=offsets[1:])
        return cls(np.concatenate(list(items)), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        return self.vectors[self.offsets[i] : self.offsets[i + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """(n,) number of rows of each item."""
        return np.diff(self.offsets)

    def take(self, items: Sequence[int] | np.ndarray) -> Ragged:
        """The items at these positions, in this order (a copy)."""
        chosen = np.asarray(items, dtype=np.int64)
        lengths = self.lengths[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1][chosen] - offsets[:-1], lengths)
        return Ragged(np.asarray(self.vectors)[rows], offsets)
