"""Documents: JSON lines and parquet with id, title and text (BEIR, MTEB), and TSV with id and text (TREC)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.data.sources.local.ids import Row, usable
from bench.data.sources.local.problems import Problems
from bench.data.sources.local.files.records import RECORDS, columns, extension, lacks, records, text_of

IDS = ("_id", "id", "doc_id", "docid", "docno", "pid", "corpus-id")
TEXTS = ("text", "contents", "body", "passage")


def documents(path: Path, problems: Problems) -> Iterator[Row]:
    """(line, id, text) of each document with an id and a text; a title comes before the text, with a space between."""
    rows = _records(path, problems) if extension(path) in RECORDS else _columns(path, problems)
    return usable(rows, path, "document", problems)


def _records(path: Path, problems: Problems) -> Iterator[Row]:
    for number, record in records(path, problems):
        identifier, text = text_of(record, IDS), text_of(record, TEXTS)
        if identifier is None or text is None:
            problems.error(path, number, "wrong fields", lacks(record, IDS if identifier is None else TEXTS))
            continue
        yield number, identifier, f"{text_of(record, ('title',)) or ''} {text}".strip()


def _columns(path: Path, problems: Problems) -> Iterator[Row]:
    wanted = 0
    for number, cells in columns(path, problems):
        if not wanted and len(cells) in (2, 3):
            wanted = len(cells)
            if cells[0].strip().casefold() in IDS and cells[-1].strip().casefold() in TEXTS:
                continue
        if len(cells) != wanted:
            need = f"{wanted} like the first" if wanted else "2 (id, text) or 3 (id, title, text)"
            problems.error(path, number, "wrong number of columns", f"has {len(cells)} columns, not {need}")
            continue
        yield number, cells[0].strip(), " ".join(cells[1:]).strip()
