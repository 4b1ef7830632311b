"""The worked example of docs/your-data.md, line by line, on the real packages and with the real encoder."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from bench.base.paths import REPOSITORY

pytestmark = pytest.mark.packages
GUIDE = (REPOSITORY / "docs" / "your-data.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """The lines of the one code block that holds `bench run`."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.S | re.M)
    [found] = [block for kind, block in blocks if not kind and "bench run" in block]
    return found.splitlines()


def test_the_worked_example_runs(tmp_path):
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("mydata"))
    said = {}
    for line in commands():
        program, *arguments = shlex.split(line)
        start = {"python": [sys.executable], "bench": [sys.executable, "-m", "bench.cli"]}[program]
        done = subprocess.run(
            [*start, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=600,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "160"},
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        said[line] = done.stdout
    size = sum(path.stat().st_size for path in (tmp_path / "examples" / "mydata").rglob("*") if path.is_file())
    assert f"{round(size, -4) // 1000} kB" in GUIDE
    checked = next(text for line, text in said.items() if "data check" in line)
    assert "0 errors" in checked and "is the same question in every language" in checked
    assert "the languages ask questions of their own" in checked and "hye_Armn Armenian" in checked
    table = pd.read_csv(tmp_path / "results" / "own-data" / "leaderboard.csv")
    assert table["complete"].all() and set(table["task"]) == {"mean", "faq", "declaration", "symbols"}
    means = table[(table["task"] == "mean") & (table["group"] == "trained")].set_index(["scorer", "method"])["ndcg@10"]
    for scorer in ("dense", "late"):
        assert means[scorer, "english"] > means[scorer, "contrastive"] > 0.3 and means[scorer, "untrained"] > 0.3
    assert "untrained" in said[commands()[-1]]
    assert "nothing to run" in subprocess.run(
        [sys.executable, "-m", "bench.cli", "run", "--profile", "examples/own_data.yaml"], cwd=tmp_path, capture_output=True,
        text=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    ).stdout  # fmt: skip


def test_the_example_refuses_to_write_over_a_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, REPOSITORY / "examples" / "own_data.py", str(tmp_path)], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert done.returncode == 1 and "exists already" in done.stderr and "Traceback" not in done.stderr
