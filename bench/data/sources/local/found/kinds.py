"""What a file is, once its name has been read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PairFile:
    """Bitext of one language: one file with both sides, or (Moses) two files line by line."""

    language: str
    source: str
    split: str
    path: Path
    english: Path | None = None
    english_first: bool | None = None  # what the name says of the order of columns: `en-sw` or `sw-en`

    def paths(self) -> tuple[Path, ...]:
        return (self.path,) if self.english is None else (self.path, self.english)


@dataclass(frozen=True)
class TaskFile:
    """One file of a task; `language` and `split` are "" where it belongs to all."""

    role: str  # corpus, queries or qrels
    path: Path
    language: str = ""
    split: str = ""


@dataclass(frozen=True)
class TaskFiles:
    """The files of a task, and what a profile says of it."""

    name: str
    folder: Path
    files: tuple[TaskFile, ...]
    parallel: bool | None = None
    topic_fields: tuple[str, ...] = ("title",)

    def of(self, role: str) -> list[TaskFile]:
        return [file for file in self.files if file.role == role]

    def languages(self) -> tuple[str, ...]:
        """Codes of languages with queries, sorted."""
        return tuple(sorted({file.language for file in self.of("queries")}))
