"""What the things that cells share depend on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bench.encoders.hub import directory_of
from bench.experiment.spec import CellSpec
from bench.retrieval.settings import Retrieval


@dataclass(frozen=True)
class Key:
    """What the shared things depend on."""

    teacher: str
    student: str
    languages: tuple[str, ...]
    data: str  # of the profile, as JSON, as far as texts depend on it
    languages_file: str | None
    max_length: int
    centre: bool
    remove_directions: int
    precision: str
    head: str = "none"
    suite: str = field(default="", repr=False)  # its key, by which it is found once it is made
    states_gb: float = field(default=100.0, repr=False)  # decides where states are computed, and nothing of them
    retrieval: Retrieval = field(default=Retrieval(), repr=False)  # of the indexes; nothing that a path names depends on it

    @classmethod
    def of(cls, spec: CellSpec) -> Key:
        """The key of the cells that share with `spec`."""
        return cls(
            teacher=spec.models.place(spec.models.teacher), student=spec.models.place(spec.models.student),
            languages=spec.suite_languages,
            data=spec.data.model_dump_json(exclude_defaults=True, exclude={"order", "guard", "languages_file"}),
            languages_file=spec.data.languages_file, max_length=spec.training.max_length,
            centre=spec.space.centre, remove_directions=spec.space.remove_directions,
            precision=spec.precision, head=spec.models.head,
            retrieval=spec.retrieval, suite=spec.data_key, states_gb=spec.states_gb,
        )  # fmt: skip

    @property
    def same_model(self) -> bool:
        """Whether the student is the teacher's model. With a map behind it, it still starts somewhere else."""
        return self.student == self.teacher

    @property
    def starts_as_teacher(self) -> bool:
        """Whether the untrained student gives a text the teacher's states."""
        return self.same_model and self.head == "none"

    def content(self) -> Key:
        """The same without where things lie: what they hold is told by the hashes of the suite and of the models."""
        teacher, student = (name if directory_of(name) is None else "a folder" for name in (self.teacher, self.student))
        return replace(self, teacher=teacher, student=student, data="", languages_file=None)
