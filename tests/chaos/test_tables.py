"""Two runs are the same if only what was measured differs."""

from __future__ import annotations

from pathlib import Path

from bench.base.markdown import table
from tests.chaos.tables import contents


def board(folder: Path, name: str, seconds: str, score: str) -> dict[str, bytes]:
    place = folder / name
    place.mkdir(parents=True)
    lines = [["contrastive seconds", seconds], ["contrastive pairs/s", seconds + ".5"]]
    scores = ["## Late", table("method", [["contrastive", score]], ["2"])]
    text = "\n\n".join([*scores, "## Cost of a cell", table("method", lines, ["2"]), "## How to read it"])
    (place / "leaderboard.md").write_text(text + "\n")
    return contents(place)


def test_wider_numbers_of_times_are_no_difference(tmp_path: Path) -> None:
    assert board(tmp_path, "slow", "10,400", ".123 ±.010") == board(tmp_path, "fast", "9", ".123 ±.010")


def test_another_score_is_one(tmp_path: Path) -> None:
    assert board(tmp_path, "one", "9", ".123 ±.010") != board(tmp_path, "other", "9", ".124 ±.010")
