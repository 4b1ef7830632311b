"""A bounded run of what `make fuzz` does for longer: the same inputs every time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from bench.base.errors import BenchError
from tests.fuzz.kinds import KINDS, MORE
from tests.fuzz.tries import Hang, in_time, outcome

EXAMPLES = {"model": 40, "languages": 15}  # slower ones; the others get more
TRIED = 60


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_outcome_is_a_result_or_one_refusal(kind: str, tmp_path: Path) -> None:
    base, folder = tmp_path / "base", tmp_path / "tried"
    KINDS[kind].base(base)
    seen: set[str] = set()

    @settings(
        max_examples=EXAMPLES.get(kind, TRIED), deadline=None, derandomize=True, database=None,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(KINDS[kind].example())
    def tried(example: tuple[str, bytes]) -> None:
        seen.add(outcome(kind, example, base, folder))

    tried()
    assert "refused" in seen  # or nothing was spoilt


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_right_input_is_read(kind: str, tmp_path: Path) -> None:
    """Else a reader that refuses everything would pass."""
    KINDS[kind].base(tmp_path)
    for name, make in KINDS[kind].files.items():
        if kind == "model" and name in MORE:
            continue
        assert outcome(kind, (name, make()[0]), tmp_path, tmp_path.parent / f"tried-{kind.replace(' ', '-')}") == "result"


def test_a_reader_that_does_not_come_back_is_noticed() -> None:
    with pytest.raises(Hang), in_time(1):
        while True:
            pass


def test_a_refusal_must_say_something(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def silent(*_: object) -> None:
        raise BenchError(" ", "")

    monkeypatch.setattr("tests.fuzz.kinds.load_profile", silent)
    tmp_path.joinpath("base").mkdir()
    with pytest.raises(AssertionError, match="without a word"):
        outcome("set", ("change", b"a.b=1"), tmp_path / "base", tmp_path / "tried")
