import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from bench.base.errors import BenchError
from bench.cli import app
from bench.experiment.record import RUNS, add_run, read_runs
from bench.output.publish import publish
from tests.made_up import cell, plan

CELLS = ("untrained@0#0", "english@0#0", "optical@2#0", "optical@3#0")


def score(cell_id: str, *_: str) -> float:
    return {"untrained": 0.1, "english": 0.9}.get(cell_id.partition("@")[0], 0.5)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    folder = plan(tmp_path / "results" / "made", CELLS)
    for name in CELLS:
        cell(folder, name, score, files={"metrics.csv": 10}, hardware={"cores": 2})
    return folder


def test_everything_small_and_one_manifest(made: Path, tmp_path: Path):
    add_run(made / RUNS, "2026-01-01T00:00:00Z", 12.34, 2, {"seconds": {"suite": 3.0}}, {"run": 4, "failed": 0})
    target = tmp_path / "paper"
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    found = publish(made, target)
    names = {"leaderboard.md", "leaderboard.csv", "leaderboard.tex", "per_language.csv", "profile.yaml", "manifest.json"}
    names |= {"scaling.svg", "scaling.png", "scaling.md", "scaling.csv", "transfer.csv", "covariates.csv"}
    names |= {f"{name}{end}" for name in ("gain", "languages") for end in (".svg", ".png")}
    names |= {"slopes.csv", "lengths.csv"}  # a single trained method has no difference
    assert {path.name for path in found} == names and {path.name for path in target.iterdir()} == names | {"notes.txt"}
    assert (target / "leaderboard.md").read_bytes() == (made / "leaderboard.md").read_bytes()
    content = json.loads((target / "manifest.json").read_text())
    assert [one["id"] for one in content["cells"]] == list(CELLS)
    assert all("files" not in one and one["hardware"] == {"cores": 2} for one in content["cells"])
    [run] = content["runs"]
    assert run["seconds"] == 12.3 and run["cells"]["run"] == 4 and run["prepare"]["seconds"] == {"suite": 3.0}
    assert run["versions"]["python"] and run["hardware"]["cores"] > 0


def test_a_large_table_is_packed(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "paper"
    publish(made, target)
    monkeypatch.setattr("bench.output.publish.LARGE", (made / "per_language.csv").stat().st_size - 1)
    found = publish(made, target)
    assert target / "per_language.csv.gz" in found and not (target / "per_language.csv").exists()
    pd.testing.assert_frame_equal(pd.read_csv(target / "per_language.csv.gz"), pd.read_csv(made / "per_language.csv"))
    assert (target / "scaling.csv").is_file()


def test_a_grid_with_holes_is_not_published(made: Path, tmp_path: Path):
    (made / "cells" / "optical@3#0" / "manifest.json").unlink()
    with pytest.raises(BenchError, match="1 of 4 cells have no result: optical@3#0"):
        publish(made, tmp_path / "paper")
    assert not (tmp_path / "paper").exists()


def test_the_command(made: Path, tmp_path: Path):
    done = CliRunner().invoke(app, ["publish", str(tmp_path / "out"), "-p", "made", "--results", str(made.parent)])
    assert done.exit_code == 0 and "manifest.json" in done.output and (tmp_path / "out" / "scaling.png").exists()


def test_runs_add_up_and_a_damaged_record_starts_anew(tmp_path: Path):
    for seconds in (1.0, 2.0):
        add_run(tmp_path / RUNS, "2026-01-01T00:00:00Z", seconds, 1, {}, {})
    assert [run["seconds"] for run in read_runs(tmp_path / RUNS)] == [1.0, 2.0]
    (tmp_path / RUNS).write_text("{")
    assert read_runs(tmp_path / RUNS) == [] == read_runs(tmp_path / "none.json")
