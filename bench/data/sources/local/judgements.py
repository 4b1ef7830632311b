"""Relevance judgements: TREC lines, BEIR tables, JSON lines and parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.data.sources.local.files.lines import lines
from bench.data.sources.local.problems import Problems
from bench.data.sources.local.files.records import RECORDS, extension, lacks, records, text_of

QUERY = ("query-id", "query_id", "qid", "query")
DOCUMENT = ("corpus-id", "corpus_id", "doc_id", "docid", "pid", "document")
GRADE = ("score", "relevance", "grade", "label", "rel")
LARGEST = 127  # grade; trec_eval knows no more either
Judgement = tuple[int, str, str, int]  # line, query id, document id, grade


def judgements(path: Path, problems: Problems) -> Iterator[Judgement]:
    """(line, query id, document id, grade) of each judgement, of any grade; what is none is reported."""
    for number, query, document, written in _records(path, problems) if extension(path) in RECORDS else _columns(path, problems):
        grade = _grade(written)
        if grade is None:
            problems.error(path, number, "no grade", f"has the grade {written!r}: a whole number up to {LARGEST} is needed")
        elif not query or not document:
            problems.error(path, number, "empty id", "has an empty id")
        else:
            yield number, query, document, grade


def _records(path: Path, problems: Problems) -> Iterator[tuple[int, str, str, str]]:
    for number, record in records(path, problems):
        query, document = text_of(record, QUERY), text_of(record, DOCUMENT)
        grade = next((record[name] for name in GRADE if record.get(name) is not None), None)
        if query is None or document is None or grade is None:
            names = QUERY if query is None else DOCUMENT if document is None else GRADE
            problems.error(path, number, "wrong fields", lacks(record, names))
            continue
        yield number, query, document, str(grade)


def _columns(path: Path, problems: Problems) -> Iterator[tuple[int, str, str, str]]:
    wanted = 0
    for number, line in lines(path, problems):
        cells = [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()
        if not line.strip():
            problems.warning(path, number, "empty line", "is empty: left out")
            continue
        if not wanted and len(cells) in (3, 4):
            wanted = len(cells)
            if _grade(cells[-1]) is None and cells[-1].casefold() in GRADE:
                continue  # BEIR names its columns
        if len(cells) != wanted:
            need = f"{wanted} like the first" if wanted else "4 (query, 0, document, grade) or 3 (query, document, grade)"
            problems.error(path, number, "wrong number of columns", f"has {len(cells)} columns, not {need}")
            continue
        yield number, cells[0], cells[-2], cells[-1]


def _grade(written: str) -> int | None:
    try:
        value = float(written)
    except ValueError:
        return None
    return int(value) if value == value and abs(value) <= LARGEST and value == int(value) else None
