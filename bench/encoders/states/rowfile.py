"""Rows of an array on disk, read where they are asked for."""

from __future__ import annotations

import mmap
import os
from typing import Any

import numpy as np


class RowFile:
    """(n, d) rows of a .npy file. They are read, not mapped: pages of a mapped file count as memory of the process.

    Attributes:
        shape, dtype: as those of the array.
    """

    def __init__(self, mapped: np.memmap) -> None:
        """`mapped`: what `np.load(path, mmap_mode="r")` gave, in C order."""
        self.shape, self.dtype = mapped.shape, mapped.dtype
        self._start, self._bytes = int(mapped.offset), int(np.prod(mapped.shape[1:])) * mapped.dtype.itemsize
        self._mapped = mapped  # for who wants all of it
        self._file = os.open(str(mapped.filename), os.O_RDONLY)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self._mapped, dtype=dtype)

    def __getitem__(self, at: Any) -> np.ndarray:
        """A row, a slice of rows or those of an array of numbers (a copy)."""
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            return self._span(start, stop) if step == 1 else self[np.arange(start, stop, step)]
        if np.ndim(at) == 0:
            return self._span(int(at), int(at) + 1)[0]
        found = np.empty((len(at), *self.shape[1:]), self.dtype)
        for place, row in enumerate(np.asarray(at).tolist()):
            found[place] = self._span(row, row + 1)[0]
        return found

    def _span(self, start: int, stop: int) -> np.ndarray:
        count = max(0, stop - start)
        content = os.pread(self._file, count * self._bytes, self._start + start * self._bytes)
        if len(content) != count * self._bytes or start < 0:
            raise IndexError(f"rows {start} to {stop} of {len(self)}")
        return np.frombuffer(content, self.dtype).reshape(count, *self.shape[1:])


def rows_of(array: Any) -> Any:
    """`array`, read row by row if it is a mapped file."""
    # A part of a mapped file is mapped too, but does not know where it begins.
    whole = isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap) and array.flags.c_contiguous
    return RowFile(array) if whole and array.size else array
