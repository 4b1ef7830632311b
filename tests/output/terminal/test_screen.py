"""Markdown on terminals of any width, and no width where there is no terminal."""

from __future__ import annotations

import io

from rich.console import Console, Group
from rich.text import Text

from bench.base.markdown import table
from bench.output.terminal.screen import WIDE, fitted, screen, show, show_markdown

NAME = "contrastive(form=dense,temperature=0.1)"
TABLE = table("method", [[NAME, ".412 ±.012", "+.001 [-.010, +.012]"], ["a\\|b", "", ".5"]], ["N = 5", "difference"])
PAGE = f"""# A page

{TABLE}

- a point that goes on
  in its second line, about `{NAME}`
- another

**The end.**"""


def test_what_fits_stays_as_it_is() -> None:
    assert fitted(PAGE, 200) == PAGE


def test_a_table_that_does_not_fit_becomes_rows_then_lines() -> None:
    assert f"{NAME}  .412 ±.012  +.001 [-.010," in fitted(PAGE, 66), "wrapped at spaces, without rules"
    narrow = fitted(PAGE, 40).splitlines()
    assert narrow[2:7] == [NAME, "  N = 5: .412 ±.012;", "  difference: +.001 [-.010, +.012]", "a\\|b", "  difference: .5"]


def test_paragraphs_are_set_anew() -> None:
    at = fitted(PAGE, 30).splitlines()
    start = at.index("- a point that goes on in")
    # Without the indentation and the quotes for which there is no room.
    assert at[start + 1 : start + 4] == ["  its second line, about", NAME, "- another"]
    assert at[-1] == "**The end.**"


def test_a_file_has_no_width_unless_columns_says_so(monkeypatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert screen().width == screen(stderr=True).width == WIDE
    monkeypatch.setenv("COLUMNS", "60")
    assert screen().width == 60 and screen(stderr=True).width == WIDE


def test_text_is_wrapped_and_markdown_of_a_file_is_not() -> None:
    console = Console(file=io.StringIO(), width=20)
    show(console, Group(Text("one two three four five"), f"[x] {NAME}"))
    assert console.file.getvalue() == f"one two three four\nfive\n[x]\n{NAME}\n"
    console = Console(file=io.StringIO(), width=20)
    show_markdown(console, PAGE)
    assert console.file.getvalue() == f"{PAGE}\n"
    console = Console(file=io.StringIO(), width=20, force_terminal=True, color_system=None)
    show_markdown(console, PAGE)
    assert console.file.getvalue() == f"{fitted(PAGE, 20)}\n"
