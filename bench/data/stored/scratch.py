"""Folders in the cache for what does not fit into memory: they go with what uses them, or with the next one that is made."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bench.base.errors import BenchError
from bench.base.once import one_at_a_time
from bench.base.paths import cache_dir

LOCK = ".lock"


class Scratch:
    """An empty folder, removed with this object. Those of killed processes are removed when the next one is made.

    Attributes:
        path: the folder.

    Raises:
        BenchError: the cache cannot be written.
    """

    def __init__(self) -> None:
        place = cache_dir() / "scratch"
        with writing(place):
            place.mkdir(parents=True, exist_ok=True)
            with one_at_a_time(place / LOCK):
                _remove_dead(place)
                self.path = Path(tempfile.mkdtemp(dir=place))
                held = (self.path / LOCK).open("a")
                _lock(held)
        self._end = weakref.finalize(self, _remove, self.path, held, os.getpid())


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """What cannot be written while the block runs is a `BenchError` that names it, or `path` where the system names nothing."""
    try:
        yield
    except OSError as error:
        raise BenchError(
            f"cannot write {error.filename or path}: {os.strerror(error.errno) if error.errno else error}",
            "free some space, see who may write there, or point XLSD_CACHE to another folder",
        ) from error


def _lock(held: IO[str]) -> bool:
    """Whether this process has the lock now; None has it where the system knows no such locks."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove_dead(place: Path) -> None:
    """Remove folders whose lock nobody holds: the system dropped it with the process."""
    for folder in place.iterdir():
        with contextlib.suppress(OSError):  # another user's, or one that goes at this moment
            if folder.is_dir() and _dead(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _dead(folder: Path) -> bool:
    try:
        held = (folder / LOCK).open("r+")
    except FileNotFoundError:  # killed while it was made or removed: folders are made under the lock of the place
        return importlib.util.find_spec("fcntl") is not None
    with held:
        return _lock(held)


def _remove(path: Path, held: IO[str], owner: int) -> None:
    if os.getpid() == owner:  # and not a child that was forked meanwhile
        held.close()  # first: of a file that is open, a network disk keeps a part in the folder
        shutil.rmtree(path, ignore_errors=True)
