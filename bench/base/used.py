"""What of the caches a piece of work has used: that, and no more, is what another machine needs to do the same."""

from __future__ import annotations

from collections.abc import Iterator
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


@contextmanager
def noting() -> Iterator[set[Path]]:
    """The set that `used` fills until the end of the block."""
    noted: set[Path] = set()
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)
