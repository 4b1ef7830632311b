"""Folders on disk as a `Reader`: the layout that docs/your-data.md describes, or files that a profile lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bench.base.content import content_hash
from bench.base.progress import counted
from bench.data.english import ENGLISH
from bench.data.languages import Languages
from bench.data.sources.collection import PAIR_COLUMNS, Outline, OwnData, OwnTask, Progress
from bench.data.sources.local.found.kinds import PairFile, TaskFiles
from bench.data.sources.local.pairs import pairs
from bench.data.sources.local.problems import SHOWN, Problems
from bench.data.sources.local.task import Content, read_task
from bench.data.stored.spool import Spool


@dataclass(frozen=True)
class Local:
    """Data in files.

    Attributes:
        root: folder that messages name files from.
        languages: resolves names.
        pair_files, task_files: what was found or listed.
        problems: what is wrong with the files' names; `read` and `content` note what is wrong in them.
        merge: documents of one text become one later on (`data.duplicates`), so that copies need no warning.
    """

    root: Path
    languages: Languages
    pair_files: tuple[PairFile, ...]
    task_files: tuple[TaskFiles, ...]
    problems: Problems
    merge: bool = False

    def outline(self) -> Outline:
        """Languages and tasks, by the names of files."""
        self.problems.refuse_errors()
        trainable = tuple(language.code for language in self.languages if language.code in self._trainable)
        return Outline(trainable, {task.name: task.languages() for task in self.task_files})

    @cached_property
    def _trainable(self) -> frozenset[str]:
        return frozenset(file.language for file in self.pair_files if file.split != "dev")

    def key(self, codes: Collection[str]) -> Any:
        """Names, roles and content of the files that these languages need; not where they lie."""
        files = [
            [file.language, file.source, file.split, *map(content_hash, file.paths())]
            for file in self.pair_files
            if file.language in codes
        ]
        tasks = [
            [task.name, task.parallel, list(task.topic_fields),
             sorted([file.role, file.language, file.split, content_hash(file.path)]
                    for file in task.files if file.language in ("", ENGLISH, *codes))]
            for task in self.task_files
        ]  # fmt: skip
        return {"pairs": sorted(files), "tasks": sorted(tasks, key=lambda task: str(task[0]))}

    def read(self, codes: Collection[str], progress: Progress) -> OwnData:
        """Everything of these languages. Raises `BenchError` if there is any error in what was read."""
        problems = Problems(self.root, SHOWN)
        self.problems.refuse_errors()
        found, contents = self.content(codes, True, problems, progress)
        problems.refuse_errors()
        tasks: Sequence[OwnTask] = [content.task for content in contents]
        return OwnData(found, tasks, tuple(note for content in contents for note in content.notes))

    def content(
        self, codes: Collection[str] | None, whole: bool, problems: Problems, progress: Progress
    ) -> tuple[Spool, list[Content]]:
        """Pairs and tasks of these languages (None: all), with all documents or only the relevant ones; errors are noted."""
        with counted("reading data", self._bytes(codes)):
            return self._content(codes, whole, problems, progress)

    def _bytes(self, codes: Collection[str] | None) -> int:
        """Size of the files that `content` reads."""
        found = [path for file in self.pair_files if codes is None or file.language in codes for path in file.paths()]
        found += [file.path for task in self.task_files for file in task.files
                  if codes is None or file.language in ("", ENGLISH, *codes)]  # fmt: skip
        return sum(path.stat().st_size for path in found if path.is_file())

    def _content(
        self, codes: Collection[str] | None, whole: bool, problems: Problems, progress: Progress
    ) -> tuple[Spool, list[Content]]:
        found = Spool(PAIR_COLUMNS)
        for file in self.pair_files:
            if codes is None or file.language in codes:
                progress(f"reading {problems.name(file.path)}")
                said = file.language, file.source, file.split
                found.extend((*said, *sides) for sides in pairs(file, self.languages, problems))
        contents = []
        for task in self.task_files:
            progress(f"reading task {task.name}")
            contents.append(read_task(task, codes, whole, problems, progress, self.languages, self.merge))
        return found, contents
