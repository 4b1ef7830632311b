"""What comes of a cell elsewhere, into the store of this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from bench.base.manifest import git, now, versions
from bench.execution.base import Event, Failed, Started
from bench.execution.elsewhere.archive import take_over
from bench.execution.elsewhere.attempt import Attempt
from bench.experiment.store import UNFINISHED, Store


def store_result(store: Store, attempt: Attempt, letter: Mapping[str, Any], moved: dict[str, str]) -> Iterator[Event]:
    """Store the archive of a cell that has ended, well or not, and remove its checkpoints.

    Args:
        letter: with `archive` and `reason`, as `run_order` returns it.
        moved: as `take_over` wants it.

    Raises:
        BenchError: a damaged archive, or that of another cell.
        OSError: the disk of this machine is full.
    """
    yield from _begun(attempt)
    with store.writing(attempt.spec) as folder:
        letter["archive"].unpack(folder)
        event = take_over(attempt.spec, store, folder, moved, letter["reason"])
    # Whatever the versions with which they were written; those are in the folder's name.
    for left in (store.root / UNFINISHED).glob(f"{attempt.spec.key[:32]}-*"):
        shutil.rmtree(left, ignore_errors=True)
    yield event


def store_failure(store: Store, attempt: Attempt, why: str, details: str) -> Iterator[Event]:
    """Record a cell of which nothing came back."""
    yield from _begun(attempt)
    seen = {"versions": versions(), "git": git(), "finished": now(), "threads": attempt.spec.threads}
    with store.writing(attempt.spec) as folder:
        store.finish_failed(attempt.spec, folder, f"{why}\n\n{details}\n", seen)
    yield Failed(attempt.spec.id, why)


def tidy(store: Store) -> None:
    """Remove the folder of checkpoints once none is left; not before the end of a run, as machines at work hold on to it."""
    with suppress(OSError):
        (store.root / UNFINISHED).rmdir()


def _begun(attempt: Attempt) -> Iterator[Event]:
    """Who watches knows of a cell only when it begins, and the letter that says so may not have come yet."""
    if not attempt.begun and not attempt.shown:
        yield Started(attempt.spec.id)
