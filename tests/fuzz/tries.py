"""One input: read, within its time, with a result or one `BenchError`."""

from __future__ import annotations

import signal
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from bench.base.errors import BenchError
from tests.fuzz.kinds import KINDS

SECONDS = 20  # an input of a few kilobytes is read in far less


class Hang(BaseException):
    """An input took longer than `SECONDS`; no reader can catch it by mistake."""


@contextmanager
def in_time(seconds: int = SECONDS) -> Iterator[None]:
    """Raises `Hang` when the block takes longer. Compiled code that does not come back is for `faulthandler`."""
    def late(_: int, __: FrameType | None) -> None:
        raise Hang(f"no answer in {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(kind: str, example: tuple[str, bytes], base: Path, folder: Path) -> str:
    """`result` or `refused`; whatever else comes of it is raised.

    Raises:
        AssertionError: the refusal says nothing.
    """
    try:
        with in_time():
            KINDS[kind].run(example, base, folder)
    except BenchError as error:
        assert error.message.strip(), "a refusal without a word"
        # What is printed may go to a terminal that knows ASCII only; it must not be lost in that.
        str(error).encode("utf-8", "backslashreplace")
        return "refused"
    return "result"


def place(error: BaseException) -> str:
    """Where an error that should not be came from: two failures of one place are one finding."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/fuzz/" not in frame.filename]
    own = [frame for frame in frames if "site-packages" not in frame.filename and "/lib/python" not in frame.filename]
    last = (own or frames or [None])[-1]  # type: ignore[list-item]
    at = f"{'/'.join(Path(last.filename).parts[-3:])}:{last.lineno}" if last else "?"
    return f"{type(error).__name__} at {at}"


Counts = Counter[str]
