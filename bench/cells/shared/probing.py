"""On which questions the number of visited lists of an index on disk is chosen: dev ones. Once an index and experiment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.base.errors import BenchError
from bench.base.jsonfile import read_json, to_json
from bench.base.once import once
from bench.cells.shared.key import Key
from bench.data.english import ENGLISH
from bench.data.suite.types import Suite
from bench.encoders.encoder import Encoder
from bench.retrieval.large.build import space_name
from bench.retrieval.large.index import LargeIndex
from bench.retrieval.large.probing import Probing, choose

QUESTIONS = 20  # of a language: with 2,000 documents each that is 40,000 documents to find


def dev_questions(suite: Suite, task: str, languages: Sequence[str], most: int = QUESTIONS) -> dict[str, list[str]]:
    """Language -> the first dev queries of a task; without any, texts of dev pairs. English comes last, as far as it has any.

    Test queries are never among them, nor texts that are trained on.
    """
    found = {}
    for language in dict.fromkeys([*(one for one in languages if one != ENGLISH), ENGLISH]):
        if language in suite.task(task).languages("dev"):
            texts = suite.task(task).queries("dev", language, most)["text"].tolist()
        else:
            english = language == ENGLISH
            rows = suite.bitext.rows("dev", languages if english else [language])
            column = suite.bitext["english" if english else "text"]
            codes = np.unique(column.codes[rows])
            texts = column.values.take(np.random.default_rng(0).permutation(codes)[:most].tolist())
        if texts:
            found[language] = texts
    return found


class Chooser:
    """Chooses the lists that are visited, for the languages of an experiment.

    Which cell asks does not matter: the student as it starts and the teacher ask. So all cells search the same lists.

    Args:
        experiment: its languages and settings of retrieval.
        suite: of the dev questions.
        encoder: whether they are in English -> what encodes questions.
        place: where things are kept that depend on the experiment's context.
    """

    def __init__(
        self, experiment: Key, suite: Suite, encoder: Callable[[bool], Encoder], place: Callable[[str], Path]
    ) -> None:
        self.key, self.suite, self.encoder, self.place = experiment, suite, encoder, place

    def __call__(self, task: str, index: LargeIndex) -> Probing:
        """The number for the index of a task, and what is known of it; chosen once, then read.

        Raises:
            BenchError: the suite has no dev text at all.
        """
        target = self.key.retrieval.recall_target
        described = (task, space_name(index.space), index.candidates, target, QUESTIONS)

        def make(folder: Path) -> None:
            (folder / "probing.json").write_text(to_json(self._chosen(task, index, target).record()))

        digest = hashlib.sha256(repr(described).encode()).hexdigest()[:16]
        return Probing(**read_json(once(self.place(f"probing-{digest}"), make) / "probing.json"))

    def _chosen(self, task: str, index: LargeIndex, target: float) -> Probing:
        questions = dev_questions(self.suite, task, self.key.languages)
        if not questions:
            raise BenchError(
                f"there are no dev queries of task {task} and no dev pairs to choose the visited lists on",
                "give the task dev queries, or set retrieval.probes to a number of lists",
            )
        parts = [self._vectors(questions, english, index) for english in (False, True)]
        dense, groups = np.concatenate([one for one, _ in parts if len(one)]), [name for _, names in parts for name in names]
        return choose(index.lists, index.shards, index.space, dense, groups, target, index.candidates)

    def _vectors(self, questions: Mapping[str, list[str]], english: bool, index: LargeIndex) -> tuple[Any, list[str]]:
        """Unit vectors of the English questions, or of all others, and their languages."""
        own = [(name, text) for name, texts in questions.items() if (name == ENGLISH) == english for text in texts]
        if not own:
            return np.empty((0, 0)), []
        states = self.encoder(english).encode([text for _, text in own], "query")
        return index.space.pooled(states.pooled), [name for name, _ in own]
