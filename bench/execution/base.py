"""What an executor is: it takes cells and yields events, wherever the cells run."""

from __future__ import annotations

import errno
import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bench.base.errors import BenchError
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import CellSpec

RUN_CELL = "bench.cells.cell:run_cell"
FULL = (errno.ENOSPC, errno.EDQUOT)  # what the system says of a full disk


@dataclass(frozen=True)
class Started:
    """A cell has begun."""

    id: str


@dataclass(frozen=True)
class Progress:
    """A cell is in `phase`, of which `fraction` in [0, 1] is done; `dev_loss` where it was just measured."""

    id: str
    phase: str
    fraction: float
    dev_loss: float | None = None


@dataclass(frozen=True)
class Finished:
    """A cell lies in the store."""

    id: str
    manifest: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Failed:
    """A cell ended with an error, which lies in its error.txt; `reason` is its last line."""

    id: str
    reason: str


@dataclass(frozen=True)
class Note:
    """Something that whoever runs the cells should know; of no cell in particular."""

    text: str


Event = Started | Progress | Finished | Failed | Note


class DiskFull(BenchError):
    """No more can be stored, on this machine or on the one that says so."""


class Executor(Protocol):
    """Runs cells. The store holds each result before its `Finished` or `Failed` event is yielded.

    A cell that fails, or takes its process down, ends in `Failed`; the other cells go on. A full disk
    raises a `BenchError` instead: every other cell would meet it too.
    """

    def run(self, specs: Sequence[CellSpec]) -> Iterator[Event]:
        """Run the cells in order, as many at a time as there are workers. Closing the iterator ends them."""
        ...

    def call(self, function: str, profile: Profile, report: Callable[[str, float], None]) -> Any | None:
        """What `function(profile, report)` returns when it is run where cells run; None: it is to be run on this machine."""
        return None

    def prepared(self, used: Sequence[str]) -> None:
        """Told before `run` which files and folders of the caches the preparation has used."""
        return


def load_function(path: str) -> Callable[..., Any]:
    """The function behind `package.module:name`."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def where_full(error: BaseException | None) -> str | None:
    """The file for which no space was left, "" where an error does not name it; None: it says something else.

    Looked for in the error and in those that it came from, by number or, of libraries with errors of their own, by words.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return str(error.filename or "")
        if any(os.strerror(number) in str(error) for number in FULL):
            return ""
        error = error.__cause__ or error.__context__
    return None


def disk_full(where: object) -> DiskFull:
    """The message for a full disk."""
    return DiskFull(
        f"the disk that holds {where} is full",
        "finished cells are kept: make room, then give the same command again",
    )
