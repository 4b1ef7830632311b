"""Rows of cells as a table where it fits, and line by line where it does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

GAP = 2  # columns between two cells
INDENT = "  "
BETWEEN = ";"  # of the cells of a row that is shown line by line
WORD = re.compile(r"[^ \n]+")
Cell = str | Text


@dataclass
class Rows:
    """A table whose words stay whole: a cell is wrapped at spaces alone.

    Where even so it is wider than the terminal, each row becomes a few lines: its first cell, then the others with their heads.
    A word that is longer than the terminal sticks out of it, so that it can be copied, or is shortened in its middle.

    Attributes:
        heads: of the columns; empty: no line of heads.
        right: numbers of the columns that are set to the right.
        whole: whether long words stick out. A live view, which counts its lines, needs them shortened.
    """

    heads: Sequence[str]
    rows: list[Sequence[Cell]] = field(default_factory=list)
    right: Iterable[int] = ()
    whole: bool = True

    def add(self, *cells: Cell) -> None:
        """One more row, a cell a column; rows may be shorter than heads."""
        self.rows.append(cells)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines(options.max_width):
            yield from _segments(line, console)
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, options.max_width)

    def lines(self, width: int) -> list[Text]:
        """What is printed on a terminal of `width` columns."""
        rows = [[cell.copy() if isinstance(cell, Text) else Text(cell) for cell in row] for row in self.rows]
        heads = [Text(head, style="bold") for head in self.heads]
        table = [heads, *rows] if any(self.heads) else rows
        if not table:
            return []
        columns = max(map(len, table))
        table = [[*row, *(Text() for _ in range(columns - len(row)))] for row in table]
        widths = fitting(table, width)
        if widths is None:
            found = [line for row in rows for line in _block(row, self.heads, width)]
        else:
            found = [line for row in table for line in _line(row, widths, set(self.right))]
        return found if self.whole else [shortened(line, width) for line in found]


def fitting(table: Sequence[Sequence[Text]], width: int) -> list[int] | None:
    """Widths of columns that hold every word and together fit into `width`; None where there are none.

    What there is too little of is taken from the widest columns.
    """
    columns = list(zip(*table, strict=True))
    needed = [max(_longest_word(cell) for cell in column) for column in columns]
    widths = [max(_widest_line(cell) for cell in column) for column in columns]
    room = width - GAP * (len(columns) - 1)
    if sum(needed) > room:
        return None
    while sum(widths) > room:
        free = [at for at in range(len(widths)) if widths[at] > needed[at]]
        widths[max(free, key=lambda at: (widths[at], at))] -= 1
    return widths


def wrapped(text: Text, width: int) -> list[Text]:
    """Lines of `text`, broken at spaces alone; a line begins with a word, the first with its indentation."""
    found: list[Text] = []
    for line in text.split("\n", allow_blank=True) or [Text()]:
        cuts, start = [], 0
        for word in list(WORD.finditer(line.plain))[1:]:
            if cell_len(line.plain[start : word.end()]) > width:
                start = word.start()
                cuts.append(start)
        for part in line.divide(cuts) if cuts else [line]:
            part.rstrip()
            found.append(part)
    return found


def shortened(line: Text, width: int) -> Text:
    """`line` with the middle of its longest word left out where it is wider than `width`: the seed of a cell id stays."""
    over = cell_len(line.plain) - width
    if over <= 0:
        return line
    word = max(WORD.finditer(line.plain), key=lambda found: cell_len(found[0]))
    kept = max(2, len(word[0]) - over - 1)
    parts = line.divide([word.start() + kept // 2, word.end() - (kept - kept // 2)])
    found = Text.assemble(parts[0], "…", parts[2])
    found.truncate(width)
    return found


def _longest_word(cell: Text) -> int:
    return max((cell_len(word) for word in WORD.findall(cell.plain)), default=0)


def _widest_line(cell: Text) -> int:
    return max((cell_len(line) for line in cell.plain.splitlines()), default=0)


def _line(row: Sequence[Text], widths: Sequence[int], right: set[int]) -> list[Text]:
    """A row of the table: as many lines as its longest cell has."""
    cells = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
    found = []
    for number in range(max(map(len, cells))):
        line = Text()
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            part = cell[number] if number < len(cell) else Text()
            space = " " * (width - cell_len(part.plain))
            line.append(" " * GAP if at else "")
            line = line.append(space).append_text(part) if at in right else line.append_text(part).append(space)
        line.rstrip()
        found.append(line)
    return found


def _block(row: Sequence[Text], heads: Sequence[str], width: int) -> list[Text]:
    """A row without a table: its first cell, then the others, each with the head of its column."""
    first, *rest = row
    items = []
    for at, cell in enumerate(rest, start=1):
        if cell.plain.strip():
            head = heads[at] if at < len(heads) else ""
            items.append(Text(f"{head}: " if head else "").append_text(Text(" ").join(cell.split("\n"))))
    lines: list[Text] = []
    for number, item in enumerate(items, start=1):
        if number < len(items):
            item.append(BETWEEN)
        if lines and cell_len(lines[-1].plain) + 1 + cell_len(item.plain) + len(INDENT) <= width:
            lines[-1].append(" ").append_text(item)
        else:
            lines += wrapped(item, width - len(INDENT))
    return [*wrapped(first, width), *(indented(line, width) for line in lines)]


def indented(line: Text, width: int) -> Text:
    """`line` set in, if it then still fits."""
    return line if cell_len(line.plain) + len(INDENT) > width else Text(INDENT).append_text(line)


def _segments(line: Text, console: Console) -> Iterable[Segment]:
    style = line.style if isinstance(line.style, Style) else console.get_style(line.style or "", default="")
    return Segment.apply_style(line.render(console, end=""), style)
