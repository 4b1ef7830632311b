import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

import bench
from bench import Experiment
from bench.analysis.comparison import COLUMNS, compare
from bench.analysis.results import MEASURES, load
from bench.analysis.tables import COLUMNS as BOARD
from bench.analysis.verdicts.slopes import COLUMNS as SLOPES
from bench.base.errors import BenchError
from bench.base.paths import REPOSITORY
from bench.cli import app
from bench.cli.experiment import PLANNED, SCORES
from bench.execution import runs
from bench.output.plots import PALETTE
from bench.output.publish.write import publish
from bench.output.tables.comparison_text import text as comparison_text
from methods.facts import facts
from tests.analysis.test_comparison import IDS, noisy
from tests.made_up import GUARD, LOW, QUESTIONS, TASKS, cell, failure, plan

SMALL = REPOSITORY / "tests" / "profiles" / "small.yaml"
SETTINGS = {"data.guard": None}
HEAVY = ("torch", "transformers", "pandas", "numpy", "typer", "matplotlib")


@pytest.fixture
def folder(tmp_path):
    made = plan(tmp_path / "results" / "made-up", [*IDS, "optical@4#0", "contrastive@4#0"])
    for name in IDS:
        cell(made, name, noisy)
    failure(made, "optical@4#0", "ValueError: loss is NaN")
    return made


