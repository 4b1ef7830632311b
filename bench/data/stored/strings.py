"""Many strings in a file, of which some are read at a time."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from bench.data.stored.scratch import Scratch, writing

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 8192  # strings that are read together where all are
NAME = "strings"


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
        places = np.fromiter(at, dtype=np.int64) if not isinstance(at, np.ndarray) else at
        begins, ends = self._offsets[places].tolist(), self._offsets[places + 1].tolist()
        return [self._bytes(begin, end).decode("utf-8") for begin, end in zip(begins, ends, strict=True)]

    def array(self, start: int, stop: int) -> pa.LargeStringArray:
        """Those from `start` to before `stop`, as Arrow holds them."""
        import pyarrow as pa

        offsets = np.array(self._offsets[start : stop + 1])
        content = self._bytes(int(offsets[0]), int(offsets[-1]))
        return pa.LargeStringArray.from_buffers(stop - start, pa.py_buffer(offsets - offsets[0]), pa.py_buffer(content))

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
        ends = self._offsets[start : stop + 1].tolist()
        content, first = self._bytes(ends[0], ends[-1]), ends[0]
        return [content[a - first : b - first].decode("utf-8") for a, b in zip(ends[:-1], ends[1:], strict=True)]

    def _bytes(self, begin: int, end: int) -> bytes:
        content = os.pread(self._file, end - begin, begin)
        while len(content) < end - begin:  # the system hands out two gigabytes at a time
            more = os.pread(self._file, end - begin - len(content), begin + len(content))
            if not more:
                raise OSError("a file of texts is shorter than it was")
            content += more
        return content


class Listed(list[str]):
    """The same in memory."""

    def take(self, at: Iterable[int]) -> list[str]:
        """As `Strings.take`."""
        return [self[int(number)] for number in at]

    def find(self, text: str) -> int | None:
        """As `Strings.find`."""
        at = bisect_left(self, text)
        return at if at < len(self) and self[at] == text else None


class StringsWriter:
    """Writes strings as `Strings` reads them, some at a time.

    Args:
        file: without an ending. `close` makes it whole.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._content = file.with_name(f"{file.name}.bin").open("wb")
        self._sizes: list[np.ndarray] = []

    def add(self, texts: pa.LargeStringArray) -> None:
        """More of them."""
        if not len(texts):
            return
        _, where, content = texts.buffers()
        offsets = np.frombuffer(where, np.int64, len(texts) + 1, texts.offset * 8)
        if content is not None:
            self._content.write(memoryview(content)[int(offsets[0]) : int(offsets[-1])])
        self._sizes.append(np.diff(offsets).astype(np.uint32))

    def close(self) -> None:
        """Nothing more comes."""
        self._content.close()
        offsets = np.zeros(1 + sum(map(len, self._sizes)), np.int64)
        np.cumsum(np.concatenate([*self._sizes, np.zeros(0, np.uint32)]), dtype=np.int64, out=offsets[1:])
        np.save(self._file.with_name(f"{self._file.name}.npy"), offsets)


class Gathered:
    """Strings that come some at a time and are then read in any order: in memory while they are few, then in a file."""

    def __init__(self, few: int) -> None:
        self._few = few  # that are kept in memory
        self._listed = Listed()
        self._stored: Strings | None = None  # before the folder: it is closed before that goes
        self._writer: StringsWriter | None = None
        self._scratch: Scratch | None = None

    def add(self, texts: Sequence[str]) -> None:
        """More of them. Raises `BenchError` where the file cannot be written."""
        self._listed.extend(texts)
        if self._writer is not None or len(self._listed) > self._few:
            self._flush()

    def take(self, at: np.ndarray) -> list[str]:
        """Those at these places, in this order; nothing can be added from then on."""
        if self._writer is not None and self._scratch is not None:
            with writing(self._scratch.path):
                self._writer.close()
            self._writer, self._stored = None, Strings(self._scratch.path / NAME)
        if self._stored is None:
            return self._listed.take(at)
        order = np.argsort(at, kind="stable")  # one way through the file
        found = dict(zip(order.tolist(), self._stored.take(at[order]), strict=True))
        return [found[number] for number in range(len(at))]

    def _flush(self) -> None:
        import pyarrow as pa

        self._scratch = self._scratch or Scratch()
        with writing(self._scratch.path):
            self._writer = self._writer or StringsWriter(self._scratch.path / NAME)
            self._writer.add(pa.array(self._listed, pa.large_string()))
        self._listed = Listed()
