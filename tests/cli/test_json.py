"""`--json` prints one document and nothing else, with what the command is about."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import pandas as pd
import pytest

from bench.analysis.comparison import COLUMNS, compare
from bench.analysis.results import load
from bench.analysis.tables import COLUMNS as BOARD
from bench.analysis.verdicts.budget import COLUMNS as LADDER
from bench.analysis.verdicts.slopes import COLUMNS as SLOPES
from bench.cli import documents, main
from bench.data.languages import Languages
from bench.execution.progress_file import ProgressFile, Working
from bench.experiment.plan import make_plan
from bench.experiment.selection import Selection
from methods import registry
from tests.analysis.test_comparison import IDS, noisy
from tests.analysis.verdicts.test_budget import step
from tests.cli.test_streams import run
from tests.made_up import cell, failure, plan
from tests.own_data import collection


@pytest.fixture
def folder(tmp_path):
    made = plan(tmp_path / "results" / "made-up", [*IDS, "optical@4#0", "contrastive@4#0"])
    for name in IDS:
        cell(made, name, noisy)
    failure(made, "optical@4#0", "ValueError: loss is NaN")
    return made


@pytest.fixture
def document(monkeypatch, capsys):
    """A command's document; standard error must be empty, and the exit status the one given."""

    def ask(*arguments, status=0):
        monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert (ended.value.code or 0, err) == (status, ""), (out, err)
        return json.loads(out)

    return ask


def test_a_plan(document, tmp_path) -> None:
    chosen = ("--methods", "untrained,contrastive(form=dense)", "--sizes", "5,20")
    found = document("plan", "--profile", "default", "--results", tmp_path, *chosen)
    made = make_plan("default", tmp_path, Selection(("untrained", "contrastive(form=dense)"), ("5", "20")))
    assert [(one["cell"], one["key"], one["state"]) for one in found["cells"]] == [(s.id, s.key, "missing") for s in made.specs]
    assert found["to_run"] == len(made.specs) == found["states"]["missing"] and found["seconds"] == made.seconds(made.specs)
    assert found["orders"]["low"] == Languages.load().orders["low"] and len(found["guard"]) == 10
    assert found["cells"][0]["pairs"] is None and found["cells"][1]["pairs"] > 0 and not found["cells"][0]["measured"]


def test_a_plan_has_no_pairs_for_what_is_not_bound_to_them(document, tmp_path) -> None:
    given = ("--set", "training.pairs=3000",
             "--set", 'grid.methods=[untrained, nmt, "nmt(epochs=3,pairs=all)", "lexical(lexicon=gatitos)"]')  # fmt: skip
    found = document("plan", "--profile", "default", "--results", tmp_path, "--sizes", "5", *given)
    pairs = {one["method"]: one["pairs"] for one in found["cells"] if one["size"]}
    assert pairs == {"nmt": 3000, "nmt(epochs=3,pairs=all)": None, "lexical(lexicon=gatitos)": None}


def test_methods_and_languages(document) -> None:
    everything = document("methods")
    assert [one["name"] for one in everything["methods"]] == registry.names() and everything["failures"] == {}
    [one] = document("methods", "contrastive")["methods"]
    assert one["params"]["temperature"]["default"] == 0.05 and one["kind"] == "distil" and one["trained"]
    found = document("languages", "Swahili", "guard")
    assert len(found["languages"]) == 11 and found["languages"][0]["code"] == "swh_Latn"
    assert found["languages"][0]["iso639_1"] == "sw" and found["groups"]["guard"] == Languages.load().groups["guard"]


def test_packages_of_data(document) -> None:
    found = document("data", "list")
    assert {one["name"]: one["licence"] for one in found["packages"]}["alfanous"] == "AGPL-3.0+"
    assert "swh_Latn" in {one["name"]: one["languages"] for one in found["hubs"]}["belebele"]


def test_a_comparison_has_the_rows_of_its_csv(document, folder, tmp_path) -> None:
    where = ("--profile", folder, "--csv", tmp_path / "rows.csv")
    found = document("compare", "optical", "contrastive", *where)
    expected = compare(load(folder), "optical", "contrastive")
    assert tuple(found["rows"][0]) == COLUMNS and found["notes"] == list(expected.notes) and "optical" in found["sentence"]
    assert found["remark"] == "" and "translates" in documents.comparison(replace(expected, second="nmt"))["remark"]
    differences = [row["difference"] for row in found["rows"]]
    assert differences == pytest.approx(pd.read_csv(tmp_path / "rows.csv")["difference"].tolist(), abs=1e-6)
    slopes = document("compare", "optical", "contrastive", "--slopes", *where)
    assert set(slopes["notes"]) == set(found["notes"]) and slopes["mixed"] == found["mixed"] == []
    assert "slopes" in slopes["sentence"] and slopes["remark"] == ""
    assert tuple(slopes["rows"][0]) == SLOPES and len(slopes["rows"]) == len(pd.read_csv(tmp_path / "rows.csv"))


