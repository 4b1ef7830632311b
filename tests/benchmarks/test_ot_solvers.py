"""The benchmark measures what it says; times are not looked at."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from benchmarks import ot_solvers
from benchmarks.ot_solvers import Problem, ipot, measure, solvers


@pytest.fixture
def small() -> Problem:
    return Problem.make(texts=4, longest=9, d=16)


def test_texts_are_ragged_unit_vectors_with_masses() -> None:
    problem = Problem.make(texts=30, d=32)
    for vectors, mass in ((problem.x, problem.a), (problem.y, problem.b)):
        lengths = (mass > 0).sum(1)
        assert lengths.min() >= 4 and lengths.max() <= 48 and len(set(lengths.tolist())) > 10
        assert torch.allclose(vectors.norm(dim=-1), torch.ones(vectors.shape[:2]), atol=1e-5)
        assert torch.allclose(mass.sum(1), torch.ones(30))
    alone = problem.alone(3)
    n, m = alone.a.shape[1], alone.b.shape[1]
    assert (alone.a > 0).all() and (alone.b > 0).all() and torch.allclose(alone.cost[0], problem.cost[3, :n, :m])


def test_ipot_reaches_exact_transport(small: Problem) -> None:
    found = ipot(small, 0.5, 400)
    assert torch.allclose((found * small.cost).sum((1, 2)), small.exact(), rtol=2e-3)
    assert (found.sum(1) - small.b).abs().sum(1).max() < 1e-5 and (found.sum(2) - small.a).abs().sum(1).max() < 1e-2


@pytest.mark.parametrize("reach", [0.0, 0.2])
def test_errors_tell_good_solvers_from_bad_ones(small: Problem, reach: float) -> None:
    table = measure(small, 0.05, reach, repeats=1).set_index("solver")
    assert list(table.index) == list(solvers(reach))
    default = table.iloc[0]
    assert max(default["row_error"], default["column_error"]) < 1e-3 and default["value_error"] < 5e-3
    assert default["batch_mates"] < 1e-6
    steps = [table.loc[f"alternating steps, {n}", "value_error"] for n in (20, 100, 500)]
    assert steps[0] > steps[1] >= 0.1 * steps[2] and steps[2] < 1e-5
    assert table.loc["geomloss alone, scaling 0.5", "row_error"] > 10 * default["row_error"]
    if not reach:
        assert default["over_exact"] > 1 and table.loc["IPOT, beta 0.5, 200", "over_exact"] < default["over_exact"]


def test_the_command_writes_both_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ot_solvers, "SETTINGS", ((0.1, 0.0),))
    monkeypatch.setattr(ot_solvers, "REFERENCE_STEPS", 200)
    app = ot_solvers.typer.Typer()
    app.command()(ot_solvers.main)
    done = CliRunner().invoke(app, ["--texts", "2", "--repeats", "1", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "ot_solvers.csv")
    assert len(table) == len(solvers(0.0)) and set(table["epsilon"]) == {0.1}
    assert "IPOT" in (tmp_path / "ot_solvers.md").read_text() and "IPOT" in done.output
