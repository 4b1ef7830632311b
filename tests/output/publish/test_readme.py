import shlex
from pathlib import Path

from bench.analysis.results import load
from bench.experiment.plan import make_plan
from bench.experiment.selection import Selection
from bench.output.publish import readme
from tests.output.publish.conftest import Made

SMALL = Path(__file__).parents[2] / "profiles" / "small.yaml"


def command_of(tmp_path: Path, **selection: tuple[str, ...]) -> list[str]:
    made = make_plan(str(SMALL), tmp_path / "results", Selection(**selection), changes=["grid.seeds=[0, 1]"])
    made.store.root.mkdir(parents=True, exist_ok=True)
    (made.store.root / "profile.yaml").write_text(made.description())
    return shlex.split(readme.command(load(made.store.root)))


def test_the_command_names_what_was_narrowed_and_nothing_else(tmp_path: Path) -> None:
    whole = ["bench", "run", "--profile", "profile.yaml"]
    assert command_of(tmp_path / "a") == whole
    narrowed = command_of(tmp_path / "b", methods=("untrained", "contrastive"), sizes=("2",), seeds=("1",))
    assert narrowed == [*whole, "--methods", "untrained,contrastive", "--sizes", "2", "--seeds", "1"]


def test_the_command_makes_the_cells_again(tmp_path: Path) -> None:
    folder = tmp_path / "results" / "small"
    command_of(tmp_path, methods=("contrastive", "optical"), sizes=("1",))
    [*_, methods, _, sizes] = shlex.split(readme.command(load(folder)))
    chosen = Selection(methods=tuple(methods.split(",")), sizes=(sizes,))
    again = make_plan(str(folder / "profile.yaml"), tmp_path / "other", chosen)
    assert {spec.id: spec.key for spec in again.specs} == dict(load(folder).plan.keys)


def test_files_are_called_what_they_are_and_commits_are_not_promised(made: Made) -> None:
    manifest = {"command": "bench run --sizes 2", "cells": [{"git": {"commit": "c0ffee"}, "versions": {"xlsd-bench": "1.2"}}]}
    text = readme.text(load(made.published), manifest, ["gain.png", "translation.csv", "odd.bin"], "")
    assert "- `gain.png`: pictures." in text and "- `odd.bin`: further files." in text
    assert "\nbench run --sizes 2\n" in text and "\nbench run --sizes 2 --results results\n" in text, "no more than was run"
    assert "- `translation.csv`: chrF and BLEU" in text
    assert "commit `c0ffee`. Commits of somebody's working copy need not be in the repository." in text


def test_it_says_how_to_check_make_and_go_on(made: Made) -> None:
    text = (made.published / "README.md").read_text(encoding="utf-8")
    back = "bench restore . --profile profile.yaml --results results"
    for line in ("bench verify .", "bench run --profile profile.yaml", back):
        assert f"\n{line}\n" in text
    listed = {path.name for path in made.published.iterdir() if path.is_file()} - {"README.md"}
    assert all(f"`{name}`" in text for name in listed) and "`runs/`" in text and "`qrels/`" in text
