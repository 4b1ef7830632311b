"""What of the caches a piece of work has used: that, and no more, is what another machine needs to do the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_noted: ContextVar[set[Path] | None] = ContextVar("noted", default=None)


def used(path: Path) -> Path:
    """`path`, a file or folder of a cache that was just read or made, noted for whoever listens."""
    noted = _noted.get()
    if noted is not None:
        noted.add(path)
    return path


def size_of(paths: Iterable[str]) -> int:
    """Bytes of these files and folders; what is there no longer counts nothing."""
    files = (file for path in map(Path, paths) for file in ([path] if path.is_file() else path.rglob("*")))
    return sum(file.stat().st_size for file in files if file.is_file())


@contextmanager
def noting() -> Iterator[set[Path]]:
    """The set that `used` fills until the end of the block."""
    noted: set[Path] = set()
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)