def test_importing_the_package_loads_nothing():
    code = f"import bench, sys; bench.Experiment if len(sys.argv) > 1 else 0; print([n for n in {HEAVY!r} if n in sys.modules])"
    for extra, allowed in (([], "[]"), (["x"], "['typer']")):
        done = subprocess.run([sys.executable, "-c", code, *extra], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == allowed, done.stdout
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        bench.nothing_of_the_kind  # noqa: B018


def test_scores_have_one_row_a_cell_scorer_task_language_and_measure(folder):
    scores = Experiment(folder).scores()
    assert tuple(scores.columns) == SCORES
    scored = sum(len(facts(name.split("@")[0]).scorers) for name in IDS)
    assert len(scores) == scored * sum(map(len, TASKS.values())) * len(MEASURES)
    keys = [name for name in SCORES if name not in ("queries", "score")]
    assert not scores.duplicated(keys).any()
    where = {"method": "optical", "size": 3, "seed": 1, "scorer": "late", "task": "faq", "language": LOW[1], "measure": "ndcg@10"}
    found = scores[(scores[list(where)] == pd.Series(where)).all(axis=1)]
    expected = sum(noisy("optical@3#1", "faq", "late", LOW[1])) / QUESTIONS
    assert found["score"].tolist() == pytest.approx([expected], abs=1e-6) and found["queries"].tolist() == [QUESTIONS]


def test_questions_average_to_scores(folder):
    own = Experiment(folder)
    asked, scores = own.per_query(), own.scores()
    place = ["method", "size", "seed", "scorer", "task", "language"]
    means = asked.groupby(place)["ndcg@10"].mean()
    stated = scores[scores["measure"] == "ndcg@10"].set_index(place)["score"]
    assert (means - stated.reindex(means.index)).abs().max() < 1e-5 and len(means) == len(stated)


def test_cells_tell_what_is_there_and_what_is_not(folder):
    cells = Experiment("made-up", folder.parent).cells().set_index("cell")
    assert cells["state"].value_counts().to_dict() == {"done": len(IDS), "failed": 1, "missing": 1}
    assert cells.loc["optical@4#0", "reason"] == "ValueError: loss is NaN" and cells.loc["optical@3#2", "seconds"] == 60


def test_leaderboard_and_comparison_are_those_of_the_commands(folder):
    own = Experiment(folder)
    board = own.leaderboard()
    assert tuple(board.columns[: len(BOARD)]) == BOARD and {"optical", "untrained"} <= set(board["method"])
    rows = own.compare("optical", "contrastive", scorers="dense", groups=["trained"], sizes=3)
    expected = compare(load(folder), "optical", "contrastive", (3,), ("dense",), (), ("trained",))
    pd.testing.assert_frame_equal(rows, expected.rows.reset_index(drop=True))
    assert tuple(rows.columns) == COLUMNS and rows["size"].tolist() == ["3"] and rows.attrs["notes"] == list(expected.notes)
    assert len(own.compare("optical", "contrastive", over_sizes=True)) < len(own.compare("optical", "contrastive"))
    slopes = own.slopes("optical", "contrastive", scorers="dense")
    assert tuple(slopes.columns) == SLOPES and set(slopes["scorer"]) == {"dense"}


def test_mistakes_are_told(folder, tmp_path):
    with pytest.raises(BenchError, match="did you mean 'optical'"):
        Experiment(folder).compare("optcal", "contrastive")
    with pytest.raises(BenchError, match="holds no experiment"):
        Experiment(tmp_path / "nothing").scores()
    with pytest.raises(BenchError, match="holds no finished cell"):
        Experiment(plan(tmp_path / "empty", IDS)).scores()
    with pytest.raises(BenchError, match="unknown option 'size': did you mean 'sizes'"):
        Experiment(tmp_path / "small").plan(SMALL, size=2)
    with pytest.raises(BenchError, match="holds no profile yet"):
        Experiment(tmp_path / "small").plan()
    with pytest.raises(BenchError, match=r"experiment 'small', and this is .*other\n.*Experiment"):
        Experiment(tmp_path / "other").plan(SMALL, set=SETTINGS)


def test_results_are_read_once_until_told(folder):
    own = Experiment(folder)
    before = len(own.scores())
    cell(folder, "contrastive@4#0", noisy)
    assert len(own.scores()) == before < len(own.reload().scores())


def test_a_plan_has_the_keys_of_the_command_line(tmp_path):
    from bench.experiment.plan import make_plan
    from bench.experiment.selection import Selection

    changes = {**SETTINGS, "training.pairs": 128}
    found = Experiment(tmp_path / "small").plan(SMALL, methods=["untrained", "optical"], sizes=2, set=changes)
    made = make_plan(str(SMALL), tmp_path, Selection(("untrained", "optical"), ("2",)), ["data.guard=null", "training.pairs=128"])
    assert tuple(found.columns) == PLANNED
    assert found["key"].tolist() == [spec.key for spec in made.specs] and set(found["state"]) == {"missing"}
    assert found["cell"].tolist() == ["untrained@0#0", "optical@2#0"]


def test_a_run_ends_with_results_or_says_which_cells_failed(tmp_path, monkeypatch):
    from bench.execution.inprocess import InProcess

    real = runs.run

    def quick(made, console, **options):
        runner = "tests.execution.fake_cells:run_cell"
        return real(made, console, runner, None, executor=InProcess(made.store, runner), **options)

    (tmp_path / "fake").mkdir()
    monkeypatch.setenv("FAKE_DIR", str(tmp_path / "fake"))
    monkeypatch.setattr(runs, "run", quick)
    monkeypatch.setattr(runs, "_tables", lambda *_: None)  # its fake cells hold no tables
    own = Experiment(tmp_path / "small")
    (tmp_path / "fake" / "optical@1#0").write_text("raise")
    with pytest.raises(BenchError, match=r"1 of 2 cells failed: optical@1#0"):
        own.run(SMALL, methods="untrained,optical", sizes=[1], set=SETTINGS)
    (tmp_path / "fake" / "optical@1#0").write_text("")
    assert own.run(SMALL, methods="untrained,optical", sizes=[1], set=SETTINGS) is own
    assert set(own.plan(methods="untrained,optical", sizes=[1])["state"]) == {"done"}, "the stored profile is the default"
    monkeypatch.setattr(runs, "run", lambda *_, **__: runs.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        own.run(sizes=[1])
    assert yaml.safe_load((tmp_path / "small" / "profile.yaml").read_text())["name"] == "small" and GUARD


def test_a_published_folder_is_an_experiment_too(folder, tmp_path):
    for name in ("optical@4#0", "contrastive@4#0"):
        shutil.rmtree(folder / "cells" / name, ignore_errors=True)
    publish(folder, tmp_path / "paper", partial=True)
    there, here = Experiment(tmp_path / "paper"), Experiment(folder)
    for part in ("scores", "per_query", "leaderboard"):
        pd.testing.assert_frame_equal(getattr(there, part)(), getattr(here, part)())
    pd.testing.assert_frame_equal(there.compare("optical", "contrastive"), here.compare("optical", "contrastive"))
    export = CliRunner().invoke(app, ["export", "optical@2#0", str(tmp_path / "student"), "--profile", str(tmp_path / "paper")])
    assert "is a published folder" in str(export.exception) and "bench restore" in str(export.exception)
    # Earlier versions published tables alone.
    for name in ("questions.parquet", "cells.parquet"):
        (tmp_path / "paper" / name).unlink()
    board = Experiment(tmp_path / "paper").leaderboard()
    assert tuple(board.columns) == BOARD and len(board) == len(here.leaderboard())
    assert (board["ndcg@10"] - here.leaderboard()["ndcg@10"]).abs().max() < 1e-6
    with pytest.raises(BenchError, match="holds no finished cell"):
        Experiment(tmp_path / "paper").scores()


def test_the_figure_is_the_scaling_picture(folder):
    own = Experiment(folder)
    figure = own.figure("faq", "optical")
    titles = [panel.get_title() for panel in figure.axes]
    assert any(titles) and len(figure.axes) == 2 * 4
    lines = {line.get_label(): line.get_color() for panel in figure.axes for line in panel.get_lines()}
    assert lines["optical"] in PALETTE and lines.get("contrastive", "#c4c8cc") not in PALETTE
    with pytest.raises(BenchError, match="unknown method 'optcal': did you mean 'optical'"):
        own.figure(methods=["optcal"])
    with pytest.raises(BenchError, match="unknown task 'fax'"):
        own.figure("fax")


def test_cells_of_several_machines_are_listed_and_told_of_in_a_comparison(folder):
    own = Experiment(folder)
    assert own.mixed().columns.tolist() == ["fact", "value", "cell"] and own.mixed().empty
    assert not [note for note in own.compare("optical", "contrastive").attrs["notes"] if "hardware" in note]
    for name in IDS:
        path = folder / "cells" / name / "manifest.json"
        made = "bf16-mixed" if name == "optical@3#1" else "32-true"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"precision": made}))
    found = own.reload().mixed()
    assert len(found) == len(IDS) and found["fact"].unique().tolist() == ["precision"]
    assert found.loc[found["value"] == "bf16-mixed", "cell"].tolist() == ["optical@3#1"]
    first = own.compare("optical", "contrastive").attrs["notes"][0]
    assert first.startswith("made on different hardware or software: precision: 32-true (") and "optical@3#1" in first
    assert own.slopes("optical", "contrastive").attrs["notes"][0] == first
    text = comparison_text(compare(load(folder), "optical", "contrastive"))
    assert "made on different hardware or software" in text and "- precision: 32-true" in text
