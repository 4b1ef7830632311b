"""What the light commands import is held here; how long they take is only measured."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from benchmarks import startup
from benchmarks.startup import COMMANDS, HEAVY, LIMITS, imports
from tests.own_data import collection


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_light_command_imports_nothing_heavy(name: str) -> None:
    found = imports(COMMANDS[name])
    assert "bench" in found and "typer" in found, "the report was read"
    assert [package for package in HEAVY if package in found] == []


def test_a_plan_of_data_on_disk_imports_nothing_heavy(tmp_path: Path) -> None:
    collection(tmp_path / "data")
    profile = {
        "name": "own", "data": {"suite": "data", "order": "sw,am"}, "grid": {"methods": ["untrained", "english"], "sizes": [2]},
    }  # fmt: skip
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    found = imports(["plan", "--profile", str(tmp_path / "own.yaml"), "--results", str(tmp_path)])
    assert [package for package in HEAVY if package in found] == []


def test_times_and_imports_of_each_command_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    times = iter([(1.0, 0.5, 30.0), (3.0, 0.7, 30.0), (0.25, 0.1, 30.0)])
    monkeypatch.setattr(startup, "COMMANDS", {"bench plan": ["plan"]})
    monkeypatch.setattr(startup, "imports", lambda arguments: {"pandas": 500.2, "bench": 20.0, "yaml": 1.0})
    monkeypatch.setattr(startup, "run", lambda arguments: next(times))
    done = CliRunner().invoke(startup.app, ["--runs", "3", "--out", str(tmp_path / "startup.md")])
    assert done.exit_code == 0, done.output
    cells = [cell.strip() for cell in done.output.splitlines()[-1].strip("| ").split("|")]
    assert cells == ["`bench plan`", "1.00", "1.00", "0.50", "pandas", "pandas 500, bench 20, yaml 1"], "medians"
    written = (tmp_path / "startup.md").read_text(encoding="utf-8")
    assert written.startswith("# Light commands\n\nMedians of 3 runs. ") and written.endswith(f"\n\n{done.output}")


def test_a_command_that_fails_has_no_time() -> None:
    with pytest.raises(RuntimeError, match="bench plan --profile nowhere.yaml ended with 2"):
        startup.run(["plan", "--profile", "nowhere.yaml"])
    wall, processor, memory = startup.run(["--help"])
    assert wall > 0 and processor > 0 and memory > 5
