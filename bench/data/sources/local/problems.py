"""What is wrong with somebody's files: each problem with file and line, the first ones in words, the rest counted."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.base.errors import BenchError

SHOWN = 10  # problems of one kind in one file that are listed in words
ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Problem:
    """One finding. `line` is 0 where a whole file or folder is meant; in parquet files it is the row."""

    level: str
    file: str
    line: int
    kind: str
    message: str

    @property
    def place(self) -> str:
        """`tasks/news/qrels.tsv:12`."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass
class Problems:
    """Collects what is wrong.

    Attributes:
        root: files are named relative to this folder.
        shown: so many of each kind in a file are kept; all are counted.
        found: those kept, in the order in which they came.
        counts: (level, file, kind) -> how many there were.
    """

    root: Path
    shown: int = SHOWN
    found: list[Problem] = field(default_factory=list)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def error(self, path: Path, line: int, kind: str, message: str = "") -> None:
        """The data cannot be used like this. `kind` stands for the problem where only a number is told."""
        self._add(ERROR, path, line, kind, message)

    def warning(self, path: Path, line: int, kind: str, message: str = "") -> None:
        """The data can be used; the message says what is done with it."""
        self._add(WARNING, path, line, kind, message)

    def number(self, level: str) -> int:
        """Problems of this level, counted ones too."""
        return sum(count for (of, _, _), count in self.counts.items() if of == level)

    def lines(self) -> list[tuple[str, str, str]]:
        """(level, place, message), errors first, a file's problems together; what is only counted comes last of its kind."""
        rows = []
        files = list(dict.fromkeys(problem.file for problem in self.found))
        for level in (ERROR, WARNING):
            for file in files:
                own = [problem for problem in self.found if (problem.level, problem.file) == (level, file)]
                for kind in dict.fromkeys(problem.kind for problem in own):
                    listed = [problem for problem in own if problem.kind == kind]
                    rows += [(level, problem.place, problem.message) for problem in listed]
                    if more := self.counts[level, file, kind] - len(listed):
                        rows.append((level, file, f"... and {more:,} more: {kind}"))
        return rows

    def refuse_errors(self) -> None:
        """Raises `BenchError` if there is an error, with the first ones and where to read the rest."""
        errors = [row for row in self.lines() if row[0] == ERROR]
        if errors:
            listed = [f"{place}: {message}" for _, place, message in errors[:5]]
            listed += ["..."] if len(errors) > 5 else []
            raise BenchError(
                f"the data in {self.root} cannot be used: {self.number(ERROR):,} errors\n  " + "\n  ".join(listed),
                f"`bench data check {self.root}` lists everything; docs/your-data.md has the layouts",
            )

    def _add(self, level: str, path: Path, line: int, kind: str, message: str) -> None:
        file = self.name(path)
        key = (level, file, kind)
        self.counts[key] += 1
        if self.counts[key] <= self.shown:
            self.found.append(Problem(level, file, line, kind, message or kind))

    def name(self, path: Path) -> str:
        """How a file is called in messages."""
        if path == self.root:
            return printable(f"{path.name}/")
        return printable(path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path))


def printable(text: str) -> str:
    """A name or a text as a message can hold it: what no terminal shows becomes its escape."""
    whole = os.fsencode(text).decode("utf-8", "backslashreplace") if _of_system(text) else text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in whole)


def true_name(name: str) -> str | None:
    """The name of a file as its bytes say it in UTF-8, whatever the locale; None where they are something else."""
    try:
        return os.fsencode(name).decode("utf-8")
    except UnicodeError:
        return None


def _of_system(text: str) -> bool:
    """Whether this is how Python writes a name whose bytes are not those of the locale's encoding."""
    return any("\udc80" <= one <= "\udcff" for one in text)
