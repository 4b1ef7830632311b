"""A bitext on disk: some bytes a pair in memory, the texts read where they are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.data.stored import sorting
from bench.data.stored.strings import CHUNK, Listed, Strings

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
    """Write the columns of a table of pairs into `folder`, one after the other, of each a part at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(parquet) as file:
        for name in COLUMNS:
            batches = (batch.column(0).cast(pa.large_string()) for batch in file.iter_batches(sorting.RUN, columns=[name]))
            codes = sorting.sorted_once(batches, folder / name)
            np.save(folder / f"{name}-codes.npy", codes.astype(_smallest(int(codes.max()) + 1 if len(codes) else 0)))
        rows = file.metadata.num_rows
    (folder / NOTE).write_text(json.dumps({"rows": rows}), encoding="utf-8")


def _smallest(values: int) -> type[np.unsignedinteger[Any]]:
    """The smallest type of codes for so many values."""
    return next(kind for kind in (np.uint8, np.uint16, np.uint32, np.uint64) if values <= np.iinfo(kind).max + 1)
