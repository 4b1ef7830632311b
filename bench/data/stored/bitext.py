"""A bitext on disk: some bytes a pair in memory, the texts read where they are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.data.stored.strings import CHUNK, Listed, Strings

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("pair_id", "language", "source", "split", "english", "text")
FEW = ("language", "source", "split")  # columns of a few different values, which are held in memory
NOTE = "columns.json"


@dataclass(frozen=True)
class Column(Sequence[str]):
    """A text for each of n places, equal ones stored once.

    Attributes:
        codes: (n,) where the text of each place stands in `values`.
        values: different texts, sorted.
    """

    codes: np.ndarray
    values: Strings | Listed

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, at: Any) -> Any:
        return self.take(range(len(self))[at]) if isinstance(at, slice) else self.values[int(self.codes[at])]

    def take(self, at: Iterable[int] | np.ndarray) -> list[str]:
        """The texts at these places."""
        return self.values.take(self.codes[np.asarray(at, dtype=np.int64)].tolist())

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), CHUNK):
            yield from self.take(range(start, min(start + CHUNK, len(self))))

    def of(self, rows: np.ndarray) -> Column:
        """The column of these places."""
        return Column(self.codes[rows], self.values)

    def equal(self, *texts: str) -> np.ndarray:
        """(n,) bool: which places have one of these texts."""
        known = [code for text in texts if (code := self.values.find(text)) is not None]
        if len(known) == 1:
            return np.asarray(self.codes == known[0])
        table = np.zeros(len(self.values), dtype=bool)
        table[known] = True
        return table[self.codes]

    def counts(self) -> dict[str, int]:
        """Text -> places that have it, in the order of the texts."""
        found = np.bincount(self.codes, minlength=len(self.values))
        return {self.values[code]: int(found[code]) for code in np.flatnonzero(found).tolist()}


class StoredBitext:
    """Pairs with COLUMNS, in an order that is part of what they are."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self.columns = dict(columns)

    def __len__(self) -> int:
        return len(self.columns["text"])

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def rows(self, split: str, languages: Iterable[str], where: np.ndarray | None = None) -> np.ndarray:
        """(m,) int64, ascending: the pairs of a split in these languages, of those that `where` (n,) allows."""
        chosen = self["split"].equal(split) & self["language"].equal(*languages)
        return np.flatnonzero(chosen if where is None else chosen & where)

    def groups(self, name: str, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Value of a column -> those of `rows` that have it, in their order; values sorted."""
        column = self[name].of(rows)
        return {column.values[code]: rows[column.codes == code] for code in np.unique(column.codes).tolist()}

    def by_source(self, rows: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
        """Language -> source -> those of `rows`; both sorted."""
        return {language: self.groups("source", own) for language, own in self.groups("language", rows).items()}

    def frame(self, rows: np.ndarray | None = None) -> pd.DataFrame:
        """These pairs as a table, with their numbers as index; None: all, which may be more than memory holds."""
        chosen = np.arange(len(self)) if rows is None else np.asarray(rows, dtype=np.int64)
        return pd.DataFrame({name: column.take(chosen) for name, column in self.columns.items()}, chosen, dtype="str")

    @classmethod
    def of(cls, frame: pd.DataFrame) -> StoredBitext:
        """A table as it is, in memory."""
        columns = {}
        for name in COLUMNS:
            values = sorted(set(frame[name]))
            place = {value: code for code, value in enumerate(values)}
            columns[name] = Column(np.array([place[value] for value in frame[name]], dtype=np.int64), Listed(values))
        return cls(columns)

    @classmethod
    def open(cls, folder: Path) -> StoredBitext:
        """What `store` wrote.

        Raises:
            OSError, ValueError: it is not there, or damaged.
        """
        rows = int(json.loads((folder / NOTE).read_text(encoding="utf-8"))["rows"])
        columns = {}
        for name in COLUMNS:
            few = name in FEW
            codes = np.load(folder / f"{name}-codes.npy", mmap_mode=None if few else "r", allow_pickle=False)
            values = Strings(folder / name)
            if len(codes) != rows:
                raise ValueError(f"{folder / name} has {len(codes)} rows, and not {rows}")
            columns[name] = Column(codes, Listed(values) if few else values)
        return cls(columns)


def sampled(rows: np.ndarray, most: int) -> np.ndarray:
    """So many of these rows, at most: always the same ones, in the order in which they were drawn."""
    return rows[np.random.RandomState(0).choice(len(rows), min(most, len(rows)), replace=False)]


def store(parquet: Path, folder: Path) -> None:
    """Write the columns of a table of pairs into `folder`, one after the other, so that one at a time is in memory."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    file = pq.ParquetFile(parquet)
    for name in COLUMNS:
        found = file.read(columns=[name]).column(0).cast(pa.large_string()).combine_chunks()
        found = found.dictionary_encode() if not isinstance(found, pa.ChunkedArray) else _one(found)
        order = np.asarray(pc.sort_indices(found.dictionary))
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        codes = place[np.asarray(found.indices)] if len(found) else place[:0]
        np.save(folder / f"{name}-codes.npy", codes.astype(_smallest(len(order))))
        _write(folder / name, found.dictionary.take(pa.array(order)))
    (folder / NOTE).write_text(json.dumps({"rows": file.metadata.num_rows}), encoding="utf-8")


def _one(column: pa.ChunkedArray) -> pa.DictionaryArray:
    import pyarrow as pa

    chunks = column.dictionary_encode().unify_dictionaries().chunks
    if not chunks:
        return pa.array([], pa.large_string()).dictionary_encode()
    indices = pa.concat_arrays([chunk.indices for chunk in chunks])
    return pa.DictionaryArray.from_arrays(indices, chunks[0].dictionary)


def _smallest(values: int) -> type[np.unsignedinteger[Any]]:
    """The smallest type of codes for so many values."""
    return next(kind for kind in (np.uint8, np.uint16, np.uint32, np.uint64) if values <= np.iinfo(kind).max + 1)


def _write(file: Path, texts: pa.Array) -> None:
    """Strings as `Strings` reads them."""
    _, where, content = texts.buffers()
    offsets = np.frombuffer(where, np.int64, len(texts) + 1, texts.offset * 8) if len(texts) else np.zeros(1, np.int64)
    start, end = int(offsets[0]), int(offsets[-1])
    np.save(file.with_name(f"{file.name}.npy"), offsets - start)
    file.with_name(f"{file.name}.bin").write_bytes(memoryview(content)[start:end] if content is not None else b"")
