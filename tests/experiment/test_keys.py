"""Keys of the shipped profiles: a change of the code that is no change of results must leave them alone.

`keys.json` was first written by the code as it was before it moved into rooms. Whoever changes results on purpose raises
the method's version, `TRAINING_LOOP` or the suite's `FORMAT`, says so in the changelog, and writes the file anew:
`python -m tests.experiment.test_keys`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile, profile_names

FILE = Path(__file__).with_name("keys.json")
KEYS: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))


def keys_of(name: str) -> dict[str, str]:
    """Cell id -> key of a shipped profile."""
    profile = load_profile(name)
    file = profile.data.languages_file
    return {cell.id: cell.key for cell in cells(profile, Languages.load(Path(file) if file else None))}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Without copies of the hubs' data sets: those count by their files."""
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path))


@pytest.mark.parametrize("name", profile_names())
def test_keys_of_a_shipped_profile_are_those_committed(name: str) -> None:
    assert keys_of(name) == KEYS[name]


def test_no_profile_is_forgotten() -> None:
    assert set(KEYS) == set(profile_names())


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: keys_of(name) for name in profile_names()}, indent=0) + "\n", encoding="utf-8")
