"""The notebooks of examples/ run as they stand, and show what they give."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.examples.notebook import FOLDER, executed

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def shown(notebook: Any) -> list[list[str]]:
    """Of each cell what it printed and showed, as text; pictures by their size, since fonts differ by machine."""
    outputs = [cell.get("outputs", []) for cell in notebook.cells]
    return [[one.get("text") or one["data"]["text/plain"] for one in found] for found in outputs]


def test_there_is_the_scaling_notebook() -> None:
    assert [path.name for path in NOTEBOOKS] == ["scaling.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_runs_and_its_outputs_are_those_that_are_stored(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    stored = nbformat.read(path, as_version=4)
    again = executed(path)
    assert shown(again) == shown(stored), "make notebook"
    kinds = [kind for cell in again.cells for one in cell.get("outputs", []) for kind in one.get("data", {})]
    assert kinds.count("image/png") == 1 and kinds.count("text/html") >= 3
    tables = [texts[0] for texts in shown(again) if texts and texts[0].startswith("size ")]
    assert len(tables) == 2 and all("optical" in text and "contrastive" in text for text in tables)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_small_and_says_nothing_of_the_machine(path: Path) -> None:
    assert path.stat().st_size < 150_000
    content = json.loads(path.read_text(encoding="utf-8"))
    assert set(content["metadata"]) == {"kernelspec"} and not any(cell["metadata"] for cell in content["cells"])
    assert not any("/home/" in line or "Traceback" in line for cell in content["cells"] for line in cell["source"])
