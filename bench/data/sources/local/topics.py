"""Queries: JSON lines, parquet, TSV, and the topic files of TREC and CLEF."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.data.sources.local.files.lines import lines, peek
from bench.data.sources.local.files.records import RECORDS, extension, records
from bench.data.sources.local.files.tables import columns, header, named
from bench.data.sources.local.files.values import lacks, several, text_of
from bench.data.sources.local.ids import Row, usable
from bench.data.sources.local.problems import Problems
from bench.data.sources.local.texts.markup import blocks, fields_of, number_of, whole

IDS = ("_id", "id", "query_id", "query-id", "qid", "topic_id")
TEXTS = ("text", "query", "question", "title")
COLUMNS = {"id": IDS, "text": TEXTS}
# Where a topic has no title, what other tracks call its short statement.
INSTEAD = {"title": ("title", "query", "question")}
Language = Sequence[str]  # what a language is called in a tag: `sw`, `swh`, `swa`


def queries(path: Path, fields: Sequence[str], problems: Problems, language: Language = ()) -> Iterator[Row]:
    """(line, id, text) of each query with an id and a text; what is not is reported.

    Args:
        fields: those of a topic that make the query (`title`, `query`, `question`, `desc`, `narr`).
        language: what tags call the file's language, where they hold a field in several.
    """
    if extension(path) in RECORDS:
        rows = _records(path, problems)
    elif extension(path) in (".xml", ".sgml", ".topics", ".trec") or peek(path) == "<":
        rows = _topics(path, fields, problems, language)
    else:
        rows = _columns(path, problems)
    return usable(rows, path, "query", problems)


def _records(path: Path, problems: Problems) -> Iterator[Row]:
    for number, record in records(path, problems):
        identifier, text = text_of(record, IDS, empty=False), text_of(record, TEXTS)
        if flaw := identifier.flaw or text.flaw:
            problems.error(path, number, "wrong type", flaw)
        elif identifier.text is None or text.text is None:
            problems.error(path, number, "wrong fields", lacks(record, IDS if identifier.text is None else TEXTS))
        else:
            for said in filter(None, (several(record, IDS), several(record, TEXTS[:-1]))):
                problems.warning(path, number, "two fields", said)
            yield number, identifier.text, text.text


def _columns(path: Path, problems: Problems) -> Iterator[Row]:
    first, wanted, places = True, 2, (0, 1)
    for number, cells in columns(path, problems):
        if first:
            first = False
            if found := header(cells, COLUMNS):
                wanted, places = len(cells), (found["id"], found["text"])
                continue
            if named(cells):
                what = f"names columns ({', '.join(cells)}) without an id ({', '.join(IDS)}) or a text ({', '.join(TEXTS)})"
                problems.error(path, number, "unknown columns", what)
                return
        if len(cells) != wanted:
            problems.error(path, number, "wrong number of columns", f"has {len(cells)} columns, {wanted} are needed (id, text)")
            continue
        yield number, cells[places[0]].strip(), cells[places[1]]


def _topics(path: Path, fields: Sequence[str], problems: Problems, language: Language) -> Iterator[Row]:
    found_any = chosen = False
    for line, block in blocks(_declared(path, problems)):
        found_any = True
        number, there = number_of(block), fields_of(block)
        if number and not there and tuple(fields) == ("title",) and (text := whole(block)):
            yield line, number, text  # a topic that is nothing but its text
            continue
        texts, lack = [], "" if number else "<num>"
        for field in fields:
            name = next((one for one in INSTEAD.get(field, (field,)) if one in there), None)
            if name is None:
                lack = lack or f"<{field}>" + (f" (it has {', '.join(f'<{one}>' for one in there)})" if there else "")
                continue
            if name != field and not chosen and len(others := [one for one in INSTEAD[field] if one in there]) > 1:
                chosen = True
                what = f"has no <title>, but {' and '.join(f'<{one}>' for one in others)}"
                what += f": <{name}> is taken (topic_fields chooses)"
                problems.warning(path, line, "which field", what)
            everything = list(dict.fromkeys(text for _, text in there[name]))
            same = [text for said, text in there[name] if said in language] or everything
            if len(same) > 1:
                problems.error(path, line, "several fields", f"is a topic with {len(same)} <{name}>: of which language?")
                break
            texts += same
        else:
            if lack:
                problems.error(path, line, "incomplete topic", f"is a topic without {lack}")
                continue
            unknown = re.findall(r"&[A-Za-z][\w.-]*;", text := " ".join(texts))
            if unknown:
                problems.warning(path, line, "unknown entity", f"holds {unknown[0]}, which is not known: it is kept as text")
            yield line, number, text
    if not found_any:
        problems.error(path, 0, "no topic", "holds no <top> or <topic>")


def _declared(path: Path, problems: Problems) -> Iterator[tuple[int, str]]:
    """The lines, with a word on entities that the file declares: they are not expanded, however deep they are nested."""
    for number, line in lines(path, problems):
        if "<!ENTITY" in line.upper():
            problems.error(path, number, "declared entity", "declares an entity of its own: write out what it stands for")
        yield number, line
