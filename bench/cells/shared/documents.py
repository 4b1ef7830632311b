"""The indexes of an experiment's tasks: English documents by the teacher, and their words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np

from bench.base.errors import BenchError
from bench.base.paths import cache_dir
from bench.base.ragged import Ragged
from bench.base.used import used
from bench.cells.shared.key import Key
from bench.cells.shared.teacher import Progress, Teacher
from bench.cells.words.cutting import Pieces, key, pieces_of, words
from bench.data.suite.types import Suite
from bench.encoders.device import device_of
from bench.encoders.encoder import Encoded, autocast_dtype
from bench.encoders.fingerprint import fingerprint
from bench.encoders.load import model_folder
from bench.encoders.space import Space
from bench.retrieval.dense import DenseIndex
from bench.retrieval.large.build import encode_collection, index_collection
from bench.retrieval.large.index import LargeIndex
from bench.retrieval.large.probing import Probing
from bench.retrieval.late import LateIndex
from bench.retrieval.ranking import Ranking
from bench.retrieval.sparse import SparseIndex


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


class Documents:
    """The documents of each task, encoded once.

    Args:
        experiment: says which teacher, precision and settings of retrieval.
        suite: holds the documents.
        teacher: encodes them.
        probing: chooses how many lists are visited in the index of a task on disk.
    """

    def __init__(
        self, experiment: Key, suite: Suite, teacher: Teacher, probing: Callable[[str, LargeIndex], Probing]
    ) -> None:
        self.key, self.suite, self.teacher, self.probing = experiment, suite, teacher, probing

    def on_disk(self, task: str) -> bool:
        """Whether a task's documents are searched on disk."""
        settings, found = self.key.retrieval, self.suite.task(task)
        many = found.streamed is not None or len(found.documents) > settings.disk_above
        if found.streamed is not None and settings.documents == "memory":
            raise BenchError(
                f"the documents of task {task} are too many for retrieval.documents = memory", "set it to auto or disk"
            )
        return settings.documents == "disk" or (settings.documents == "auto" and many)

    def encode(self, task: str, progress: Progress | None = None, approximate: bool = False) -> None:
        """Everything of a task's documents that is computed once; what is there already is only read.

        Args:
            approximate: how many lists an approximate search visits is part of it.
        """
        if self.on_disk(task):
            index = self.large(task, progress)
            if approximate:
                _ = index.probing
        else:
            self.teacher.states(self.suite.task(task).documents["text"].tolist(), "passage", progress)

    @cache  # noqa: B019 - lives as long as its process
    def index(self, task: str) -> Index | LargeIndex:
        """The index of a task's documents."""
        return self.index_in(task, self.teacher.space)

    def index_in(self, task: str, space: Space) -> Index | LargeIndex:
        """The same in another space than the experiment's; made anew at every call."""
        if self.on_disk(task):
            return self.large(task, space=space)
        states, ids = self.states(task), self.suite.task(task).documents["doc_id"].tolist()
        return Index(DenseIndex(ids, self.teacher.dense(states, space)), LateIndex(ids, self.teacher.late(states, space)))

    def states(self, task: str) -> Encoded:
        """Raw states of a task's documents.

        Raises:
            BenchError: they are on disk.
        """
        if self.on_disk(task):
            raise BenchError(
                f"the documents of task {task} are on disk, and their mean is not known",
                "retrieval.documents = memory, or a method that leaves documents where they are: centred(documents=bitext)",
            )
        return self.teacher.states(self.suite.task(task).documents["text"].tolist(), "passage")

    def large(self, task: str, progress: Progress | None = None, space: Space | None = None) -> LargeIndex:
        """The index on disk of a task's documents. They are encoded once a teacher, whatever the suite's other content."""
        settings, encoder = self.key.retrieval, self.key.teacher
        documents = self.suite.task(task).stream()
        computed = autocast_dtype(self.key.precision, device_of())
        described = (fingerprint(model_folder(encoder)), computed, settings.bits, settings.shard, documents.key)
        folder = used(cache_dir() / "collections" / hashlib.sha256(repr(described).encode()).hexdigest()[:24])

        def encode(texts: Sequence[str]) -> tuple[np.ndarray, Ragged]:
            states = self.teacher.encoder.encode(texts, "passage")
            return states.pooled, states.tokens

        shards = encode_collection(folder, documents, encode, settings.bits, settings.shard, progress or (lambda share: None))
        probes = settings.probes or partial(self.probing, task)
        return index_collection(folder, shards, space or self.teacher.space, settings.candidates, probes, device_of())

    @cached_property
    def pieces(self) -> Pieces:
        """How scripts without spaces are cut into words: by the teacher's tokenizer."""
        return pieces_of(self.teacher.encoder.tokenizer)

    def words(self, text: str) -> list[str]:
        """The words of a text as they are counted: without case."""
        return [key(word) for word in words(text, self.pieces)]

    @cache  # noqa: B019 - as above
    def word_index(self, task: str) -> SparseIndex:
        """The index of the words of a task's documents."""
        documents = self.suite.task(task).documents
        return SparseIndex(documents["doc_id"].tolist(), [self.words(text) for text in documents["text"]])
