"""Relevance judgements: TREC lines, BEIR tables, JSON lines and parquet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench.data.sources.local.files.lines import lines
from bench.data.sources.local.files.records import RECORDS, extension, records
from bench.data.sources.local.files.tables import columns, header, named
from bench.data.sources.local.files.values import lacks, text_of
from bench.data.sources.local.problems import Problems

QUERY = ("query-id", "query_id", "qid", "query", "topic", "topic_id")
DOCUMENT = ("corpus-id", "corpus_id", "doc_id", "docid", "docno", "pid", "document")
GRADE = ("score", "relevance", "grade", "label", "rel")
COLUMNS = {"query": QUERY, "document": DOCUMENT, "grade": GRADE}
_NUMBER = re.compile(r"[+-]?\d{1,6}(\.\d{0,6})?", re.ASCII)
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
        query, document = text_of(record, QUERY, empty=False), text_of(record, DOCUMENT, empty=False)
        grade = next((record[name] for name in GRADE if record.get(name) is not None), None)
        if flaw := query.flaw or document.flaw:
            problems.error(path, number, "wrong type", flaw)
        elif query.text is None or document.text is None or grade is None:
            names = QUERY if query.text is None else DOCUMENT if document.text is None else GRADE
            problems.error(path, number, "wrong fields", lacks(record, names))
        else:
            yield number, query.text, document.text, str(grade)


def _columns(path: Path, problems: Problems) -> Iterator[tuple[int, str, str, str]]:
    wanted, places = 0, [0, -2, -1]
    for number, cells in columns(path, problems) if _tabbed(path) else _spaced(path, problems):
        if not wanted and (found := header(cells, COLUMNS)):  # BEIR names its columns
            wanted, places = len(cells), [found["query"], found["document"], found["grade"]]
            continue
        if not wanted and len(cells) in (3, 4):
            wanted = len(cells)
            if _grade(cells[-1]) is None and named(cells):
                what = f"names columns ({', '.join(cells)}) without {' or '.join(map(str, COLUMNS))}: query-id, corpus-id, score"
                problems.error(path, number, "unknown columns", what)
                return
        if len(cells) != wanted:
            need = f"{wanted} like the first" if wanted else "4 (query, 0, document, grade) or 3 (query, document, grade)"
            problems.error(path, number, "wrong number of columns", f"has {len(cells)} columns, not {need}")
            continue
        query, document, grade = (cells[at].strip() for at in places)
        yield number, query, document, grade


def _spaced(path: Path, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines(path, problems):
        if line.strip():
            yield number, line.split("\t") if "\t" in line else line.split()
        else:
            problems.warning(path, number, "empty line", "is empty: left out")


def _tabbed(path: Path) -> bool:
    """Whether the first line has a tab in it."""
    return any("\t" in line for _, line in islice(lines(path, Problems(path.parent, 0)), 1))


def _grade(written: str) -> int | None:
    if not _NUMBER.fullmatch(written):  # Python takes 1_000 and other digits too
        return None
    value = float(written)
    return int(value) if abs(value) <= LARGEST and value == int(value) else None
