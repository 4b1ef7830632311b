"""The teacher of an experiment: its states of texts, computed once, and the space that they fix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.base.ragged import Ragged
from bench.cells.shared.key import Key
from bench.cells.shared.texts import Texts
from bench.encoders.cache import TextStates, teacher_states
from bench.encoders.device import device_of
from bench.encoders.encoder import Encoder
from bench.encoders.load import load_encoder
from bench.encoders.space import Space
from bench.training.pairs import TeacherStates

Progress = Callable[[float], None]


class Teacher:
    """The encoder of English documents, and of the English sides of pairs.

    Args:
        key: names it, and says how the space is fitted.
        texts: the bitext whose English sides fix the space. It asks this teacher for lengths, so it comes as a function.
        kept: file that the space is kept in; a function for the same reason.
    """

    def __init__(self, key: Key, texts: Callable[[], Texts], kept: Callable[[], Path]) -> None:
        self.key, self._texts, self._kept = key, texts, kept

    @cached_property
    def encoder(self) -> Encoder:
        return load_encoder(self.key.teacher, device_of(), self.key.precision)

    def states(self, texts: Sequence[str], kind: str, progress: Progress | None = None) -> TextStates:
        """Raw states of these texts, computed once and then read from the cache."""
        length = self.key.max_length if kind == "query" else None
        return teacher_states(
            lambda: self.encoder, self.key.teacher, texts, kind, length, progress, precision=self.key.precision
        )

    @cached_property
    def english(self) -> TextStates:
        """Raw states of the English sides, in the order of `Texts.english`."""
        return self.states(self._texts().english, "query")

    def english_of(self, texts: Sequence[str]) -> TextStates:
        """Raw states of some of the English sides."""
        return TextStates.from_rows([self.english.row(self._texts().rows[text]) for text in texts])

    @cached_property
    def space(self) -> Space:
        """The space in which every method is trained and scored, fixed on the English bitext."""
        place = self._kept()
        if not place.exists():
            rows = [self._texts().rows[text] for text in self._texts().english_training]
            Space.fit(
                self.english.tokens.take(rows).vectors, np.asarray(self.english.pooled)[rows],
                centre=self.key.centre, remove_directions=self.key.remove_directions,
            ).save(place)  # fmt: skip
        return Space.load(place)

    @cached_property
    def targets(self) -> TeacherStates:
        """States of the English sides, as training wants them."""
        return TeacherStates(self.english.tokens, self.english.pooled, self.space)

    def dense(self, states: TextStates, space: Space | None = None) -> np.ndarray:
        """(n, d) unit vectors of whole texts, in the experiment's space or another."""
        return (space or self.space).pooled(np.asarray(states.pooled, dtype=np.float32))

    def late(self, states: TextStates, space: Space | None = None) -> Ragged:
        """Unit vectors of the tokens of each text, in the experiment's space or another."""
        return Ragged((space or self.space).tokens(np.asarray(states.tokens.vectors, dtype=np.float32)), states.tokens.offsets)
