"""Documents: JSON lines and parquet with id, title and text (BEIR, MTEB), and TSV with id and text (TREC)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.data.sources.local.files.records import RECORDS, extension, records
from bench.data.sources.local.files.tables import columns, header, named
from bench.data.sources.local.files.values import lacks, several, text_of
from bench.data.sources.local.ids import Row, usable
from bench.data.sources.local.problems import Problems

IDS = ("_id", "id", "doc_id", "docid", "docno", "pid", "corpus-id", "corpus_id")
TEXTS = ("text", "contents", "body", "passage")
COLUMNS = {"id": IDS, "text": TEXTS}
WEB = ("http://", "https://")
LONGER = 3  # so many times longer than what stands for the text, a title is hardly one


def documents(path: Path, problems: Problems) -> Iterator[Row]:
    """(line, id, text) of each document with an id and a text; a title comes before the text, with a space between."""
    rows = _records(path, problems) if extension(path) in RECORDS else _columns(path, problems)
    return usable(rows, path, "document", problems)


def _records(path: Path, problems: Problems) -> Iterator[Row]:
    for number, record in records(path, problems):
        identifier, text = text_of(record, IDS, empty=False), text_of(record, TEXTS)
        title = text_of(record, ("title",))
        for field, names in ((identifier, IDS), (text, TEXTS), (title, ())):
            if field.flaw:
                problems.error(path, number, "wrong type", field.flaw)
            elif field.text is None and names:
                problems.error(path, number, "wrong fields", lacks(record, names))
            else:
                continue
            break
        else:
            for said in filter(None, (several(record, IDS), several(record, TEXTS))):
                problems.warning(path, number, "two fields", said)
            yield number, identifier.text or "", f"{title.text or ''} {text.text}".strip()


def _columns(path: Path, problems: Problems) -> Iterator[Row]:
    wanted, places = 0, [0, 1]
    letters = [0, 0]  # of second and third column, where no line names them
    rows, addresses = 0, [0, 0]
    for number, cells in columns(path, problems):
        if not wanted and (found := header(cells, COLUMNS)):
            wanted, titles = len(cells), header(cells, {"title": ("title",)}) or {}
            places = [found["id"], *titles.values(), found["text"]]
            continue
        if not wanted and named(cells):
            what = f"names columns ({', '.join(cells)}) without an id ({', '.join(IDS)}) or a text ({', '.join(TEXTS)})"
            problems.error(path, number, "unknown columns", what)
            return
        if not wanted and len(cells) in (2, 3):
            wanted, places = len(cells), list(range(len(cells)))
        if len(cells) != wanted:
            need = f"{wanted} like the first" if wanted else "2 (id, text) or 3 (id, title, text)"
            problems.error(path, number, "wrong number of columns", f"has {len(cells)} columns, not {need}")
            continue
        if places == [0, 1, 2]:
            letters = [letters[0] + len(cells[1]), letters[1] + len(cells[2])]
        rows += 1
        addresses = [addresses[0] + cells[places[1]].startswith(WEB), addresses[1] + cells[places[-1]].startswith(WEB)]
        yield number, cells[places[0]].strip(), " ".join(cells[at] for at in places[1:]).strip()
    if max(addresses) > rows / 2:
        what = "one of its columns that are read as title and text holds addresses of the web"
        problems.error(path, 1, "addresses", f"{what}: name the columns in a first line (id, url, title, text)")
    elif letters[0] > LONGER * max(1, letters[1]):
        what = "its columns are read as id, title and text, and the titles are the longer ones: name them in a first line"
        problems.warning(path, 1, "title and text", what)
