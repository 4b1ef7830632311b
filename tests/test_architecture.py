"""docs/architecture.md is a map of what is there, and the house keeps its own rules of size."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

import pytest

from bench.base.paths import REPOSITORY

MAP = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
MODULES = [path for top in ("bench", "methods") for path in (REPOSITORY / top).rglob("*.py")]
NAMED = sorted(set(re.findall(r"`((?:bench|methods|tests|benchmarks|results|docs)/[\w./-]*)`", MAP)))


@pytest.mark.parametrize("name", NAMED)
def test_what_the_map_names_is_there(name: str) -> None:
    assert (REPOSITORY / name).exists(), f"docs/architecture.md names {name}"


def test_the_map_names_every_room_and_the_walks_name_files() -> None:
    rooms = {path.name for path in (REPOSITORY / "bench").iterdir() if (path / "__init__.py").exists()}
    drawn = set(re.findall(r"[│] (\w+) ", MAP))
    assert rooms <= drawn, f"rooms that the picture lacks: {rooms - drawn}"
    walks = MAP.partition("## Three walks")[2].partition("## Where things go")[0]
    assert all(walk.count(".py`") >= 4 for walk in walks.split("\n### ")[1:])


def entries(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != "__pycache__"]


def test_ten_rooms_or_so() -> None:
    assert len(entries(REPOSITORY / "bench")) <= 12


@pytest.mark.parametrize("package", sorted({str(path.parent.relative_to(REPOSITORY)) for path in MODULES}))
def test_no_room_is_crowded(package: str) -> None:
    found = entries(REPOSITORY / package)
    assert len(found) <= 15, f"{package} has {len(found)} entries: {sorted(found)}"


def test_modules_stay_small() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES if path.name != "__init__.py"}
    long = {str(path.relative_to(REPOSITORY)): count for path, count in lines.items() if count > 300}
    assert not long and statistics.median(lines.values()) <= 110
