"""A bounded part of `make chaos`, with a tiny encoder on made data: one kill in training."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.made import NAME, made
from tests.chaos.runs import Chaos, begins, reached, spans
from tests.chaos.tables import contents, heavy, left_over


@pytest.fixture(scope="module")
def chaos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chaos]:
    base = tmp_path_factory.mktemp("chaos")
    profile = made(base, "untrained, contrastive", pairs=800, workers=1)
    chaos = Chaos(profile, NAME, base / "work", random.Random(1))
    chaos.base.mkdir()
    chaos.undisturbed(publish=False)
    yield chaos


def test_a_run_that_is_killed_in_training_goes_on_to_the_same_tables(chaos: Chaos) -> None:
    results, cache = chaos.base / "killed", chaos.base / "caches/undisturbed"
    assert chaos.broken_off(chaos.start(chaos.run_command(results), cache), "training")
    assert not (results / "tiny/leaderboard.md").exists()
    assert chaos.goes_on("killed in training", results, cache)
    assert chaos.kills == 1 and chaos.wrong == []


def test_phases_are_read_off_what_a_run_says() -> None:
    lines = [
        (0.0, "experiment chaos"), (1.0, "10:00:00 prepare: suite"), (5.0, "10:00:04 prepare: done in 4 s"),
        (5.5, "note: django: 15 of 141 training pairs are left out"), (6.0, "[0/2] untrained@0#0 started"),
        (7.0, "[0/2] untrained@0#0 evaluate"), (9.0, "[1/2] untrained@0#0 done: 3 s"), (10.0, "[1/2] optical@1#0 train"),
        (14.0, "[1/2] optical@1#0 probe"), (20.0, "[2/2] optical@1#0 done: 9 s"), (23.0, ""),
    ]  # fmt: skip
    assert spans(lines) == {"prepare": 4.0, "training": 4.0, "evaluation": 2.0, "writing": 3.0}
    assert begins("writing", "2 cells (2 done); to run: 0, expected 0 s (2 workers of 1 thread)")
    assert begins("writing", lines[-2][1]) and not begins("writing", lines[6][1])


def test_a_kill_counts_for_the_phase_that_it_fell_into() -> None:
    said = ["10:00:04 prepare: done in 4 s", "[0/2] untrained@0#0 started", "[0/2] untrained@0#0 evaluate"]
    said += ["[1/2] untrained@0#0 done: 3 s"]
    assert reached("prepare", said[:0]) == "prepare" and reached("prepare", said[:2]) == "training"
    assert reached("prepare", said) == "evaluation" and reached("publishing", ["| 1 | a table"]) == "publishing"
    assert reached("training", [*said, "10:00:09 [2/2] optical@1#0 done: 9 s"]) == "writing"


def test_what_is_compared(tmp_path: Path) -> None:
    board = "method,ndcg@10,seconds,pairs_per_second\noptical,0.5,{},7\n"
    for name, seconds in (("a", 1), ("b", 2)):
        (tmp_path / name / "cells").mkdir(parents=True)
        (tmp_path / name / "leaderboard.csv").write_text(board.format(seconds))
        (tmp_path / name / "runs.json").write_text(name)
        (tmp_path / name / "cells/metrics.csv").write_text("0.5")
    assert contents(tmp_path / "a") == contents(tmp_path / "b") and len(contents(tmp_path / "a")) == 2
    (tmp_path / "b/leaderboard.csv").write_text(board.replace("0.5", "0.6").format(1))
    assert contents(tmp_path / "a") != contents(tmp_path / "b")


def test_what_is_left_over(tmp_path: Path) -> None:
    (tmp_path / ".model.0123abcd.tmp").mkdir()
    (tmp_path / ".model.0123abcd.tmp/weights").write_bytes(bytes(2_000_000))
    (tmp_path / ".note.0123abcd.tmp").write_text("small")
    (tmp_path / "unfinished").mkdir()
    assert sorted(left_over(tmp_path)) == [".model.0123abcd.tmp", ".note.0123abcd.tmp", "unfinished"]
    assert heavy(tmp_path) == [".model.0123abcd.tmp"]
