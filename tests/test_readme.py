"""What the README shows works, and what it names exists."""

from __future__ import annotations

import re
import subprocess
import sys
import types
from pathlib import Path

import pandas as pd
from typer.testing import CliRunner

from bench.base.markdown import number
from bench.base.paths import REPOSITORY
from bench.cli import app
from methods.base import REGISTERED
from methods.conformance import conform

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_the_example_method_conforms() -> None:
    [example] = [block for block in re.findall(r"```python\n(.*?)```", README, re.S) if "Method" in block]
    assert len(example.splitlines()) <= 40
    try:
        module = types.ModuleType("readme_example")
        sys.modules[module.__name__] = module  # dataclasses look their module up
        exec(compile(example, "README.md", "exec"), module.__dict__)
        outcomes = conform(REGISTERED["pooled_mse"]())
    finally:
        REGISTERED.pop("pooled_mse", None)
        sys.modules.pop("readme_example", None)
    assert [o for o in outcomes if not o.passed] == []


def test_the_example_method_works_as_a_file_outside_the_repository(tmp_path: Path) -> None:
    [example] = [block for block in re.findall(r"```python\n(.*?)```", README, re.S) if "Method" in block]
    (tmp_path / "mine.py").write_text(example, encoding="utf-8")
    assert "path/to/mine.py:PooledMse" in README
    checked = CliRunner().invoke(app, ["check-method", f"{tmp_path}/mine.py:PooledMse(weight=2)"])
    assert checked.exit_code == 0 and "FAILED" not in checked.output, checked.output
    asked = ["--methods", f"{tmp_path}/mine.py:PooledMse(weight=2),untrained", "--sizes", "5", "--results", str(tmp_path)]
    planned = CliRunner().invoke(app, ["plan", *asked])
    assert planned.exit_code == 0 and "pooled_mse(weight=2.0)@5#0" in planned.output, planned.output


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"\bmake ([a-z-]+)", README)) | {"bench-smoke", "bench-full"}
    listed = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for target in targets:
        assert f"make {target} " in listed, target


def test_commands_exist() -> None:
    blocks = "\n".join(re.findall(r"```\n(.*?)```", README, re.S))
    commands = set(re.findall(r"(?:^|; )bench ([a-z-]+)", blocks, re.M))
    assert {"plan", "run", "tune", "leaderboard"} <= commands
    known = CliRunner().invoke(app, ["--help"]).output
    for command in commands:
        assert re.search(rf"\b{command}\b", known), command


def test_files_that_the_readme_names_exist() -> None:
    for name in re.findall(r"\]\(((?:docs|results|bench)/[^)#]+)\)", README):
        assert (REPOSITORY / name).exists(), name


def test_the_numbers_of_the_answer_are_those_of_the_reference_run() -> None:
    """Each number of the table is in the published leaderboard, with half of its interval."""
    [table] = re.findall(r"(\| trained languages.*?\n)\n", README, re.S)
    head, _, *lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.strip().splitlines()]
    points = [re.fullmatch(r"(\w+), N = (\d+)", cell) for cell in head[1:]]
    board = pd.read_csv(REPOSITORY / "results/reference/full/leaderboard.csv", float_precision="round_trip")
    board = board[(board["order"] == board["order"].iloc[0]) & (board["group"] == "trained") & (board["task"] == "mean")]
    seen = 0
    for name, *cells in lines:
        method = re.sub(r"[*`]| \((?:floor|ceiling)\)", "", name)
        for point, cell in zip(points, cells, strict=True):
            assert point, head
            row = board[(board["method"] == method) & (board["scorer"] == point[1]) & (board["size"] == int(point[2]))]
            if not cell:
                assert row.empty, (name, point[0])
                continue
            [one] = row.to_dict("records")
            assert cell == f"{number(one['ndcg@10'])} ±{number((one['high'] - one['low']) / 2)}", (name, point[0])
            seen += 1
    assert seen > 20
