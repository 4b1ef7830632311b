"""Tab-separated files: cells as they are, or in CSV quotes where the whole file shows that they are."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.data.sources.local.files.lines import LONGEST, lines, opened
from bench.data.sources.local.problems import Problems

Row = tuple[int, list[str]]  # first line, cells
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_OPENS = re.compile(rb'(?:\A|[\t\n])"')
_WORD = re.compile(r"[a-z]+([_-][a-z0-9]+)+")
# What programs call columns; a first line of such words alone is no row.
HEADERS = frozenset(
    "id _id docid doc_id docno pid qid query_id query-id corpus-id corpus_id topic_id number num text contents body "
    "passage title query question source target src tgt trg sentence sentence1 sentence2 sent1 sent2 input output translation "
    "reference label lang language score url document doc english l1 l2 text1 text2 original translated".split()
)


def columns(path: Path, problems: Problems) -> Iterator[Row]:
    """(line, cells) of a file with tabs between its columns; empty lines are left out.

    CSV quoting is taken off where it is proved (see `Quotes.proved`), which is told; quotes are part of the text otherwise,
    which is told as well where a cell stands in them.
    """
    quotes = _quotes(path)
    if quotes is None or not quotes.proved:
        if quotes is not None and (said := quotes.doubt()):
            problems.warning(path, quotes.line, "quotes", said)
        for number, line in lines(path, problems):
            if line.strip():
                yield number, line.split("\t")
            else:
                problems.warning(path, number, "empty line", "is empty: left out")
        return
    said = f"{quotes.number:,} cells are in CSV quotes (the first is here): taken off"
    problems.warning(path, quotes.line, "CSV quoting", said)
    yield from _csv(path, problems)


def header(cells: Sequence[str], wanted: Mapping[str, Sequence[str]]) -> dict[str, int] | None:
    """Where the columns are, if this line names all of them: what a column is -> its place.

    Args:
        wanted: what a column is -> the names that say so, in lower case.
    """
    names = [cell.strip().casefold() for cell in cells]
    places = {what: next((at for at, name in enumerate(names) if name in said), None) for what, said in wanted.items()}
    return None if None in places.values() else {what: at for what, at in places.items() if at is not None}


def named(cells: Sequence[str]) -> bool:
    """Whether this line looks like names of columns: words of `HEADERS`, or `of_this_form`, one known at least."""
    names = [cell.strip().casefold() for cell in cells]
    known = [name in HEADERS or bool(HEADERS & set(re.split("[_-]", name))) for name in names]
    return any(known) and all(name in HEADERS or _WORD.fullmatch(name) for name in names)


@dataclass
class Quotes:
    """How a file uses double quotes.

    Attributes:
        line: first line with a cell in quotes.
        rows: lines looked at.
        whole: cells that stand in quotes, by column.
        doubled: those with a doubled quote inside.
        loose: cells with a quote that CSV would have doubled or put in quotes.
        open: cells that begin with a quote and do not end with one: a tab or a line end may stand inside.
        whole_file: what the csv module makes of the file has one number of columns throughout.
    """

    line: int = 0
    rows: int = 0
    whole: Counter[int] = field(default_factory=Counter)
    doubled: int = 0
    loose: int = 0
    open: int = 0
    whole_file: bool = False

    @property
    def number(self) -> int:
        return sum(self.whole.values()) + self.open

    @property
    def proved(self) -> bool:
        """CSV: no quote contradicts it, and doubled quotes, line ends inside cells or a column all in quotes need it."""
        columns = any(count >= max(3, self.rows - 1) for count in self.whole.values())
        if self.open:
            return self.whole_file and not self.loose
        return not self.loose and (self.doubled > 0 or columns)

    def doubt(self) -> str:
        """What to say where the quotes are kept."""
        if not self.number:
            return ""
        if self.doubled or self.open:
            said = f"{self.number:,} cells look like CSV quoting (the first is here), {self.loose:,} others contradict it"
            return f"{said}: all quotes are kept as text"
        return f"{self.number:,} cells stand in double quotes (the first is here): kept as part of the text"


def _quotes(path: Path) -> Quotes | None:
    """None where no cell begins with a quote: then nothing can be CSV quoting."""
    if not _any_opens(path):
        return None
    found = Quotes()
    for number, line in lines(path, Problems(path.parent, 0)):
        found.rows += bool(line.strip())
        if '"' not in line:
            continue
        for at, cell in enumerate(line.split("\t")):
            if _QUOTED.fullmatch(cell):
                found.whole[at] += 1
                found.doubled += '""' in cell[1:-1]
            elif cell.startswith('"') and cell.count('"') % 2:
                found.open += 1
            elif '"' in cell:
                found.loose += not (found.open and cell.endswith('"') and cell.count('"') % 2)  # where an open one ends
                continue
            else:
                continue
            found.line = found.line or number
    if found.open:
        quiet = Problems(path.parent, 0)
        widths = {len(cells) for _, cells in _csv(path, quiet)}
        found.whole_file = len(widths) == 1 and widths != {1} and not quiet.counts
    return found


def _any_opens(path: Path) -> bool:
    try:
        with opened(path) as stream:
            last = b""
            while part := stream.read(1 << 20):
                if _OPENS.search(part) if not last else _OPENS.search(last + part, 1) or (last + part[:1]) in (b'\t"', b'\n"'):
                    return True
                last = part[-1:]
    except Exception:  # whatever is wrong with the file is told where it is read
        return False
    return False


def _csv(path: Path, problems: Problems) -> Iterator[Row]:
    at = [0]

    def texts() -> Iterator[str]:
        for number, line in lines(path, problems):
            at[0] = number
            yield line + "\n"

    csv.field_size_limit(LONGEST)
    reader = csv.reader(texts(), delimiter="\t", strict=True)
    while True:
        before = at[0]
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.error(path, at[0], "CSV quoting", f"is no CSV: {error}")
            return
        if any(cell.strip() for cell in cells):
            yield before + 1, cells
        else:
            problems.warning(path, before + 1, "empty line", "is empty: left out")
