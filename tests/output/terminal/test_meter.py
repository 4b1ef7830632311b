"""Phase, share and time left on standard error: a line on a terminal, seldom one elsewhere, nothing where it is quick."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from bench.base.progress import tell
from bench.output.terminal import meter as module
from bench.output.terminal.meter import CLEAR, Meter, bar

SHARES = {"reading": 1.0, "drawing": 3.0}


def console(terminal: bool, width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_time_left_follows_the_shares_of_phases(clock) -> None:
    meter = Meter(SHARES, console(False))
    meter("reading", 0.0)
    clock[0] += 5
    assert meter.left() is None and meter.line(80) == "reading, 5 s so far"
    meter("reading", 1.0)
    assert meter.left() == pytest.approx(15) and meter.line(80) == f"{bar(0.25)} reading, 25%, about 15 s left"
    meter("something else", 0.5)
    assert meter.done == 0.25, "a phase without a share moves nothing"
    clock[0] += 5
    meter("drawing", 1 / 3)
    assert meter.left() == pytest.approx(10)
    meter("reading", 0.5)
    assert meter.done == 0.5, "never backwards"


def test_without_shares_the_time_left_is_that_of_the_phase(clock) -> None:
    meter = Meter(None, console(False))
    clock[0] += 60
    meter("hashing", 0.0)
    clock[0] += 4
    meter("hashing", 0.5)
    assert meter.left() == pytest.approx(4) and "50%, about 4 s left" in meter.line(80)


def test_a_narrow_terminal_gets_what_fits(clock) -> None:
    meter = Meter(None, console(True))
    clock[0] += 4
    meter("reading", 0.5)
    clock[0] += 4
    meter("reading", 0.5)
    assert meter.line(40) == "reading, 50%, about 4 s left" and len(meter.line(10)) == 9


def test_what_is_quick_shows_nothing() -> None:
    for terminal in (True, False):
        shown = console(terminal)
        with Meter(SHARES, shown):
            tell("reading", 0.5)
        assert shown.file.getvalue() == ""


def test_a_line_on_a_terminal_is_written_anew_and_gone_in_the_end(monkeypatch) -> None:
    monkeypatch.setattr(module, "AFTER", 0.01)
    monkeypatch.setattr(module, "TICK", 0.01)
    shown = console(True)
    with Meter(SHARES, shown) as meter:
        tell("drawing", 0.5)
        wait(lambda: "drawing, 62%" in shown.file.getvalue())
        with meter.aside():
            before = shown.file.getvalue()
            assert before.endswith(CLEAR), "results are printed on an empty line"
            time.sleep(0.05)
            assert shown.file.getvalue() == before, "and nothing is drawn beside them"
        meter.say("a line that stays")
        wait(lambda: shown.file.getvalue().rpartition("a line that stays\n")[2])
    assert "\n" not in shown.file.getvalue().replace("a line that stays\n", "")
    assert shown.file.getvalue().endswith(CLEAR)


def test_lines_at_intervals_where_there_is_no_terminal(monkeypatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.05)
    shown = console(False)
    with Meter(None, shown):
        tell("drawing", 0.5)
        wait(lambda: shown.file.getvalue().count("\n") >= 2)
    assert all("drawing, 50%, about" in line for line in shown.file.getvalue().splitlines())
    assert "\r" not in shown.file.getvalue() and "\x1b" not in shown.file.getvalue()


def test_a_mistake_passes_through_and_clears_the_line(monkeypatch) -> None:
    monkeypatch.setattr(module, "AFTER", 0.01)
    monkeypatch.setattr(module, "TICK", 0.01)
    shown = console(True)
    with pytest.raises(ValueError), Meter(None, shown):
        tell("drawing", 0.5)
        wait(lambda: "drawing" in shown.file.getvalue())
        raise ValueError
    assert shown.file.getvalue().endswith(CLEAR)


def wait(until) -> None:
    for _ in range(500):
        if until():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")
