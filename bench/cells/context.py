"""What all cells of an experiment share: suite, encoders, teacher states, document indexes. Loaded once a process."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np

from bench.base.errors import BenchError
from bench.base.jsonfile import to_json
from bench.base.once import once
from bench.base.paths import atomic_write, cache_dir
from bench.base.ragged import Ragged
from bench.cells.translation.words import Pieces, key, pieces_of, words
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.suite.opening import open_suite
from bench.data.suite.types import Suite
from bench.encoders.cache import TextStates, teacher_states
from bench.encoders.encoder import Encoder, autocast_dtype
from bench.encoders.fingerprint import fingerprint
from bench.encoders.head import Head
from bench.encoders.linear_map import fit_head
from bench.encoders.load import load_encoder, model_folder
from bench.encoders.space import Space
from bench.encoders.vocabulary import trim, used_ids
from bench.experiment.grid import CellSpec
from bench.retrieval.dense import DenseIndex
from bench.retrieval.large.build import encode_collection, index_collection
from bench.retrieval.large.index import LargeIndex
from bench.retrieval.late import LateIndex
from bench.retrieval.ranking import Ranking
from bench.retrieval.settings import Retrieval
from bench.retrieval.sparse import SparseIndex
from bench.training.loop import TeacherStates

Progress = Callable[[float], None]
ENGLISH = "eng_Latn"


def device_of(accelerator: str = "auto") -> str:
    """Where encoders run: the first GPU if there is one, else the processor."""
    import torch

    return "cuda" if accelerator != "cpu" and torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class Index:
    """The one index of a task: English documents by the teacher, dense and late."""

    dense: DenseIndex
    late: LateIndex

    def search(
        self, dense: np.ndarray, late: Ragged, k: int, query_ids: Sequence[str], mode: str = "exact"
    ) -> dict[str, Ranking]:
        """The k best documents of each query by scorer, for unit vectors of the queries, one each and one a token.

        Args:
            mode: of late interaction, as in `LateIndex.search`; dense search is always exact here.
        """
        return {"dense": self.dense.search(dense, k, query_ids), "late": self.late.search(late, k, query_ids, mode=mode)}


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
    retrieval: Retrieval = field(default=Retrieval(), repr=False)  # of the indexes; nothing that `path` names depends on it


class Context:
    """Everything shared, each part made on first use and kept on disk where that saves time."""

    def __init__(self, key: Key) -> None:
        self.key = key

    @cached_property
    def suite(self) -> Suite:
        languages = Languages.load(Path(self.key.languages_file) if self.key.languages_file else None)
        return open_suite(Data.model_validate_json(self.key.data), languages, self.key.languages)

    @cached_property
    def teacher(self) -> Encoder:
        return load_encoder(self.key.teacher, device_of(), self.key.precision)

    @cached_property
    def english_texts(self) -> list[str]:
        """Unique English sides of pairs that fit, sorted; their position is their row in the teacher's states."""
        return sorted(self.suite.bitext.loc[self.fits, "english"].unique())

    @cached_property
    def english_training_texts(self) -> list[str]:
        """Those of the training split."""
        return sorted(self.suite.bitext.loc[self.fits & (self.suite.bitext["split"] == "train"), "english"].unique())

    @cached_property
    def english_rows(self) -> dict[str, int]:
        return {text: row for row, text in enumerate(self.english_texts)}

    @cached_property
    def english_states(self) -> TextStates:
        return self.states(self.english_texts, "query")

    def states(self, texts: Sequence[str], kind: str, progress: Progress | None = None) -> TextStates:
        """Raw teacher states of these texts, computed once and then read from the cache."""
        length = self.key.max_length if kind == "query" else None
        return teacher_states(
            lambda: self.teacher, self.key.teacher, texts, kind, length, progress, precision=self.key.precision
        )

    @cached_property
    def space(self) -> Space:
        """The space in which every method is trained and scored, fixed by the teacher on the English bitext."""
        place = self.path("space.npz")
        if not place.exists():
            rows = [self.english_rows[text] for text in self.english_training_texts]
            Space.fit(
                self.english_states.tokens.take(rows).vectors, np.asarray(self.english_states.pooled)[rows],
                centre=self.key.centre, remove_directions=self.key.remove_directions,
            ).save(place)  # fmt: skip
        return Space.load(place)

    @cached_property
    def teacher_targets(self) -> TeacherStates:
        """Teacher states of the English sides."""
        return TeacherStates(self.english_states.tokens, self.english_states.pooled, self.space)

    def dense(self, states: TextStates) -> np.ndarray:
        """(n, d) unit vectors of whole texts."""
        return self.space.pooled(np.asarray(states.pooled, dtype=np.float32))

    def late(self, states: TextStates) -> Ragged:
        """Unit vectors of the tokens of each text."""
        return Ragged(self.space.tokens(np.asarray(states.tokens.vectors, dtype=np.float32)), states.tokens.offsets)

    def on_disk(self, task: str) -> bool:
        """Whether a task's documents are searched on disk."""
        settings, found = self.key.retrieval, self.suite.task(task)
        many = found.streamed is not None or len(found.documents) > settings.disk_above
        if found.streamed is not None and settings.documents == "memory":
            raise BenchError(
                f"the documents of task {task} are too many for retrieval.documents = memory", "set it to auto or disk"
            )
        return settings.documents == "disk" or (settings.documents == "auto" and many)

    def encode_documents(self, task: str, progress: Progress | None = None) -> None:
        """Everything of a task's documents that is computed once; what is there already is only read."""
        if self.on_disk(task):
            large_index(self, task, progress)
        else:
            self.states(self.suite.task(task).documents["text"].tolist(), "passage", progress)

    @cache  # noqa: B019 - a context lives as long as its process
    def index(self, task: str) -> Index | LargeIndex:
        """The index of a task's documents."""
        if self.on_disk(task):
            return large_index(self, task)
        documents = self.suite.task(task).documents
        states = self.states(documents["text"].tolist(), "passage")
        ids = documents["doc_id"].tolist()
        return Index(DenseIndex(ids, self.dense(states)), LateIndex(ids, self.late(states)))

    @cached_property
    def pieces(self) -> Pieces:
        """How scripts without spaces are cut into words: by the teacher's tokenizer."""
        return pieces_of(self.teacher.tokenizer)

    def words(self, text: str) -> list[str]:
        """The words of a text as they are counted: without case."""
        return [key(word) for word in words(text, self.pieces)]

    @cache  # noqa: B019 - as above
    def word_index(self, task: str) -> SparseIndex:
        """The index of the words of a task's documents."""
        documents = self.suite.task(task).documents
        return SparseIndex(documents["doc_id"].tolist(), [self.words(text) for text in documents["text"]])

    def student_start(self, more: Sequence[str] = ()) -> Encoder:
        """A new copy of the student as it starts, with the vocabulary that the suite's texts need, and `more` texts."""
        full = load_encoder(self.key.student, "cpu", self.key.precision)
        used = used_ids(full, self.student_texts())
        small = trim(full, np.union1d(used, used_ids(full, more)) if more else used)
        return self.with_head(small).to(device_of())

    def with_head(self, student: Encoder) -> Encoder:
        """`student`, which has not been trained, with the map into the teacher's space, where the profile wants one.

        Raises:
            BenchError: it is in a space of another width without one, or has layers of its own beside it.
        """
        if self.key.head == "linear":
            if student.head is not None:
                raise BenchError(f"the student {self.key.student} has layers of its own", "set models.head=none")
            student.head = Head.load(self.linear_map() / "head.safetensors")
        elif student.dim != self.space.dim:
            raise BenchError(
                f"vectors of the student {self.key.student} have {student.dim} numbers, those of the teacher "
                f"{self.key.teacher} {self.space.dim}",
                "set models.head=linear: a map from one to the other, fitted on English",
            )
        return student

    def linear_map(self, progress: Progress | None = None) -> Path:
        """Folder with the map from the student's space to the teacher's, and map.json: how well it does."""

        def make(folder: Path) -> None:
            dev = self.fits & (self.suite.bitext["split"] == "dev").to_numpy()
            training = self.english_training_texts
            held_out = sorted(set(self.suite.bitext.loc[dev, "english"]) - set(training))
            student = [
                teacher_states(
                    lambda: load_encoder(self.key.student, device_of(), self.key.precision), self.key.student, texts, "query",
                    self.key.max_length, progress, precision=self.key.precision,
                )
                for texts in (training, held_out)
            ]  # fmt: skip
            head, facts = fit_head(*student, *(self._english(texts) for texts in (training, held_out)))
            head.save(folder / "head.safetensors")
            (folder / "map.json").write_text(to_json(facts | {"texts": len(training), "held_out": len(held_out)}))

        return once(self.path("linear-map"), make)

    def _english(self, texts: Sequence[str]) -> TextStates:
        """Teacher states of some of the English sides."""
        return TextStates.from_rows([self.english_states.row(self.english_rows[text]) for text in texts])

    @cached_property
    def fits(self) -> np.ndarray:
        """(rows of the bitext,) bool: both sides have at most `max_length` tokens of the teacher's tokenizer.

        Longer pairs are left out of training rather than cut: a cut pair is no translation any more.
        """
        place = self.path("fits.npy")
        if not place.exists():
            bitext, limit = self.suite.bitext, self.key.max_length
            longest = np.zeros(len(bitext), dtype=np.int64)
            for column in ("text", "english"):
                texts = bitext[column].unique().tolist()
                lengths = dict(zip(texts, self.teacher.lengths(texts).tolist(), strict=True))
                longest = np.maximum(longest, bitext[column].map(lengths).to_numpy())
            buffer = io.BytesIO()
            np.save(buffer, longest <= limit)
            atomic_write(place, buffer.getvalue())
        return np.load(place)

    def student_texts(self) -> list[str]:
        """Every text that a student reads: bitext of both sides and the queries of all tasks."""
        suite = self.suite
        texts = [suite.bitext["text"], suite.bitext["english"]]
        return [text for column in texts for text in column.tolist()] + [
            text for task in suite.tasks.values() for text in task.texts()
        ]

    @cached_property
    def model_prints(self) -> tuple[str, ...]:
        """Content of the two models: the same folder may hold other weights tomorrow."""
        return tuple(fingerprint(model_folder(name)) for name in (self.key.teacher, self.key.student))

    def path(self, *parts: str) -> Path:
        """A place in the cache for something that depends on this context."""
        computed = autocast_dtype(self.key.precision, device_of())  # what `auto` comes to on this machine
        digest = hashlib.sha256(repr((self.key, self.suite.hash, self.model_prints, computed)).encode()).hexdigest()[:16]
        return cache_dir().joinpath("context", digest, *parts)


