"""What all cells of an experiment share: texts, teacher, indexes and the student's start. Loaded once a process."""

from __future__ import annotations

import hashlib
from functools import cached_property, lru_cache
from pathlib import Path

from bench.base.paths import cache_dir
from bench.base.progress import tell
from bench.base.used import used
from bench.cells.shared.documents import Documents
from bench.cells.shared.key import Key
from bench.cells.shared.probing import Chooser
from bench.cells.shared.student import Student
from bench.cells.shared.teacher import Teacher
from bench.cells.shared.texts import Texts
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.suite.opening import open_suite
from bench.data.suite.types import Suite
from bench.encoders.device import device_of
from bench.encoders.encoder import Encoder, autocast_dtype
from bench.encoders.fingerprint import fingerprint
from bench.encoders.load import model_folder
from bench.experiment.spec import CellSpec


class Context:
    """The shared parts, each made on first use and kept on disk where that saves time."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.teacher = Teacher(key, lambda: self.texts, lambda name: self.path(name))

    @cached_property
    def suite(self) -> Suite:
        languages = Languages.load(Path(self.key.languages_file) if self.key.languages_file else None)
        return open_suite(Data.model_validate_json(self.key.data), languages, self.key.languages, tell, key=self.key.suite)

    @cached_property
    def texts(self) -> Texts:
        return Texts(self.suite, self.key.max_length, lambda texts: self.teacher.encoder.lengths(texts), self.path("texts"))

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.key, self.suite, self.teacher, Chooser(self.key, self.suite, self.before_training, self.path))

    @cached_property
    def student(self) -> Student:
        return Student(self.key, self.texts, self.teacher, self.path)

    def before_training(self, english: bool) -> Encoder:
        """What encodes queries, in English or in another language, before anything is trained."""
        return self.teacher.encoder if english else self.student.start()

    @cached_property
    def model_prints(self) -> tuple[str, ...]:
        """Content of the two models: the same folder may hold other weights tomorrow."""
        return tuple(fingerprint(model_folder(name)) for name in (self.key.teacher, self.key.student))

    def path(self, *parts: str) -> Path:
        """A place in the cache for something that depends on this context."""
        computed = autocast_dtype(self.key.precision, device_of())  # what `auto` comes to on this machine
        described = (self.key.content(), self.suite.hash, self.model_prints, computed)
        digest = hashlib.sha256(repr(described).encode()).hexdigest()[:16]
        return used(cache_dir() / "context" / digest).joinpath(*parts)


@lru_cache(maxsize=2)
def open_context(key: Key) -> Context:
    """The context of this key; one per process."""
    return Context(key)


def context_of(spec: CellSpec) -> Context:
    """The context in which a cell runs."""
    return open_context(Key.of(spec))
