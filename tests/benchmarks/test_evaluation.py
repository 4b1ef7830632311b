"""All questions are asked as a cell asks them; times are not looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cells.asking.queries import query_sets
from bench.cells.evaluation import evaluate
from benchmarks import evaluation
from benchmarks.evaluation import PARTS, SHARES, asked, measure, written
from tests.made_suite import World, made_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def test_questions_of_dev_and_test_and_a_share_of_each(world: World) -> None:
    spec, context = world.spec("untrained"), world.context
    every = {
        (one.task, one.language, name)
        for split in ("dev", "test")
        for one in query_sets(context, spec.evaluation.tasks, {}, split, spec.suite_languages) for name in one.ids
    }  # fmt: skip
    whole, half = asked(spec, 1), asked(spec, 2)
    assert {(one.task, one.language, name) for one in whole for name in one.ids} == every
    assert [len(one.ids) for one in half] == [-(-len(one.ids) // 2) for one in whole]
    assert all(set(one.qrels) == set(one.ids) and len(one.texts) == len(one.ids) for one in half)


def test_the_parts_make_up_the_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def noted(*arguments, **named):
        given.append(arguments)
        return evaluate(*arguments, **named)

    monkeypatch.setattr("bench.cells.evaluation.evaluate", noted)
    spec = world.spec("untrained")
    found = measure(spec, 1)
    assert found["questions"] == sum(len(one.ids) for one in given[0][2]) == sum(len(one.ids) for one in asked(spec, 1))
    assert (found["languages"], found["documents"]) == (3, 48)
    assert all(found[part + kind] > 0 for part in PARTS for kind in ("", " clock"))
    assert 0 < found["MB before"] <= found["MB"]


def test_the_peak_is_never_below_an_earlier_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([770, 769])  # what Linux said once
    monkeypatch.setattr(evaluation, "peak_memory_mb", lambda: next(seen))
    found = measure(world.spec("untrained"), 2)
    assert (found["MB before"], found["MB"]) == (770, 770)


def test_the_table_says_what_was_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    row = {"questions": 2000.0, "languages": 3.0, "documents": 48.0, "MB before": 1000.4, "MB": 1234.5} | {
        part + kind: second for part in PARTS for kind, second in (("", 2.0), (" clock", 5.0))
    }
    asked_for = []

    def told(profile: str, changes: list[str], share: int) -> dict[str, float]:
        asked_for.append((profile, changes, share))
        return row

    monkeypatch.setattr(evaluation, "in_process", told)
    done = CliRunner().invoke(_app(), ["--folder", "copies", "--set", "hardware.precision=bf16", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert asked_for == [("public-cpu", ["data.folder=copies", "hardware.precision=bf16"], share) for share in SHARES]
    text = (tmp_path / "evaluation.md").read_text(encoding="utf-8")
    assert text == written([row] * len(SHARES)) and "3 languages, 48 documents" in text
    cells = [cell.strip() for cell in text.splitlines()[-1].strip("| ").split("|")]
    assert cells == ["2,000", "2.0", "2.0", "2.0", "6.0", "3.00", "15.0", "1,000", "1,234"]


def test_a_share_is_measured_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that is started says what to measure, and its last line is what was found."""
    monkeypatch.setattr(evaluation, "untrained", lambda profile, changes: (profile, tuple(changes)))
    monkeypatch.setattr(evaluation, "measure", lambda spec, share: {"spec": spec, "share": share})

    def run(command: list[str], **_):
        done = CliRunner().invoke(_app(), command[3:])
        assert done.exit_code == 0, done.output
        return type("Done", (), {"stdout": "a warning\n" + done.output})

    monkeypatch.setattr(evaluation.subprocess, "run", run)
    found = evaluation.in_process("smoke", ["a=1", "b=2"], 8)
    assert found == json.loads(json.dumps({"spec": ("smoke", ("a=1", "b=2")), "share": 8}))


def _app():
    import typer

    app = typer.Typer()
    app.command()(evaluation.main)
    return app
