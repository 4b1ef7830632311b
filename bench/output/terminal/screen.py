"""Where the commands print: as wide as the terminal, and as wide as it takes where there is none."""

from __future__ import annotations

import os
import re

from rich.console import Console, Group, RenderableType
from rich.text import Text

from bench.output.terminal.rows import INDENT, Rows, indented, wrapped

WIDE = 100_000  # columns of a file or of another program


def screen(stderr: bool = False) -> Console:
    """A console on standard output or error. What is no terminal has no width, unless COLUMNS gives standard output one."""
    console = Console(stderr=stderr)
    limited = console.is_terminal or (os.environ.get("COLUMNS") and not stderr)
    return console if limited else Console(stderr=stderr, width=WIDE)


def show(console: Console, *parts: RenderableType) -> None:
    """Print parts below each other; text is wrapped at spaces alone, and what sticks out is not cut."""
    for part in parts:
        if isinstance(part, Group):
            show(console, *part.renderables)
            continue
        text = Text(part) if isinstance(part, str) else part
        for line in wrapped(text, console.width) if isinstance(text, Text) else [text]:
            console.print(line, soft_wrap=True)


def show_markdown(console: Console, text: str) -> None:
    """Print markdown: as it is where it goes to a file or another program, else as it fits a terminal."""
    console.print(Text(fitted(text, console.width) if console.is_terminal else text), soft_wrap=True)


def fitted(text: str, width: int) -> str:
    """Markdown for a terminal: tables that are too wide line by line, everything else wrapped at spaces.

    >>> print(fitted("| method | N = 5 |\\n| --- | --: |\\n| contrastive | .412 |", 15))
    contrastive
      N = 5: .412
    """
    found: list[str] = []
    lines = text.splitlines()
    while lines:
        is_table = lines[0].startswith("|")
        count = next((at for at, line in enumerate(lines) if at and not _belongs(line, is_table)), len(lines))
        block, lines = lines[:count], lines[count:]
        if max(map(len, block)) <= width:
            found += block
        elif is_table:
            found += _rows(block, width)
        else:
            is_point = block[0].startswith("- ")
            whole = " ".join(_plain(word, width) for line in block for word in line.split())
            first, *rest = wrapped(Text(whole), width - len(INDENT) if is_point else width)
            found += [first.plain, *((indented(line, width) if is_point else line).plain for line in rest)]
    return "\n".join(found)


def _plain(word: str, width: int) -> str:
    """A word without its backticks where they would make it too long."""
    return word if len(word) <= width else word.replace("`", "")


def _belongs(line: str, to_table: bool) -> bool:
    """Whether a line goes on with the block above it."""
    return line.startswith("|") if to_table else bool(line) and not line.startswith(("|", "- ", "#"))


def _rows(table: list[str], width: int) -> list[str]:
    head, _, *rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]
    shown = Rows(head, right=range(1, len(head)))
    for row in rows:
        shown.add(*row)
    return [line.plain for line in shown.lines(width)]
