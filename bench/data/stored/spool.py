"""A table that comes a part at a time and is read a part at a time: in memory while it is small, then in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from bench.data.stored.scratch import Scratch, writing

if TYPE_CHECKING:  # a reader that is only outlined loads none of them
    import pandas as pd

PART = 20_000  # rows that are in memory together
FILE = "rows.parquet"


class Spool:
    """Rows in the order in which they were added.

    Args:
        columns: of texts.
        flags: columns of yes and no, which are only read where they are asked for.
    """

    def __init__(self, columns: Sequence[str], flags: Sequence[str] = ()) -> None:
        self.columns, self._flags = tuple(columns), tuple(flags)
        self._waiting: list[pd.DataFrame] = []
        self._rows = self._flushed = 0
        self._scratch: Scratch | None = None
        self._writer: Any = None

    def __len__(self) -> int:
        return self._rows

    def add(self, rows: pd.DataFrame) -> None:
        """More rows, with the columns and flags; none can come once parts of a large table were read.

        Raises:
            BenchError: the file cannot be written.
        """
        self._waiting.append(rows[[*self.columns, *self._flags]])
        self._rows += len(rows)
        if self._rows - self._flushed > PART:
            self._flush()

    def extend(self, rows: Iterable[Sequence[str]]) -> None:
        """More rows without flags, as `columns`, of which some are in memory at a time. Raises `BenchError` as `add`."""
        import pandas as pd

        more = iter(rows)
        while part := list(islice(more, PART)):
            self.add(pd.DataFrame(part, columns=list(self.columns), dtype="str"))

    def parts(self, *columns: str) -> Iterator[pd.DataFrame]:
        """These columns (default: those of texts) of the rows, at most PART at a time and never none."""
        import pandas as pd

        wanted = list(columns or self.columns)
        if self._scratch is not None:
            yield from _read(self._finished(self._scratch.path), wanted)
        elif self._rows:
            self._waiting = [pd.concat(self._waiting, ignore_index=True)] if len(self._waiting) > 1 else self._waiting
            yield self._waiting[0][wanted].reset_index(drop=True)

    def frame(self) -> pd.DataFrame:
        """All of it, which may be more than memory holds."""
        import pandas as pd

        found = list(self.parts())
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame({name: [] for name in self.columns}, dtype="str")

    def write(self, file: Path) -> None:
        """The columns of texts as a parquet file. Raises `OSError` where it cannot be written."""
        import pyarrow.parquet as pq

        with pq.ParquetWriter(file, self._schema(self.columns), compression="zstd") as writer:
            for part in self.parts():
                writer.write_table(self._arrow(part))

    def _finished(self, folder: Path) -> Path:
        """The file with all rows; nothing can be added any more."""
        if self._writer is not None:
            if self._waiting:
                self._flush()
            with writing(folder):
                self._writer.close()
            self._writer = None
        return folder / FILE

    def _flush(self) -> None:
        import pandas as pd
        import pyarrow.parquet as pq

        rows = pd.concat(self._waiting, ignore_index=True)
        if self._scratch is None:
            self._scratch = Scratch()
            with writing(self._scratch.path):
                schema = self._schema((*self.columns, *self._flags))
                self._writer = pq.ParquetWriter(self._scratch.path / FILE, schema, compression="snappy")
        with writing(self._scratch.path):
            for start in range(0, len(rows), PART):
                self._writer.write_table(self._arrow(rows.iloc[start : start + PART]))
        self._waiting, self._flushed = [], self._rows

    def _schema(self, names: Sequence[str]) -> Any:
        import pyarrow as pa

        return pa.schema([(name, pa.bool_() if name in self._flags else pa.large_string()) for name in names])

    def _arrow(self, rows: pd.DataFrame) -> Any:
        import pyarrow as pa

        return pa.Table.from_pandas(rows, self._schema(list(rows.columns)), preserve_index=False)


Table: TypeAlias = "pd.DataFrame | Spool"


def parts(table: Table, *columns: str) -> Iterator[pd.DataFrame]:
    """These columns of a table, some rows at a time; a frame, which is in memory anyway, is one part."""
    if isinstance(table, Spool):
        yield from table.parts(*columns)
    else:
        yield table[list(columns)]


def _read(file: Path, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as found:
        for batch in found.iter_batches(PART, columns=list(columns)):
            frame = pa.table(batch.columns, names=batch.schema.names).select(list(columns)).to_pandas()
            yield frame.astype({name: "str" for name in frame.columns if frame[name].dtype != bool})
