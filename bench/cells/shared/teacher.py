"""The teacher of an experiment: its states of texts, computed once, and the space that they fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.base.errors import BenchError
from bench.base.jsonfile import read_json, to_json
from bench.base.paths import atomic_write
from bench.base.ragged import Ragged
from bench.cells.shared.key import Key
from bench.cells.shared.texts import Texts
from bench.data.stored.bitext import Column
from bench.encoders.device import device_of
from bench.encoders.encoder import Encoded, Encoder
from bench.encoders.load import load_encoder
from bench.encoders.space import Space
from bench.encoders.states.cache import teacher_states
from bench.encoders.states.rowfile import rows_of
from bench.training.live_teacher import LiveTeacher
from bench.training.pairs import TeacherStates

Progress = Callable[[float], None]
STATE = np.float16  # of a number of a token's state on disk
SPACE_TEXTS = 100_000  # English texts from which the space is estimated, at most: two million tokens fix a mean
CHUNK = 4096  # texts whose states are in memory together


class Teacher:
    """The encoder of English documents, and of the English sides of pairs.

    Args:
        key: names it, and says how the space is fitted and how much room states may take.
        texts: the bitext whose English sides fix the space. It asks this teacher for lengths, so it comes as a function.
        place: where things are kept that depend on the experiment's context.
    """

    def __init__(self, key: Key, texts: Callable[[], Texts], place: Callable[[str], Path]) -> None:
        self.key, self._texts, self._place = key, texts, place

    @cached_property
    def encoder(self) -> Encoder:
        return load_encoder(self.key.teacher, device_of(), self.key.precision)

    def states(self, texts: Sequence[str], kind: str, progress: Progress | None = None, digest: str = "") -> Encoded:
        """Raw states of these texts, computed once and then read from the cache; `digest`: as in `teacher_states`."""
        length = self.key.max_length if kind == "query" else None
        return teacher_states(
            lambda: self.encoder, self.key.teacher, texts, kind, length, progress, STATE, precision=self.key.precision,
            digest=digest,
        )  # fmt: skip

    @cached_property
    def english_gb(self) -> float:
        """Room that the states of the English sides take on disk, 10^9 bytes; an upper bound."""
        place = self._place("english-states.json")
        if not place.exists():
            texts = self._texts()
            a_token, a_text = self.encoder.dim * np.dtype(STATE).itemsize + 4, self.encoder.dim * 4 + 40
            size = texts.english_tokens * a_token + len(texts.english) * a_text
            atomic_write(place, to_json({"gb": size / 1e9}))
        return float(read_json(place)["gb"])

    @property
    def keeps_english(self) -> bool:
        """Whether the states of the English sides are kept on disk, or computed where they are needed."""
        return self.english_gb <= self.key.states_gb

    @cached_property
    def english(self) -> Encoded:
        """Raw states of the English sides, in the order of `Texts.english`.

        Raises:
            BenchError: they take more room than they may.
        """
        if not self.keeps_english:
            raise BenchError(
                f"the teacher's states of all {len(self._texts().english):,} English texts take {self.english_gb:.1f} GB, and "
                f"hardware.states_gb allows {self.key.states_gb:g}",
                f"this method reads all of them: set hardware.states_gb to {self.english_gb:.0f} or more, or leave it out",
            )
        return self.make_english()

    def make_english(self, progress: Progress | None = None) -> Encoded:
        """`english`, told how far it is."""
        return self.states(self._texts().english, "query", progress, self._texts().english_digest)

    def english_of(self, texts: Sequence[str]) -> Encoded:
        """Raw states of some of the English sides."""
        if not self.keeps_english:
            return self._encoded(texts)
        return Encoded.from_rows([self.english.row(row) for row in self._texts().rows(texts).tolist()])

    @cached_property
    def space(self) -> Space:
        """The space in which every method is trained and scored, fixed on the English bitext."""
        place = self._place("space.npz")
        if not place.exists():
            Space.fit_parts(self._training_states, self.key.centre, self.key.remove_directions).save(place)
        return Space.load(place)

    @cached_property
    def targets(self) -> TeacherStates | LiveTeacher:
        """States of the English sides, as training wants them."""
        if not self.keeps_english:
            return LiveTeacher(self.encoder, self._texts().english, self.key.max_length, STATE, self.space)
        kept = self.english
        tokens = Ragged(rows_of(kept.tokens.vectors), kept.tokens.offsets)
        return TeacherStates(tokens, rows_of(kept.pooled), self.space, ids=rows_of(kept.ids))

    def dense(self, states: Encoded, space: Space | None = None) -> np.ndarray:
        """(n, d) unit vectors of whole texts, in the experiment's space or another."""
        return (space or self.space).pooled(np.asarray(states.pooled, dtype=np.float32))

    def late(self, states: Encoded, space: Space | None = None) -> Ragged:
        """Unit vectors of the tokens of each text, in the experiment's space or another."""
        return Ragged((space or self.space).tokens(np.asarray(states.tokens.vectors, dtype=np.float32)), states.tokens.offsets)

    def _training_states(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Raw states (T, d) and (n, d) of the English training texts that the space is estimated from, part by part."""
        rows = self._texts().training_rows
        if len(rows) > SPACE_TEXTS:
            rows = np.sort(np.random.default_rng(0x5BACE).choice(rows, SPACE_TEXTS, replace=False))
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            states = self.english if self.keeps_english else self._encoded(self._texts().english.of(part))
            at = part if self.keeps_english else np.arange(len(part))
            yield states.tokens.take(at).vectors, np.asarray(states.pooled)[at]

    def _encoded(self, texts: Sequence[str] | Column) -> Encoded:
        """Raw states that are not kept."""
        return self.encoder.encode(list(texts), "query", max_length=self.key.max_length, dtype=STATE)
