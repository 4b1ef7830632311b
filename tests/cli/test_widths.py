"""No cell id and no name of a method is broken over two lines, however narrow the terminal; a pipe gets them whole."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time

import pytest
from rich.console import Console

from bench.data.languages import Languages
from bench.execution.base import Finished, Started
from bench.execution.progress import RunView
from bench.execution.progress_file import ProgressFile, Working
from bench.execution.tune import trial_cells
from bench.experiment.costs import Costs
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from bench.experiment.store import Store
from tests.cli.terminal import on_terminal
from tests.execution.test_tune import described, save
from tests.made_up import cell, failure, plan

WIDTHS = (40, 80, 200)
METHOD = "contrastive(form=dense,temperature=0.1)"
OTHER = "optical(cost=cosine,epsilon=0.05)"
TRAINED = [f"{name}@{size}#{seed}" for name in (METHOD, OTHER) for size in (2, 3) for seed in (0, 1)]
IDS = ["untrained@0#0", "english@0#0", *TRAINED]
FAILED, WORKING = f"{METHOD}@4#0", f"{OTHER}@4#0"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = plan(tmp_path_factory.mktemp("results") / "made-up", [*IDS, FAILED, WORKING])
    for number, name in enumerate(IDS):
        cell(folder, name, lambda name, task, scorer, language, at=number: [0.1 * at / len(IDS) + 0.1 * n for n in range(8)])
    failure(folder, FAILED, "ValueError: no")
    ProgressFile(folder).write({WORKING: Working(time.time(), "train", 0.4, (0.8, 0.6))}, [], 125.0, now=True)
    for name, pairs in (("few", 1500), ("more", 6000)):
        step = plan(folder.parent / name, IDS, training={"pairs": pairs, "budget": "fixed_total"})
        for number, one in enumerate(IDS):
            cell(step, one, lambda name, task, scorer, language, at=number: [0.1 * at / len(IDS) + 0.1 * n for n in range(8)])
    file = described(folder.parent, {METHOD: [{"method": METHOD, "learning_rate": 1e-4}], OTHER: [{"method": OTHER}]})
    for _, _, spec in trial_cells(file)[1]:
        save(Store(folder.parent / "trying"), spec, 0.5, 0.4)
    return folder


def commands(folder):
    where = ["--profile", "made-up", "--results", str(folder.parent)]
    return {
        "plan": ["plan", "--profile", "default", "--results", str(folder), "--methods", f"{METHOD},{OTHER}", "--sizes", "5"],
        "compare": ["compare", METHOD, OTHER, *where], "slopes": ["compare", METHOD, OTHER, "--slopes", *where],
        "leaderboard": ["leaderboard", *where], "scaling": ["scaling", *where],
        "watch": ["watch", "--once", *where], "cells": ["watch", "--once", "--cells", *where], "methods": ["methods"],
        "tune": ["tune", "--trials", str(folder.parent / "trials.yaml"), "--results", str(folder.parent)],
        "budget": ["budget", str(folder.parent / "few"), str(folder.parent / "more"), "--out", str(folder.parent / "out")],
        "mistake": ["compare", METHOD, "optcal", *where],
    }  # fmt: skip


NAMES = {
    "plan": [f"{METHOD}@5#0", f"{OTHER}@5#0"], "compare": [METHOD, OTHER], "slopes": [METHOD, OTHER],
    "leaderboard": [METHOD, OTHER, FAILED], "scaling": [METHOD, OTHER], "watch": [METHOD, OTHER, FAILED, WORKING],
    "cells": [*IDS, FAILED, WORKING], "methods": ["optical_contrastive", "multilingual_kd", "lexical"], "mistake": [METHOD],
    "tune": [METHOD, OTHER], "budget": [METHOD, OTHER],
}  # fmt: skip


def unbroken(text: str, names, columns: int) -> None:
    """Each name is there, and nowhere does it go on in a next line, but where its word is wider than the terminal."""
    lines = text.splitlines()
    squeezed = "".join(text.split())
    for name in names:
        assert any(name in line for line in lines), f"{name} is broken or missing at {columns} columns:\n{text}"
        assert text.count(name) == squeezed.count(name), f"a line ends within {name} at {columns} columns:\n{text}"
        for line in lines:
            for word in re.finditer(r"\S+", line):
                first, last = word.start() // columns, (word.end() - 1) // columns
                wide = len(word[0]) > columns and ("/" in word[0] or len(name) >= columns - 1)
                assert name not in word[0] or first == last or wide, f"{name} at {columns} columns: {line!r}"


@pytest.mark.parametrize("columns", WIDTHS)
def test_on_a_terminal(made, columns: int) -> None:
    wanted = commands(made)
    for (name, arguments), (status, text) in zip(wanted.items(), on_terminal(list(wanted.values()), columns), strict=True):
        assert status == (2 if name == "mistake" else 0), (arguments, text)
        unbroken(text, NAMES[name], columns)
        for line in text.splitlines():
            # What is wider than the terminal is one word, with its indentation or its bullet at most.
            assert len(line) <= columns or len(line.split()) <= 2, f"{name} at {columns}: {line!r}"


@pytest.mark.parametrize("name", ["plan", "compare", "cells"])
def test_in_a_pipe(made, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.cli", *commands(made)[name]], capture_output=True, text=True, env=_without_columns(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for one in NAMES[name]:
        assert one in done.stdout
    if name == "cells":
        rows = {line.split()[0]: line for line in done.stdout.splitlines() if "@" in line}
        assert rows[FAILED].split()[1:] == ["failed"] and rows["FAILED"].endswith("error.txt"), "one line each, however long"


def _without_columns() -> dict[str, str]:
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    return {**{key: value for key, value in os.environ.items() if key != "COLUMNS"}, "PYTHONPATH": paths}


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("live", [False, True])
def test_the_progress_of_a_run(columns: int, live: bool, tmp_path) -> None:
    profile = load_profile("default", [f"grid.methods=['{METHOD}']", "grid.sizes=[5]"])
    [spec] = cells(profile, Languages.load())
    console = Console(file=io.StringIO(), width=columns, force_terminal=live, color_system=None)
    with RunView([spec], 0, Costs(profile), 1, console) as view:
        view.handle(Started(spec.id))
        picture = Console(file=io.StringIO(), width=columns)
        picture.print(view)
        shown = picture.file.getvalue()
        assert max(map(len, shown.splitlines())) <= columns, "a live view counts its lines"
        [named] = [word for word in shown.split() if word.endswith("@5#0")]
        assert named == spec.id if columns > len(spec.id) else named.startswith("contrastive(") and "…" in named
        view.handle(Finished(spec.id, {"id": spec.id, "method": spec.method, "status": "done", "seconds": {"total": 60.0}}))
    said = console.file.getvalue()
    assert sum(spec.id in line for line in said.splitlines()) >= 2 and "done:" in said, "whole where it stays"
