"""The student of an experiment as it starts, and the map into the teacher's space that it may need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bench.base.errors import BenchError
from bench.base.jsonfile import read_json, to_json
from bench.base.once import once
from bench.cells.shared.key import Key
from bench.cells.shared.teacher import Progress, Teacher
from bench.cells.shared.texts import Texts, in_chunks
from bench.encoders.device import device_of
from bench.encoders.encoder import Encoder
from bench.encoders.head import Head
from bench.encoders.load import load_encoder
from bench.encoders.maps.linear_map import fit_head
from bench.encoders.states.cache import teacher_states
from bench.encoders.vocabulary import trim, used_ids


class Student:
    """What every cell starts from.

    Args:
        key: names it, and says whether it reaches the teacher's space through a map.
        texts: what it reads; the map is fitted on the English sides.
        teacher: whose space it is compared in.
        place: where things are kept that depend on the experiment's context.
    """

    def __init__(self, key: Key, texts: Texts, teacher: Teacher, place: Callable[[str], Path]) -> None:
        self.key, self.texts, self.teacher, self.place = key, texts, teacher, place

    def start(self, more: Sequence[str] = ()) -> Encoder:
        """A new copy of it, with the vocabulary that the suite's texts need, and `more` texts."""
        full = load_encoder(self.key.student, "cpu", self.key.precision)
        used = used_ids(full, self.texts.read_by_student(), f"the suite {self.texts.suite.hash}")
        small = trim(full, np.union1d(used, used_ids(full, more)) if more else used)
        return self.with_head(small).to(device_of())

    def lengths(self, side: Literal["text", "english"]) -> np.ndarray:
        """(n,) int32 tokens, uncut, of all different texts of a side of the bitext, in the order of its `values`."""
        def make(folder: Path) -> None:
            encoder = load_encoder(self.key.student, "cpu")
            np.save(folder / "tokens.npy", in_chunks(encoder.lengths, self.texts.suite.bitext[side].values))

        return np.load(once(self.place(f"lengths-{side}"), make) / "tokens.npy", mmap_mode="r")

    def with_head(self, student: Encoder) -> Encoder:
        """`student`, which has not been trained, with the map into the teacher's space, where the profile wants one.

        Raises:
            BenchError: it is in a space of another width without one, or has layers of its own beside it.
        """
        if self.key.head == "linear":
            if student.head is not None:
                raise BenchError(f"the student {self.key.student} has layers of its own", "set models.head=none")
            student.head = Head.load(self.linear_map() / "head.safetensors")
        elif student.dim != self.teacher.space.dim:
            raise BenchError(
                f"vectors of the student {self.key.student} have {student.dim} numbers, those of the teacher "
                f"{self.key.teacher} {self.teacher.space.dim}",
                "set models.head=linear: a map from one to the other, fitted on English",
            )
        return student

    def linear_map(self, progress: Progress | None = None) -> Path:
        """Folder with the map from the student's space to the teacher's, and map.json: how well it does."""

        def make(folder: Path) -> None:
            training, held_out = list(self.texts.english_training), list(self.texts.english_dev)
            student = [
                teacher_states(
                    lambda: load_encoder(self.key.student, device_of(), self.key.precision), self.key.student, texts, "query",
                    self.key.max_length, progress, precision=self.key.precision,
                )
                for texts in (training, held_out)
            ]  # fmt: skip
            head, facts = fit_head(*student, *(self.teacher.english_of(texts) for texts in (training, held_out)))
            head.save(folder / "head.safetensors")
            (folder / "map.json").write_text(to_json(facts | {"texts": len(training), "held_out": len(held_out)}))

        return once(self.place("linear-map"), make)

    def map_facts(self) -> dict[str, Any]:
        """What the manifest of a cell says of the map, if there is one."""
        return {"head_map": read_json(self.linear_map() / "map.json")} if self.key.head == "linear" else {}
