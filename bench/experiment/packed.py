"""The cells of an experiment in two files that travel: the scores of all questions, and the small files of each cell."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.base.jsonfile import read_json

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

QUESTIONS, FILES, MANIFEST = "questions.parquet", "cells.parquet", "manifest.json"
IDENTITY = "identity.json"  # what the key of a cell is the hash of, see `CellSpec.identity`
METRICS = "metrics.csv"
# Small files of a cell that hold no text of anybody's data. Translations do, and stay where they are.
SMALL = (METRICS, "train.csv", "approximation.csv")
ORDER = ("task", "scorer", "language", "row", "cell")
GROUP = 1 << 20  # rows that are compressed together


def pack_questions(frames: Mapping[str, pd.DataFrame]) -> bytes:
    """One table of the scores of all cells, as a Parquet file: the columns of per_query.parquet, and two more.

    `cell` is the id, `row` the place in the cell's own table (from 0). Rows stand by question, cells side by side: equal
    questions get similar scores, so that a row takes some 1.4 bytes. Numbers keep all their digits. The same scores give the
    same bytes.

    Args:
        frames: cell id -> its per_query.parquet.
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = [_nullable(frame).assign(row=np.arange(len(frame), dtype=np.int32), cell=name) for name, frame in frames.items()]
    table = pd.concat(parts, ignore_index=True)
    # Codes in the order of the texts: to sort the texts themselves takes longer than to write the file.
    keys = [table[name].to_numpy() if name == "row" else pd.factorize(table[name], sort=True)[0] for name in ORDER]
    table = table.iloc[np.lexsort(keys[::-1])]
    table = table[["cell", *(name for name in table.columns if name not in ("cell", "row")), "row"]]
    out = io.BytesIO()
    plain = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(plain, out, compression="zstd", compression_level=9, row_group_size=GROUP)
    return out.getvalue()


def pack_files(files: Mapping[tuple[str, str], str]) -> bytes:
    """(cell id, file name) -> text, as a Parquet file with the columns `cell`, `file` and `content`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = sorted(files.items())
    columns = {"cell": [cell for (cell, _), _ in rows], "file": [name for (_, name), _ in rows], "content": [t for _, t in rows]}
    out = io.BytesIO()
    table = pa.table(columns, schema=pa.schema([(name, pa.large_string()) for name in columns]))
    pq.write_table(table, out, compression="zstd", compression_level=9, use_dictionary=False)
    return out.getvalue()


class Packed:
    """The cells of a published folder. Files are read once, when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def there(folder: Path) -> bool:
        """Whether `folder` holds cells in this form, and not as folders."""
        return (folder / QUESTIONS).is_file() and not (folder / "cells").is_dir()

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What manifest.json holds; empty if it cannot be read."""
        return read_json(self.folder / MANIFEST)

    @cached_property
    def cells(self) -> dict[str, dict[str, Any]]:
        """Cell id -> its manifest, without the list of its files."""
        listed = self.manifest.get("cells")
        found = listed if isinstance(listed, list) else []
        return {str(one["id"]): one for one in found if isinstance(one, dict) and "id" in one}

    def files(self, cell: str) -> dict[str, str]:
        """File name -> text of the small files of a cell, its identity among them.

        Raises:
            OSError, ValueError: cells.parquet is not there or cannot be read.
        """
        return self._files.get(cell, {})

    def questions(self, cell: str) -> pd.DataFrame:
        """What per_query.parquet of a cell held, in its order and with its types.

        Raises:
            OSError, ValueError: questions.parquet is not there, cannot be read, or does not have the cell.
        """
        import numpy as np

        if cell not in self._rows:
            raise ValueError(f"{QUESTIONS} holds no question of {cell}")
        own = self._table.take(self._rows[cell])
        row = own["row"].to_numpy()
        order = np.argsort(row)
        if not np.array_equal(row[order], np.arange(len(row))):
            raise ValueError(f"{QUESTIONS} does not hold each row of {cell} once")
        return _numpy(own.take(order).drop_columns(["row"]))

    @cached_property
    def _files(self) -> dict[str, dict[str, str]]:
        import pyarrow.parquet as pq

        found: dict[str, dict[str, str]] = {}
        for row in pq.read_table(self.folder / FILES).to_pylist():
            found.setdefault(row["cell"], {})[row["file"]] = row["content"]
        return found

    @cached_property
    def _table(self) -> pa.Table:
        import pyarrow.parquet as pq

        table = pq.read_table(self.folder / QUESTIONS)
        if absent := {"cell", "row"} - set(table.column_names):
            raise ValueError(f"{QUESTIONS} has no column {', '.join(sorted(absent))}")
        self._cell = table["cell"].to_pandas()
        return table.drop_columns(["cell"])

    @cached_property
    def _rows(self) -> dict[str, Any]:
        table = self._table  # reads the column of cells too
        assert table is not None
        return {str(cell): rows for cell, rows in self._cell.groupby(self._cell, sort=False).indices.items()}


def _nullable(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers stay whole where another cell has none at all."""
    return frame.astype({name: kind.name.capitalize() for name, kind in frame.dtypes.items() if kind.kind == "i"})


def _numpy(table: pa.Table) -> pd.DataFrame:
    """A frame with numpy's own numbers, without the columns that this cell never had."""
    import pandas as pd
    import pyarrow as pa

    had = [name for name in table.column_names if table[name].null_count < len(table)]
    whole = {pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype()}
    frame = table.select(had).to_pandas(types_mapper=whole.get)
    lower = {name: str(kind).lower() for name, kind in frame.dtypes.items() if str(kind) in ("Int32", "Int64")}
    return frame.astype({name: kind for name, kind in lower.items() if not frame[name].isna().any()})
