"""One run per experiment folder."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.base.errors import BenchError


@contextmanager
def experiment_lock(folder: Path, on_entry: Callable[[], None]) -> Iterator[None]:
    """Hold `folder` for this process; `on_entry` runs once it is held.

    The lock is the operating system's, on an open file: it ends with the process, however that ends, so
    no lock of a dead run is ever left behind. The file's content only serves the message.

    Raises:
        BenchError: another process holds it, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise BenchError(
            f"cannot write to {folder}: {error.strerror}", "choose another folder with --results"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BenchError(
                f"another bench run{_holder(descriptor)} is working on {folder}",
                "wait until it has ended, or choose another folder with --results",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "since": time.strftime("%H:%M")}).encode(), 0)
        on_entry()
        yield
    finally:
        os.close(descriptor)  # gives the lock back


def _holder(descriptor: int) -> str:
    try:
        content = json.loads(os.pread(descriptor, 200, 0))
        return f" (process {content['pid']}, since {content['since']})"
    except (ValueError, KeyError, OSError):
        return ""
