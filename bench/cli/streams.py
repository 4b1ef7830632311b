"""Output that never fails a command: every encoding, every width, and a reader that has gone."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import MutableMapping
from typing import TextIO

AGAIN = "XLSD_UTF8_NAMES"  # set in a process that has begun again
NARROW = 40  # columns below which tables hold nothing any more
_GONE = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO)


class Forgiving(io.RawIOBase):
    """A descriptor whose reader may go away: what cannot be written any more is dropped, the work goes on."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor, self.gone = descriptor, False

    def write(self, data) -> int:  # type: ignore[no-untyped-def,override]
        if not self.gone:
            try:
                return os.write(self.descriptor, data)
            except OSError as error:
                if error.errno not in _GONE:
                    raise
                self.gone = True
        return len(data)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.descriptor

    def isatty(self) -> bool:
        return os.isatty(self.descriptor)


def utf8_names() -> None:
    """Begin again in Python's UTF-8 mode where the locale is ASCII and the mode was forbidden.

    There names of files with other characters are no text: they can be opened, but neither stored nor told. What is printed
    keeps the encoding that was asked for.
    """
    if sys.getfilesystemencoding() == "utf-8" or os.environ.get(AGAIN):
        return
    environment = {"PYTHONIOENCODING": "ascii:backslashreplace", **os.environ, "PYTHONUTF8": "1", AGAIN: "1"}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def prepare() -> None:
    """Make standard output and error of this process write whatever they are given.

    A character that the encoding lacks becomes its escape (`\\u1230`), which loses nothing and is read in any terminal.
    """
    utf8_names()
    _widths(os.environ)
    sys.stdout, sys.stderr = _prepared(sys.stdout), _prepared(sys.stderr)


def _prepared(stream: TextIO | None) -> TextIO:
    if stream is None:  # it was closed before we began
        return open(os.devnull, "w", encoding="utf-8")
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError, ValueError):  # no file: a test's buffer, or none at all
        return stream
    stream.flush()
    raw = io.BufferedWriter(Forgiving(descriptor))
    encoding = stream.encoding if stream.encoding.lower() not in ("ansi_x3.4-1968", "646") else "ascii"
    return io.TextIOWrapper(raw, encoding, "backslashreplace", line_buffering=stream.isatty() or stream is sys.stderr)


def _widths(environment: MutableMapping[str, str]) -> None:
    """Rich takes COLUMNS and LINES at their word: 0 prints nothing, one column breaks every table."""
    for name, least in (("COLUMNS", NARROW), ("LINES", 1)):
        said = environment.get(name, "").strip()
        if not said.isascii() or not said.isdigit() or int(said) == 0:
            environment.pop(name, None)
        elif int(said) < least:
            environment[name] = str(least)
