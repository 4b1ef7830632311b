"""What the pages of docs/ show works, and what README and pages link to exists."""

from __future__ import annotations

import re
import subprocess
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from bench import Experiment
from bench.base.markdown import number
from bench.base.paths import REPOSITORY
from bench.cli import app
from methods.base import REGISTERED
from methods.conformance import conform

DOCS = REPOSITORY / "docs"
PAGES = sorted(DOCS.glob("*.md"))
MADE = {DOCS / "reference/profile.md", DOCS / "reference/commands.md", DOCS / "changelog.md"}  # docs/hooks/generated.py
METHOD = (DOCS / "your-method.md").read_text(encoding="utf-8")


def headings(path: Path) -> set[str]:
    """Anchors of a page, as GitHub and MkDocs make them of plain headings."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    return {
        re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", title.replace("`", "")).strip().lower())
        for title in re.findall(r"^#+ (.*)$", text, re.M)
    }


@pytest.mark.parametrize("page", [REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *PAGES], ids=lambda path: path.name)
def test_relative_links_hold(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists() or target in MADE, f"{page.name}: {link}"
        if anchor and target not in MADE:
            assert anchor in headings(target), f"{page.name}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_first_line_says_who_needs_the_page(page: Path) -> None:
    title, _, line = page.read_text(encoding="utf-8").splitlines()[:3]
    assert title.startswith("# ") and line.startswith("For "), f"{page.name} begins with {line!r}"


def example() -> str:
    [found] = [block for block in re.findall(r"```python\n(.*?)```", METHOD, re.S) if "Method" in block]
    return found


def test_the_example_method_conforms() -> None:
    assert len(example().splitlines()) <= 40
    try:
        module = types.ModuleType("docs_example")
        sys.modules[module.__name__] = module  # dataclasses look their module up
        exec(compile(example(), "your-method.md", "exec"), module.__dict__)
        outcomes = conform(REGISTERED["pooled_mse"]())
    finally:
        REGISTERED.pop("pooled_mse", None)
        sys.modules.pop("docs_example", None)
    assert [o for o in outcomes if not o.passed] == []


def test_the_commands_of_your_method_work_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for training, which `make smoke` does with other methods."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(example(), encoding="utf-8")
    [check] = re.findall(r"^bench check-method '(.*)'$", METHOD, re.M)
    checked = CliRunner().invoke(app, ["check-method", check])
    assert checked.exit_code == 0 and "FAILED" not in checked.output, checked.output
    [(profile, asked)] = re.findall(r"^bench plan --profile (\w+) --methods '(.*)'$", METHOD, re.M)
    assert f"bench run --profile {profile} --methods '{asked}'" in METHOD
    planned = CliRunner().invoke(app, ["plan", "--profile", profile, "--methods", asked], env={"COLUMNS": "200"})
    assert planned.exit_code == 0 and "pooled_mse(weight=2.0)@3#0" in planned.output, planned.output


def test_commands_exist() -> None:
    blocks = "\n".join(block for page in PAGES for block in re.findall(r"```(?:sh)?\n(.*?)```", page.read_text("utf-8"), re.S))
    commands = set(re.findall(r"(?:^|; )bench ([a-z-]+)", blocks, re.M))
    assert {"plan", "run", "tune", "leaderboard", "check-method"} <= commands
    known = CliRunner().invoke(app, ["--help"]).output
    for command in commands:
        assert re.search(rf"\b{command}\b", known), command


def test_make_targets_exist() -> None:
    listed = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for page in PAGES:
        for target in re.findall(r"`(?:.*; )?make ([a-z-]+)|^make ([a-z-]+)", page.read_text(encoding="utf-8"), re.M):
            assert f"make {''.join(target)} " in listed, (page.name, target)


def test_the_numbers_of_the_answer_are_those_of_the_reference_run() -> None:
    """Each number of the table is in the published leaderboard, with half of its interval."""
    answer = (DOCS / "answer.md").read_text(encoding="utf-8")
    [table] = re.findall(r"(\| trained languages.*?\n)\n", answer, re.S)
    head, _, *lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.strip().splitlines()]
    points = [re.fullmatch(r"(\w+), N = (\d+)", cell) for cell in head[1:]]
    board = pd.read_csv(REPOSITORY / "results/reference/public-cpu/leaderboard.csv", float_precision="round_trip")
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


def test_the_differences_of_all_questions_are_those_of_their_run() -> None:
    """Each row of the table on all 800 questions is what `bench compare` finds in the published folder."""
    answer = (DOCS / "answer.md").read_text(encoding="utf-8")
    section = answer.split("## All 800 questions\n")[1].split("\n## ")[0]
    tables = re.findall(r"^\| N = (\d+), [^|]*\| dense.*\n\| ---.*\n((?:\|.*\n)+)", section, re.M)
    assert [int(size) for size, _ in tables] == [20, 5, 50]
    rows = []
    for size, lines in tables:
        experiment = Experiment(REPOSITORY / "results/reference" / ("public-cpu-800" if size == "20" else "public-cpu-800-sizes"))
        found = re.findall(r"^\| `(\S+)` minus `(\S+)`[^|]*\| (.*?) \| (\w+) \| (.*?) \| (\w+) \|$", lines, re.M)
        assert len(found) == len(lines.splitlines()) > 2
        rows += [(experiment, size, *row) for row in found]
    for experiment, size, first, second, *told in rows:
        _same_rows(experiment.compare(first, second), size, told, (first, second))


@pytest.mark.parametrize("title, folder, size", [
    ("Other settings of the losses", "public-cpu-800-settings", "20"),
    ("Other tasks", "public-cpu-tasks", "50"), ("A teacher of English alone", "minilm-public-cpu", "20"),
])  # fmt: skip
def test_the_differences_of_a_section_are_those_of_its_run(title: str, folder: str, size: str) -> None:
    answer = (DOCS / "answer.md").read_text(encoding="utf-8")
    section = answer.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\S+)` minus `(\S+)`(?:, (\S+))?[^|]*\| (.*?) \| (\w+) \| (.*?) \| (\w+) \|$", section, re.M)
    assert len(rows) == len(re.findall(r"^\| `", section, re.M)) > 4
    experiment = Experiment(REPOSITORY / "results/reference" / folder)
    for first, second, task, *told in rows:
        _same_rows(experiment.compare(first, second, tasks=[task] if task else ()), size, told, (first, second, task))


def test_the_differences_in_two_spaces_are_those_of_their_run() -> None:
    answer = (DOCS / "answer.md").read_text(encoding="utf-8")
    section = answer.split("## The built-in suite in two spaces\n")[1].split("\n## ")[0]
    told_of = r"^\| `(\S+)` minus `(\S+)`, (\w+) means(?:, (\w+))?(?: \(exploratory\))? \| (.*?) \| (\w+) \| (.*?) \| (\w+) \|$"
    rows = re.findall(told_of, section, re.M)
    assert len(rows) == len(re.findall(r"^\| `", section, re.M)) > 8
    experiment = Experiment(REPOSITORY / "results/reference/default-spaces")
    for first, second, space, task, *told in rows:
        found = experiment.compare(first, second, tasks=[task] if task else ())
        _same_rows(found, "20", told, (first, second, space, task), {"English": "", "own": "_own"}[space])


def test_the_table_of_the_readme_is_that_of_its_runs() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    told_of = r"^\| (Belebele|XorQA-IN and AfriQA), (\d+)(; the teacher.*)? \| (.*) (\w+) \| (.*) (\w+) \|$"
    rows = re.findall(told_of, readme, re.M)
    assert len(rows) == 5
    for task, size, other_teacher, *told in rows:
        belebele = "public-cpu-800" if size == "20" else "public-cpu-800-sizes"
        folder = "minilm-public-cpu" if other_teacher else belebele if task == "Belebele" else "public-cpu-tasks"
        found = Experiment(REPOSITORY / "results/reference" / folder).compare("optical", "contrastive")
        _same_rows(found, size, told, (task, size, other_teacher))


def gain(row: Mapping[Any, Any]) -> str:
    """A difference with its interval, as tables write it."""
    difference, low, high = (number(row[name], "{:+.3f}") for name in ("difference", "low", "high"))
    return f"{difference} [{low}, {high}]"


def test_the_gains_of_more_pairs_are_those_of_their_runs() -> None:
    section = (DOCS / "answer.md").read_text(encoding="utf-8").split("## More pairs\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\S+)`(, frozen)? \| (.*) \|$", section, re.M)
    found = pd.read_csv(REPOSITORY / "results/reference/budget-800/budget.csv")
    found = found[found["over"] == "untrained"].set_index(["recipe", "method", "scorer", "pairs"])
    free, frozen = "everything trained", "6 layers and embeddings frozen"
    assert [method for method, _, _ in rows] == ["optical", "contrastive", "contrastive(dense)", "optical", "contrastive"]
    assert [bool(half) for _, half, _ in rows] == [False] * 3 + [True] * 2
    for method, half, cells in rows:
        how = frozen if half else free
        places = [(how, method, scorer, pairs) for scorer in ("dense", "late") for pairs in (1500, 6000, 24000)]
        told = [gain(found.loc[place]) if place in found.index else "" for place in places]
        assert [cell.strip() for cell in f"{cells} ".split(" | ")] == told


def _same_rows(found: pd.DataFrame, size: str, told: list[str], where: tuple[str, ...], space: str = "") -> None:
    """Differences and verdicts, dense and late, of the trained languages at that size; `space`: what such scorers end in."""
    for scorer, difference, verdict in (("dense", *told[:2]), ("late", *told[2:])):
        here = (found["scorer"] == scorer + space) & (found["group"] == "trained") & (found["size"] == size)
        [one] = found[here].to_dict("records")
        assert difference == gain(one), (*where, scorer)
        assert verdict == one["verdict"], (*where, scorer)
