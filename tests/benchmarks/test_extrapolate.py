"""What is foretold lies on the line, with the error of the questions."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.extrapolate import foretell, line

SIZES = (1000, 2000, 4000, 8000, 16000)


def made(questions: int, copies: int, seed: int, noise: float) -> tuple[np.ndarray, list[str]]:
    """Shares that fall by .02 a doubling from .9; a question has an offset of its own, in all its copies."""
    offset = np.repeat(np.random.default_rng(seed).normal(0, noise, questions), copies)
    fall = 0.9 - 0.02 * np.arange(len(SIZES))
    return fall[:, None] + offset, [f"q{i}" for i in range(questions) for _ in range(copies)]


def test_a_line_is_followed() -> None:
    values, groups = made(10, 1, 0, 0.0)
    said = foretell(SIZES, values, groups, 64_000)
    assert said.value == pytest.approx(0.9 - 0.02 * 6) and said.low == pytest.approx(said.value) == said.high
    assert said.doubling == pytest.approx(-0.02) and said.missed == pytest.approx(0)


def test_what_bends_is_missed_one_step_ahead() -> None:
    values, groups = made(10, 1, 0, 0.0)
    values[-1] -= 0.1
    assert foretell(SIZES, values, groups, 64_000).missed == pytest.approx(0.1)


def test_the_interval_holds_the_truth_as_often_as_it_says_and_copies_of_a_question_do_not_narrow_it() -> None:
    inside, widths = 0, {1: [], 8: []}
    for seed in range(200):
        for copies in widths:
            values, groups = made(40, copies, seed, 0.1)
            said = foretell(SIZES, values, groups, 64_000, most=9.0)
            widths[copies].append(said.high - said.low)
        inside += said.low <= 0.9 - 0.02 * 6 <= said.high
    assert 180 <= inside <= 199
    assert np.mean(widths[1]) == pytest.approx(np.mean(widths[8]), rel=0.1)


def test_no_share_is_above_one_or_below_zero() -> None:
    values, groups = made(20, 1, 0, 0.05)
    said = foretell(SIZES, 2 - values, groups, 10**9)
    assert said.value == said.high == 1
    values[:] = np.linspace(1, 0, len(SIZES))[:, None]
    said = foretell(SIZES, values, groups, 10**9)
    assert said.value == said.low == said.high == 0


def test_a_line_through_many_values_at_once() -> None:
    x, y = np.array([0.0, 1.0, 2.0]), np.array([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0]])
    assert line(x, y, 10).tolist() == [10, 5]
