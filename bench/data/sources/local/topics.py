"""Queries: JSON lines, parquet, TSV, and the topic files of TREC and CLEF."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from bench.data.sources.local.ids import Row, usable
from bench.data.sources.local.files.lines import lines, peek
from bench.data.sources.local.problems import Problems
from bench.data.sources.local.files.records import RECORDS, columns, extension, lacks, records, text_of

IDS = ("_id", "id", "query_id", "query-id", "qid", "topic_id")
TEXTS = ("text", "query", "question", "title")
FIELDS = {"title": "title", "desc": "desc", "description": "desc", "narr": "narr", "narrative": "narr"}
_START = re.compile(r"<(top|topic)\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"<(?:num|identifier|number)>\s*(?:Number:)?\s*([^\s<]+)|<topic[^>]*?\b(?:number|id)\s*=\s*\"([^\"]+)\"", re.IGNORECASE
)
# <title>, <EN-title>, <desc> Description: ...; a field ends where the next tag begins.
_FIELD = re.compile(
    r"<(?:[a-z]{2,3}-)?(title|desc|description|narr|narrative)>\s*(?:(?:topic|description|narrative):)?([^<]*)", re.IGNORECASE
)


def queries(path: Path, fields: Sequence[str], problems: Problems) -> Iterator[Row]:
    """(line, id, text) of each query with an id and a text; what is not is reported.

    Args:
        fields: those of a topic that make the query (`title`, `desc`, `narr`).
    """
    if extension(path) in RECORDS:
        rows = _records(path, problems)
    elif extension(path) in (".xml", ".sgml", ".topics", ".trec") or peek(path) == "<":
        rows = _topics(path, fields, problems)
    else:
        rows = _columns(path, problems)
    return usable(rows, path, "query", problems)


def _records(path: Path, problems: Problems) -> Iterator[Row]:
    for number, record in records(path, problems):
        identifier, text = text_of(record, IDS), text_of(record, TEXTS)
        if identifier is None or text is None:
            problems.error(path, number, "wrong fields", lacks(record, IDS if identifier is None else TEXTS))
            continue
        yield number, identifier, text


def _columns(path: Path, problems: Problems) -> Iterator[Row]:
    first = True
    for number, cells in columns(path, problems):
        named = first and cells[0].strip().casefold() in IDS and len(cells) == 2 and cells[1].strip().casefold() in TEXTS
        first = False
        if named:
            continue
        if len(cells) != 2:
            problems.error(path, number, "wrong number of columns", f"has {len(cells)} columns, 2 are needed (id, text)")
            continue
        yield number, cells[0].strip(), cells[1]


def _topics(path: Path, fields: Sequence[str], problems: Problems) -> Iterator[Row]:
    for line, block in _blocks(path, problems):
        number = _NUMBER.search(block)
        found: dict[str, str] = {}
        for name, text in _FIELD.findall(block):
            found.setdefault(FIELDS[name.lower()], html.unescape(text).strip())
        absent = [field for field in fields if field not in found]
        if number is None or absent:
            lack = "<num>" if number is None else f"<{absent[0]}>"
            problems.error(path, line, "incomplete topic", f"is a topic without {lack}")
            continue
        yield line, number[1] or number[2], " ".join(found[field] for field in fields)


def _blocks(path: Path, problems: Problems) -> Iterator[tuple[int, str]]:
    """(first line, text) of each topic."""
    start, block = 0, list[str]()
    for number, line in lines(path, problems):
        # Several on one line occur too: whole files come without a line end.
        places = [match.start() for match in _START.finditer(line)]
        if start:
            block.append(line[: places[0]] if places else line)
        for at, end in pairwise([*places, len(line)]):
            if block:
                yield start, "\n".join(block)
            start, block = number, [line[at:end]]
    if block:
        yield start, "\n".join(block)
    if not start:
        problems.error(path, 0, "no topic", "holds no <top> or <topic>")
