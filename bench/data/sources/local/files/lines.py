"""Lines of text files, plain or gzip, one at a time: what a file can be wrong in before anybody looks at its columns."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any

from bench.base.progress import advance
from bench.data.sources.local.problems import Problems

HUGE = 1 << 20  # bytes; encoders read some hundred tokens of a text, so this is hardly meant
LONGEST = 1 << 26  # bytes; longer lines are not kept in memory
# What a gzip file may unpack to: this many times its size (texts come to 3 to 20, a bomb to 1,000), or this many bytes.
TIMES, ALLOWED = 200, 1 << 30
TOLD = 1 << 20  # bytes between two words of progress
UNPACKED = 4  # bytes of text that a byte of gzip comes to, for progress alone
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")  # UTF-16


def lines(path: Path, problems: Problems) -> Iterator[tuple[int, str]]:
    """(number, text without its line end) of each line that can be read, from 1 on.

    Whether a file is gzip is told by its content. A byte order mark and carriage returns at line ends are taken off
    and reported; lines that are not UTF-8, hold NUL or are longer than `LONGEST` are reported and left out.
    """
    read, unpacked = 0, UNPACKED if is_packed(path) else 1
    number, returns = 0, [0, 0]  # how many lines end in CR LF, and the first of them
    inner = [0, 0]  # the same of lines with a CR inside
    try:
        with opened(path) as stream:
            while raw := stream.readline(LONGEST):
                number += 1
                read += len(raw)
                if read >= TOLD:
                    advance(read / unpacked)
                    read = 0
                if number == 1 and raw.startswith(_WIDE):
                    problems.error(path, 1, "UTF-16 text", "is UTF-16 text: save it as UTF-8")
                    return
                if number == 1 and raw.startswith(_BOM):
                    problems.warning(path, 1, "byte order mark", "starts with a byte order mark: taken off")
                    raw = raw[len(_BOM) :]
                if len(raw) == LONGEST and not raw.endswith(b"\n"):
                    problems.error(path, number, "line too long", f"is longer than {LONGEST >> 20} MiB: left out")
                    while raw and not raw.endswith(b"\n"):
                        raw = stream.readline(LONGEST)
                    continue
                if len(raw) > HUGE:
                    problems.warning(
                        path, number, "huge line", f"has {len(raw) / 1e6:.1f} MB: encoders read only the beginning of a text"
                    )
                if raw.endswith(b"\r\n"):
                    returns = [returns[0] + 1, returns[1] or number]
                    raw = raw[:-2]
                elif raw.endswith(b"\n"):
                    raw = raw[:-1]
                if b"\r" in raw:
                    if number == 1 and not stream.peek(1):
                        problems.error(path, 1, "CR line ends", "is one line with CR inside: end lines with LF")
                        return
                    inner = [inner[0] + 1, inner[1] or number]
                try:
                    text = raw.decode("utf-8")
                except UnicodeDecodeError as error:
                    bad = raw[error.start : error.start + 1].hex()
                    problems.error(path, number, "not UTF-8", f"is not UTF-8: byte {error.start + 1} is 0x{bad}")
                    continue
                if "\0" in text:
                    problems.error(path, number, "NUL character", "holds a NUL character: is this a text file?")
                    continue
                yield number, text
    except (OSError, EOFError, zlib.error) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        problems.error(path, number, "cannot be read", f"cannot be read on: {what}")
    finally:
        advance(read / unpacked)
        if inner[0]:
            problems.warning(path, inner[1], "CR inside", f"{inner[0]:,} lines hold a CR inside (the first is here): it is kept")
        if returns[0]:
            problems.warning(path, returns[1], "CRLF", f"{returns[0]:,} lines end in CR LF: the CR is taken off")


def peek(path: Path) -> str:
    """The first character that is not white space, "" where there is none or the file cannot be read."""
    try:
        with opened(path) as stream:
            return stream.read(4096).removeprefix(_BOM).decode("utf-8", "replace").lstrip()[:1]
    except (OSError, EOFError, zlib.error):
        return ""


def opened(path: Path) -> BufferedReader:
    """The bytes of a file, unpacked where its content is gzip; reading on raises `OSError` where that is a bomb."""
    return BufferedReader(_Unpacked(path), 1 << 17) if is_packed(path) else path.open("rb")


def is_packed(path: Path) -> bool:
    """Whether the content of a file is gzip; False where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(2) == _GZIP
    except OSError:
        return False


class _Unpacked(RawIOBase):
    """Content of a gzip file, up to `TIMES` its size or `ALLOWED`."""

    def __init__(self, path: Path) -> None:
        self._file = gzip.open(path, "rb")  # noqa: SIM115 (closed with this one)
        self._left = self._limit = max(ALLOWED, TIMES * path.stat().st_size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise OSError(f"unpacks to more than {self._limit:,} bytes, {TIMES} times its size")
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