def large_index(context: Context, task: str, progress: Progress | None = None) -> LargeIndex:
    """The index on disk of a task's documents. They are encoded once a teacher, whatever the suite's other content."""
    settings, encoder = context.key.retrieval, context.key.teacher
    documents = context.suite.task(task).stream()
    computed = autocast_dtype(context.key.precision, device_of())
    described = (fingerprint(model_folder(encoder)), computed, settings.bits, settings.shard, documents.key)
    folder = cache_dir() / "collections" / hashlib.sha256(repr(described).encode()).hexdigest()[:24]

    def encode(texts: Sequence[str]) -> tuple[np.ndarray, Ragged]:
        states = context.teacher.encode(texts, "passage")
        return states.pooled, states.tokens

    shards = encode_collection(folder, documents, encode, settings.bits, settings.shard, progress or (lambda share: None))
    return index_collection(folder, shards, context.space, settings.candidates, settings.probes, device_of())


@lru_cache(maxsize=2)
def open_context(key: Key) -> Context:
    """The context of this key; one per process."""
    return Context(key)


def context_of(spec: CellSpec) -> Context:
    """The context in which a cell runs."""
    return open_context(
        Key(
            teacher=spec.models.teacher, student=spec.models.student, languages=spec.suite_languages,
            data=spec.data.model_dump_json(exclude_defaults=True, exclude={"order", "guard", "languages_file"}),
            languages_file=spec.data.languages_file, max_length=spec.training.max_length,
            centre=spec.space.centre, remove_directions=spec.space.remove_directions,
            precision=spec.precision, head=spec.models.head,
            retrieval=spec.retrieval,
        )
    )  # fmt: skip
