"""Work says where it is to whoever listens, in fractions of its phases."""

from __future__ import annotations

import pytest

from bench.base.progress import advance, counted, listening, parts, steps, tell, under


@pytest.fixture
def told():
    found: list[tuple[str, float]] = []
    with listening(lambda phase, fraction: found.append((phase, round(fraction, 3)))):
        yield found
    tell("afterwards")
    assert ("afterwards", 0.0) not in found


def test_nobody_has_to_listen() -> None:
    assert list(steps("a", [1, 2])) == [1, 2] and list(parts([1, 2])) == [1, 2]
    with counted("a", 2), under("b"):
        advance(1)
    advance(1)


def test_steps_and_counts(told) -> None:
    assert list(steps("read", "ab")) == ["a", "b"]
    assert told == [("read", 0.0), ("read", 0.5), ("read", 1.0)]
    told.clear()
    with counted("bytes", 4):
        advance(1)
        advance(9)
    advance(1)
    assert told == [("bytes", 0.0), ("bytes", 0.25), ("bytes", 1.0)], "more than was said is all of it"


def test_parts_are_equal_shares_of_the_phases_in_them(told) -> None:
    for _ in parts([1, 2]):
        for _ in parts([1, 2]):
            tell("draw", 0.5)
    assert told == [("draw", 0.125), ("draw", 0.375), ("draw", 0.625), ("draw", 0.875)]
    told.clear()
    tell("draw", 0.5)
    assert told == [("draw", 0.5)]


def test_a_part_that_breaks_off_leaves_nothing_behind(told) -> None:
    def work() -> None:
        for number in parts([1, 2]):
            if number == 2:
                raise ValueError

    with pytest.raises(ValueError):
        work()
    tell("next", 0.5)
    assert told == [("next", 0.5)]


def test_phases_under_another_one(told) -> None:
    with under("copying"):
        tell("reading", 0.25)
    tell("reading", 0.5)
    assert told == [("copying", 0.25), ("reading", 0.5)]
