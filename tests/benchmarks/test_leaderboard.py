"""The made-up experiment is whole, so that the time of its tables is that of real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.analysis.results import load
from bench.experiment.plan import make_plan
from benchmarks import leaderboard, made_cells
from benchmarks.made_cells import QUESTIONS, make_experiment


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return make_experiment(tmp_path, 6)


def test_made_up_cells_are_finished_ones_of_the_profile(made: Path, tmp_path: Path) -> None:
    experiment = load(made)
    assert [cell.state for cell in experiment.cells] == ["done"] * 6 and experiment.unplanned == ()
    assert {"untrained", "english"} <= {cell.name.method for cell in experiment.cells}
    plan = make_plan("full", tmp_path)
    assert sum(state == "done" for state in plan.states.values()) == 6
    trained = next(cell for cell in experiment.cells if cell.name.size)
    assert trained.questions is not None and set(trained.questions["task"]) == set(QUESTIONS)
    assert trained.questions["language"].nunique() == 60
    scores = trained.questions["ndcg@10"]
    assert 0.1 < scores.mean() < 0.9 and scores.std() > 0.1


def test_cells_beyond_the_profile_are_of_a_further_seed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    written = []
    monkeypatch.setattr(made_cells, "_write", lambda plan, spec: written.append(spec))
    make_experiment(tmp_path, 150)
    assert len(written) == 150 and {spec.seed for spec in written} == {0, 1, 2, made_cells.FURTHER[0]}
    assert {spec.order for spec in written} == {"low", "mixed"}


def test_tables_of_a_kept_experiment_are_timed(made: Path) -> None:
    done = CliRunner().invoke(leaderboard.app, ["--keep", str(made.parent), "--runs", "1"])
    assert done.exit_code == 0, done.output
    assert "6 cells" in done.output and "median of 1" in done.output
    assert (made / "leaderboard.md").is_file()
