"""Many strings in a file, of which some are read at a time."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np

CHUNK = 8192  # strings that are read together where all are


class Strings(Sequence[str]):
    """n strings: NAME.bin holds their UTF-8 one after the other, NAME.npy (n + 1,) where each begins.

    They are read, not mapped: the pages of a mapped file count as memory of the process once they were looked at.
    """

    def __init__(self, file: Path) -> None:
        """`file`: without an ending.

        Raises:
            OSError, ValueError: no such file, or another one.
        """
        self._offsets: np.ndarray = np.load(file.with_name(f"{file.name}.npy"), mmap_mode="r", allow_pickle=False)
        self._file = os.open(file.with_name(f"{file.name}.bin"), os.O_RDONLY)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            return self._span(start, stop) if step == 1 else self.take(range(start, stop, step))
        number = at + len(self) if at < 0 else at
        if not 0 <= number < len(self):
            raise IndexError(at)
        return self._span(number, number + 1)[0]

    def take(self, at: Iterable[int]) -> list[str]:
        """The strings at these places, in this order."""
        return [self._span(int(number), int(number) + 1)[0] for number in at]

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), CHUNK):
            yield from self._span(start, min(start + CHUNK, len(self)))

    def find(self, text: str) -> int | None:
        """Where a string stands, of sorted ones; None if it is not among them."""
        at = bisect_left(self, text)
        return at if at < len(self) and self[at] == text else None

    def _span(self, start: int, stop: int) -> list[str]:
        if stop <= start:
            return []
        ends = np.asarray(self._offsets[start : stop + 1])
        content, first = os.pread(self._file, int(ends[-1] - ends[0]), int(ends[0])), int(ends[0])
        if len(content) != int(ends[-1]) - first:
            raise OSError("a file of texts is shorter than it was")
        return [content[int(a) - first : int(b) - first].decode("utf-8") for a, b in zip(ends[:-1], ends[1:], strict=True)]


class Listed(list[str]):
    """The same in memory."""

    def take(self, at: Iterable[int]) -> list[str]:
        """As `Strings.take`."""
        return [self[int(number)] for number in at]

    def find(self, text: str) -> int | None:
        """As `Strings.find`."""
        at = bisect_left(self, text)
        return at if at < len(self) and self[at] == text else None
