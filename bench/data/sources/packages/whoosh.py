"""Stored fields of two generations of Whoosh search indexes, read without Whoosh.

Whoosh itself unpickles library classes. Here the bytes are parsed by hand, and the only pickles that are
loaded (lists, dicts, texts and numbers) go through an `Unpickler` that refuses every class and function.
"""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.base.errors import BenchError

MAX_RECORD_BYTES = 2**20


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"the record wants to load {module}.{name}")


def plain_pickle(content: bytes) -> Any:
    """Load a pickle made of containers, texts and numbers only.

    Raises:
        BenchError: it refers to a class or function, or is damaged.
    """
    return _load(io.BytesIO(content))


def _load(stream: io.BytesIO) -> Any:
    try:
        return _Plain(stream, encoding="utf-8").load()
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise _damaged(error) from error


def dcz_records(content: bytes) -> Iterator[Any]:
    """Records of a `.dcz` file: u32 position of a directory of u32 (offset, length) pairs; big-endian."""
    if len(content) < 4:
        raise _damaged("it is shorter than its header")
    start = struct.unpack_from(">I", content)[0]
    if start < 4 or start > len(content) or (len(content) - start) % 8:
        raise _damaged("its directory lies outside the file")
    for offset, length in struct.iter_unpack(">II", content[start:]):
        if offset < 4 or offset + length > start:
            raise _damaged("a record lies outside the file")
        yield plain_pickle(content[offset : offset + length])


def segment_records(content: bytes, wanted: Callable[[bytes], bool] = lambda record: True) -> Iterator[Any]:
    """Stored fields (a dict a document) of a compound `.seg` file (Whoosh 2.7).

    Layout: u64 and u32 position and length of a pickled directory {file name: {offset, length}}. Its
    `_stored.col` is a column of zlib-compressed pickles, back to back, then an array of their lengths, one of
    their offsets, the type codes of both arrays and an `X`; all big-endian.

    Args:
        wanted: looks at the unpickled bytes of a record; `False` skips it (faster than loading it).
    Raises:
        BenchError: another layout, or damaged.
    """
    column = _stored_column(content)
    if column[-1:] != b"X":
        raise _damaged("its stored column has no offset table")
    try:
        size_length = struct.calcsize(">" + column[-3:-2].decode("ascii"))
        size_offset = struct.calcsize(">" + column[-2:-1].decode("ascii"))
    except (struct.error, UnicodeDecodeError) as error:
        raise _damaged(error) from error
    count = _row_count(column, size_length, size_offset)
    lengths, offsets = _tables(column, count, size_length, size_offset)
    for offset, length in zip(offsets.tolist(), lengths.tolist(), strict=True):
        if length:
            record = _inflate(column[offset : offset + length])
            if wanted(record):
                yield plain_pickle(record)


def _stored_column(content: bytes) -> bytes:
    if len(content) < 12:
        raise _damaged("it is shorter than its header")
    start, size = struct.unpack_from(">qi", content)
    if start < 12 or size < 0 or start + size > len(content):
        raise _damaged("its directory lies outside the file")
    directory = plain_pickle(content[start : start + size])
    try:
        extents = [
            (entry["offset"], entry["length"])
            for name, entry in directory.items()
            if name.endswith("._stored.col")
        ]
        ((offset, length),) = extents
        if not 12 <= offset <= offset + length <= start or length < 3:
            raise ValueError("its stored column lies outside the file")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(error) from error
    return content[offset : offset + length]


def _row_count(column: bytes, size_length: int, size_offset: int) -> int:
    """The number of rows is not in the column: it is the one for which both tables fit each other.

    The last offset stands at a known place. All the rest is then settled by the length of the last row, which
    is tried from 0 up; the tables are compared in full wherever the number of rows comes out whole.
    """
    tables_end = len(column) - 3
    last = int.from_bytes(column[tables_end - size_offset : tables_end], "big")
    row = size_length + size_offset
    for length in range(min(MAX_RECORD_BYTES, max(tables_end - last, 0)) + 1):
        count, rest = divmod(tables_end - last - length, row)
        if rest or count < 1:
            continue
        at = last + length + size_length * (count - 1)
        if int.from_bytes(column[at : at + size_length], "big") != length:
            continue
        lengths, offsets = _tables(column, count, size_length, size_offset)
        if offsets[0] == 0 and np.array_equal(np.cumsum(lengths)[:-1], offsets[1:]):
            return count
    raise _damaged("the tables of its stored column do not fit each other")


def _tables(column: bytes, count: int, size_length: int, size_offset: int) -> tuple[np.ndarray, np.ndarray]:
    end = len(column) - 3
    middle = end - count * size_offset
    lengths = np.frombuffer(column[middle - count * size_length : middle], f">u{size_length}")
    offsets = np.frombuffer(column[middle:end], f">u{size_offset}")
    return lengths.astype(np.int64), offsets.astype(np.int64)


def _inflate(content: bytes) -> bytes:
    try:
        inflater = zlib.decompressobj()
        record = inflater.decompress(content, MAX_RECORD_BYTES)
    except zlib.error as error:
        raise _damaged(error) from error
    if not inflater.eof:
        raise _damaged(f"a record is cut off or larger than {MAX_RECORD_BYTES} bytes")
    return record


def _damaged(reason: object) -> BenchError:
    return BenchError(
        f"the search index cannot be read: {reason}", "its package is damaged or another release"
    )
