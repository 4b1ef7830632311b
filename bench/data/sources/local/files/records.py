"""Rows of TSV, JSON lines and parquet files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.data.sources.local.files.lines import lines
from bench.data.sources.local.problems import Problems

Record = dict[str, Any]
RECORDS = (".jsonl", ".json", ".ndjson", ".parquet")


def extension(path: Path) -> str:
    """`.tsv` of `sw.tsv` and of `sw.tsv.gz`, in lower case."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == ".gz" else suffix


def records(path: Path, problems: Problems) -> Iterator[tuple[int, Record]]:
    """(line or row, fields) of a JSON lines or parquet file."""
    yield from _parquet(path, problems) if extension(path) == ".parquet" else _json(path, problems)


def columns(path: Path, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of a file with tabs between its columns; empty lines are left out."""
    for number, line in lines(path, problems):
        if line.strip():
            yield number, line.split("\t")
        else:
            problems.warning(path, number, "empty line", "is empty: left out")


def text_of(record: Record, names: Sequence[str]) -> str | None:
    """The first of these fields that the record has, as text ("" for null); None if it has none of them."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return "" if any(name in record for name in names) else None


def lacks(record: Record, names: Sequence[str]) -> str:
    """What to say of a record without any of these fields."""
    has = ", ".join(list(record)[:8]) or "none"
    return f"has no {' or '.join(names)} (fields: {has})"


def _json(path: Path, problems: Problems) -> Iterator[tuple[int, Record]]:
    for number, line in lines(path, problems):
        if not line.strip():
            problems.warning(path, number, "empty line", "is empty: left out")
            continue
        if number == 1 and line.lstrip().startswith("["):
            problems.error(path, 1, "no JSON lines", "starts with an array: each line must hold one JSON object")
            return
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            problems.error(path, number, "no JSON", f"is no JSON: {error}")
            continue
        if isinstance(record, dict):
            yield number, record
        else:
            problems.error(path, number, "no JSON object", f"is no JSON object but {type(record).__name__}")


def _parquet(path: Path, problems: Problems) -> Iterator[tuple[int, Record]]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(10_000):
                for record in batch.to_pylist():
                    number += 1
                    yield number, record
    except (OSError, pyarrow.ArrowException) as error:
        problems.error(path, number, "cannot be read", f"cannot be read as parquet: {str(error).splitlines()[0]}")
