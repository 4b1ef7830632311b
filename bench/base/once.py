"""Folders that are made once, however many processes ask for them at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.base.errors import BenchError
from bench.base.paths import atomic_dir, remove_left_over
from bench.base.used import used


def once(final: Path, make: Callable[[Path], None], valid: Callable[[Path], bool] = Path.is_dir) -> Path:
    """`final`, made by `make(folder)` unless it is there and `valid`; one process makes, the others wait.

    The folder appears whole or not at all, so that an interrupted run leaves nothing behind to be mistaken
    for a result.

    Raises:
        BenchError: the place cannot be written.
    """
    if valid(used(final)):
        return final
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(final.parent / f".{final.name}.lock"):
            if not valid(final):
                remove_left_over(final.parent, final.name)  # whoever left it is dead, or would hold the lock
                with atomic_dir(final) as folder:
                    make(folder)
    except OSError as error:
        raise BenchError(
            f"cannot write {error.filename or final}: {error.strerror or error}",
            "free some space or point XLSD_CACHE to another folder",
        ) from error
    return final


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """One process at a time. The system drops the lock with the process, so it cannot go stale."""
    try:
        import fcntl
    except ImportError:  # no such lock here: then two may make it at a time, and the last move wins
        yield
        return
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
