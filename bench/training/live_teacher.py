"""The teacher at work in every step: for bitext whose teacher states do not fit on the disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from bench.encoders.encoder import Encoder
from bench.encoders.space import Space
from bench.training.pairs import CHUNK, Idf, TeacherStates, taken
from methods.base import TokenStates


@dataclass(frozen=True)
class LiveTeacher:
    """What `TeacherStates` gives, encoded where it is asked for. The numbers are those that would lie on disk, up to rounding:
    they depend a little on which texts are encoded together.

    Attributes:
        encoder: the teacher.
        texts: English sides, by row.
        max_length: tokens that a text is cut to.
        dtype: that states would be kept in.
        space: where they are compared.
        idf: inverse document frequency of tokens; None unless a method needs it.
    """

    encoder: Encoder
    texts: Sequence[str]
    max_length: int
    dtype: type
    space: Space
    idf: Idf | None = None

    def batch(self, rows: Sequence[int] | np.ndarray, device: torch.device) -> TokenStates:
        """States of these texts in the space, padded."""
        unique, back = np.unique(np.asarray(rows), return_inverse=True)
        states = self.encoder.encode(taken(self.texts, unique), "query", max_length=self.max_length, dtype=self.dtype)
        return TeacherStates(states.tokens, states.pooled, self.space, self.idf, ids=states.ids).batch(back, device)

    def token_ids(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Ids of the content tokens of these texts."""
        for start in range(0, len(rows), CHUNK):
            for text in self.encoder.tokenize(taken(self.texts, rows[start : start + CHUNK]), "query", self.max_length):
                yield np.array(text.ids)[np.array(text.content)]

    def with_idf(self, idf: Idf) -> Any:
        """The same with `idf`."""
        return replace(self, idf=idf)
