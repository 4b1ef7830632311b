"""Rows of JSON lines and parquet files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.base.progress import advance
from bench.data.sources.local.files.lines import lines
from bench.data.sources.local.files.values import Record
from bench.data.sources.local.problems import Problems

RECORDS = (".jsonl", ".json", ".ndjson", ".parquet")


def extension(path: Path) -> str:
    """`.tsv` of `sw.tsv` and of `sw.tsv.gz`, in lower case."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == ".gz" else suffix


def records(path: Path, problems: Problems) -> Iterator[tuple[int, Record]]:
    """(line or row, fields) of a JSON lines or parquet file."""
    yield from _parquet(path, problems) if extension(path) == ".parquet" else _json(path, problems)


def _json(path: Path, problems: Problems) -> Iterator[tuple[int, Record]]:
    for number, line in lines(path, problems):
        if not line.strip():
            problems.warning(path, number, "empty line", "is empty: left out")
            continue
        if number == 1 and line.lstrip().startswith("["):
            problems.error(path, 1, "no JSON lines", "starts with an array: each line must hold one JSON object")
            return
        try:
            record = _DECODER.decode(line)
        except (ValueError, RecursionError) as error:
            problems.error(path, number, "no JSON", f"is no JSON: {error}")
            continue
        if isinstance(record, dict):
            yield number, record
        else:
            problems.error(path, number, "no JSON object", f"is no JSON object but {type(record).__name__}")


def _once(items: list[tuple[str, Any]]) -> Record:
    record = dict(items)
    if len(record) != len(items):
        names = [name for name, _ in items]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return record


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)  # made once: a loop of millions reads with it


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
        advance(path.stat().st_size)
    except (OSError, ValueError, pyarrow.ArrowException) as error:  # ValueError: a text that is not UTF-8
        problems.error(path, number, "cannot be read", f"cannot be read as parquet: {str(error).splitlines()[0]}")
