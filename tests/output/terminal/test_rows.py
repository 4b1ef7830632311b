"""Words stay whole at every width; what does not fit as a table is shown line by line."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from bench.output.terminal.rows import Rows, shortened, wrapped

LONG = "contrastive(form=dense,temperature=0.1)@5#0"


def rows(**options) -> Rows:
    table = Rows(("cell", "pairs", "state"), right=(1,), **options)
    table.add(LONG, "3,000", Text("missing for now", "red"))
    table.add("nmt@5#0", "12", "done")
    return table


def plain(table: Rows, width: int) -> list[str]:
    return [line.plain for line in table.lines(width)]


def test_a_table_where_it_fits() -> None:
    assert plain(rows(), 80) == [
        "cell" + " " * 41 + "pairs  state", f"{LONG}  3,000  missing for now", "nmt@5#0" + " " * 41 + "12  done",
    ]  # fmt: skip


def test_cells_are_wrapped_at_spaces_before_anything_else_gives_way() -> None:
    found = plain(rows(), 62)
    assert found[1:3] == [f"{LONG}  3,000  missing", " " * 52 + "for now"]


@pytest.mark.parametrize("width", [1, 10, 40, 50, 58])
def test_line_by_line_where_words_do_not_fit(width: int) -> None:
    found = plain(rows(), width)
    assert LONG in found and "nmt@5#0" in found, "ids stand on lines of their own"
    assert all(len(line) <= width or len(line.split()) == 1 or width < 20 for line in found)
    assert " ".join(" ".join(found).split()).startswith(f"{LONG} pairs: 3,000; state: missing for now nmt@5#0")


def test_a_live_view_shortens_the_middle_and_keeps_the_seed() -> None:
    found = plain(rows(whole=False), 30)
    assert max(map(len, found)) == 30 and found[0].startswith("contrastive(") and found[0].endswith("@5#0") and "…" in found[0]
    assert shortened(Text("short"), 30).plain == "short" and len(shortened(Text("abcdef"), 1).plain) == 1


def test_wide_letters_count_twice_and_blank_lines_stay() -> None:
    assert [line.plain for line in wrapped(Text("日本 語 a\n\nb"), 5)] == ["日本", "語 a", "", "b"]


def test_nothing_and_short_rows() -> None:
    assert plain(Rows(("a",)), 10) == ["a"] and Rows(()).lines(10) == []
    table = Rows(("a", "b", "c"))
    table.add("x")
    assert plain(table, 20) == ["a  b  c", "x"] and plain(table, 3) == ["x"]


def test_styles_and_long_lines_come_out_of_a_console() -> None:
    console = Console(file=io.StringIO(), width=30, force_terminal=True, color_system="standard")
    console.print(rows(), soft_wrap=True)
    assert f"{LONG}\n" in console.file.getvalue() and "\x1b[31mmissing" in console.file.getvalue()