def test_a_leaderboard(document, folder) -> None:
    found = document("leaderboard", "--profile", folder)
    board = pd.read_csv(folder / "leaderboard.csv")
    assert tuple(found["rows"][0]) == BOARD and len(found["rows"]) == len(board)
    ranked = board["rank"].notna().to_numpy().nonzero()[0][0]
    assert found["rows"][ranked]["rank"] == int(board["rank"][ranked]) and isinstance(found["rows"][ranked]["rank"], int)
    assert None in [row["rank"] for row in found["rows"]], "what is missing is null"
    assert found["states"] == {"done": len(IDS), "failed": 1, "missing": 1}
    scaled = document("scaling", "--profile", folder)
    assert len(scaled["scaling"]) == len(pd.read_csv(folder / "scaling.csv")) > 0
    assert document("agreement", "--profile", folder)["rows"] is not None


def test_a_ladder_of_budgets(document, tmp_path) -> None:
    steps = [step(tmp_path / "more", 6000, 0.3).path, step(tmp_path / "few", 1500, 0.1).path]
    found = document("budget", *steps, "--out", tmp_path / "out")
    expected = pd.read_csv(tmp_path / "out" / "budget.csv")
    assert set(found) == {"size", "group", "rows"} and (found["size"], found["group"]) == (3, "trained")
    assert tuple(found["rows"][0]) == LADDER == tuple(expected.columns) and len(found["rows"]) == len(expected)
    assert [row["difference"] for row in found["rows"]] == pytest.approx(expected["difference"].tolist())
    assert {row["pairs"] for row in found["rows"]} == {1500, 6000} and isinstance(found["rows"][0]["pairs"], int)
    smaller = document("budget", *steps, "--size", 2, "--group", "held-out", "--out", tmp_path / "out")
    assert (smaller["size"], smaller["group"]) == (2, "held-out") and {row["size"] for row in smaller["rows"]} == {2}


def test_the_state_of_a_run(document, folder) -> None:
    found = document("watch", "--profile", folder)
    assert found["run"] is None and [one["cell"] for one in found["cells"]][: len(IDS)] == list(IDS)
    assert {one["cell"]: one["state"] for one in found["cells"]}["optical@4#0"] == "failed"
    working = {"contrastive@4#0": Working(time.time(), "train", 0.25, (0.9, 0.5))}
    ProgressFile(folder).write(working, ["optical@4#0"], 60.0, now=True)
    found = document("watch", "--profile", folder)
    assert found["run"]["left"] == 60 and found["run"]["working"]["contrastive@4#0"]["fraction"] == 0.25
    assert found["cells"][-1]["state"] == "working" and found["cells"][-1]["dev_loss"] == [0.9, 0.5]


def test_data_with_and_without_errors(document, tmp_path) -> None:
    root = collection(tmp_path / "good")
    found = document("data", "check", root)
    assert found["usable"] and found["errors"] == 0
    assert found["used"]["tasks"] and found["used"]["languages"][0]["train_pairs"]
    bad = collection(tmp_path / "bad", **{"bitext/klingon.tsv": "x\ty\n"})
    found = document("data", "check", bad, status=2)
    assert not found["usable"] and found["used"] is None
    assert [one["file"] for one in found["problems"] if one["level"] == "error"] == ["bitext/klingon.tsv"]


def test_the_checks_of_a_method(document) -> None:
    found = document("check-method", "contrastive")
    assert found["passed"] and len(found["checks"]) > 3 and all(one["passed"] for one in found["checks"])


def test_a_mistake_leaves_standard_output_empty(monkeypatch, capsys, folder) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "compare", "optcal", "contrastive", "--profile", str(folder), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert ended.value.code == 2 and out == "" and "did you mean 'optical'" in err


def test_every_encoding_gets_json(tmp_path) -> None:
    root = collection(tmp_path / "ድመት😀", **{"bitext/ድመት😀.tsv": "x\ty\n"})
    done = run("data", "check", root, "--json", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 2 and done.stderr == b""
    assert "ድመት😀.tsv" in json.loads(done.stdout.decode("ascii"))["problems"][0]["file"]
