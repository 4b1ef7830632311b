import csv
import errno
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from rich.console import Console

from bench.base.errors import BenchError
from bench.data import text_facts
from bench.execution import runs
from bench.execution.inprocess import InProcess
from bench.experiment.plan import make_plan
from bench.experiment.selection import Selection
from tests.execution.waiting import until

PREPARE = "tests.execution.fake_cells:prepare"
SMALL = Path(__file__).parents[1] / "profiles" / "small.yaml"
CHANGES = ["data.guard=null"]


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Sets how a cell behaves: fake("optical@1#0", "raise")."""
    folder = tmp_path / "fake"
    folder.mkdir()
    monkeypatch.setenv("FAKE_DIR", str(folder))
    return lambda cell, how: (folder / cell).write_text(how)


@pytest.fixture
def tables(monkeypatch):
    """A leaderboard of one line a cell, without the cost of the real one."""
    import bench

    class Leaderboard:
        PHASES: ClassVar = {"tables": 1.0}

        @staticmethod
        def write(folder: Path) -> str:
            lines = sorted(f"{p.parent.name}: {p.read_text().strip()}" for p in folder.glob("cells/*/metrics.csv"))
            (folder / "leaderboard.md").write_text("\n".join(lines))
            return "\n".join(lines)

    monkeypatch.setitem(sys.modules, "bench.output.tables.leaderboard", Leaderboard)
    monkeypatch.setattr(bench, "leaderboard", Leaderboard, raising=False)


def go(results: Path, *changes: str, runner: str = "tests.execution.fake_cells:run_cell", prepare: str | None = None, **options):
    """Exit status and output of a run; in this process, unless it has something to prepare."""
    selection = options.pop("selection", Selection())
    plan = make_plan(str(SMALL), results, selection, [*CHANGES, *changes])
    text = io.StringIO()
    executor = None if prepare else InProcess(plan.store, runner)
    status = runs.run(plan, Console(file=text, width=100), runner, prepare, executor=executor, **options)
    return status, text.getvalue()


def ran(folder: Path) -> list[str]:
    return sorted(path.name.split()[1] for path in folder.glob("ran *"))


def test_a_run_does_what_is_missing_and_a_second_one_nothing(tmp_path, fake, tables):
    status, text = go(tmp_path, prepare=PREPARE)
    assert status == 0
    assert len(ran(tmp_path / "fake")) == 5 and len(list((tmp_path / "fake").glob("prepared *"))) == 1
    assert "order list-c964e822 (3 languages): swh_Latn amh_Ethi hau_Latn" in text
    assert "[5/5] optical@2#0 done:" in text and "12.0 pairs/s" in text and "train 1 s, evaluate 2 s" in text
    table = (tmp_path / "small" / "leaderboard.md").read_text()
    assert table in text and len(table.splitlines()) == 5

    [record] = json.loads((tmp_path / "small" / "runs.json").read_text())
    assert record["cells"] == {"run": 5, "failed": 0, "kept": 0, "largest_mb": record["cells"]["largest_mb"]}
    assert record["seconds"] > 0 and record["cells"]["largest_mb"] > 0

    status, text = go(tmp_path, prepare=PREPARE)
    assert status == 0 and "nothing to run: all 5 cells have a result" in text and table in text
    assert len(json.loads((tmp_path / "small" / "runs.json").read_text())) == 1  # a run that did nothing is none
    assert len(ran(tmp_path / "fake")) == 5 and len(list((tmp_path / "fake").glob("prepared *"))) == 1


def test_nothing_is_prepared_for_methods_that_are_done(tmp_path, fake, tables):
    go(tmp_path, prepare=PREPARE, selection=Selection(methods=("optical",)))
    [first] = (tmp_path / "fake").glob("prepared *")
    assert first.read_text() == "optical"
    first.unlink()
    go(tmp_path, prepare=PREPARE)
    [second] = (tmp_path / "fake").glob("prepared *")
    assert second.read_text() == "untrained contrastive"


def test_what_the_tokenizer_makes_of_languages_is_kept_with_the_results(tmp_path, fake, tables):
    status, _ = go(tmp_path, prepare="tests.execution.fake_cells:prepare_texts")
    assert status == 0
    assert (tmp_path / "small" / "texts.csv").read_text() == (
        "language,fertility,token_premium,unknown_rate\nswh_Latn,2.0000,,0.0000\n"
    )
    # A later run over other languages adds to them.
    text_facts.add(tmp_path / "small", [{"language": "hau_Latn", "fertility": 3.0, "token_premium": 1.0, "unknown_rate": 0.5}])
    found = text_facts.read(tmp_path / "small")
    assert found["swh_Latn"] == {"fertility": 2.0, "unknown_rate": 0.0} and found["hau_Latn"]["unknown_rate"] == 0.5


def test_a_failed_cell_shows_in_the_exit_status_and_is_tried_again(tmp_path, fake, tables):
    fake("contrastive@1#0", "raise")
    status, text = go(tmp_path)
    assert status == 1 and "contrastive@1#0 FAILED: ValueError: the loss is NaN" in text
    assert "cells/contrastive@1#0/error.txt" in text and "4 cells run, 1 failed" in text
    assert len(ran(tmp_path / "fake")) == 5

    status, _ = go(tmp_path, retry_failed=False)
    assert status == 1 and len(ran(tmp_path / "fake")) == 5
    fake("contrastive@1#0", "")
    status, _ = go(tmp_path)
    assert status == 0 and len(ran(tmp_path / "fake")) == 6


def test_a_failure_outside_of_the_selection_does_not_count(tmp_path, fake, tables):
    fake("contrastive@1#0", "raise")
    go(tmp_path)
    assert go(tmp_path, selection=Selection(methods=("optical",)))[0] == 0


def test_changed_settings_are_named_and_old_results_kept(tmp_path, fake, tables):
    go(tmp_path)
    status, text = go(tmp_path, "training.pairs=7")
    assert status == 0 and "4 stale: training.pairs: 256 -> 7" in text
    assert len(ran(tmp_path / "fake")) == 9, "the floor does not depend on training"
    assert len(list((tmp_path / "small" / "replaced").iterdir())) == 4


def test_a_preparation_that_fails_is_one_message_and_runs_no_cell(tmp_path, fake, tables):
    fake("prepare", "bench error")
    with pytest.raises(BenchError, match="no training bitext"):
        go(tmp_path, prepare=PREPARE)
    with pytest.raises(BenchError, match="KeyError") as caught:
        go(tmp_path, prepare="tests.execution.fake_cells:broken_prepare")
    assert "Traceback" in caught.value.hint, "a bug must stay findable"
    for how in ("cache full", "library says full"):
        fake("prepare", how)
        with pytest.raises(BenchError, match="the disk that holds .* is full") as caught:
            go(tmp_path, prepare=PREPARE)
        assert "make room" in caught.value.hint and "Traceback" not in str(caught.value)
    assert ran(tmp_path / "fake") == []


def test_tables_that_find_the_disk_full_are_one_message_and_the_same_command_goes_on(tmp_path, fake, tables, monkeypatch):
    def full(folder: Path) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / "scaling.png"))

    with monkeypatch.context() as now:
        now.setattr(sys.modules["bench.output.tables.leaderboard"], "write", full)
        with pytest.raises(BenchError, match=r"the disk that holds .*scaling\.png is full"):
            go(tmp_path)
    status, said = go(tmp_path)
    assert status == 0 and "nothing to run" in said and (tmp_path / "small/leaderboard.md").exists()


def test_the_description_grows_with_what_was_asked_for(tmp_path, fake, tables):
    def described():
        return yaml.safe_load((tmp_path / "small" / "profile.yaml").read_text())

    go(tmp_path, selection=Selection(methods=("optical",), sizes=("2",)))
    assert described()["resolved"]["cells"] == ["optical@2#0"]
    go(tmp_path, selection=Selection(methods=("untrained",), languages=("yo", "am")))
    found = described()["resolved"]
    listed = next(name for name in found["orders"] if name != "list-c964e822")
    assert found["cells"] == ["optical@2#0", f"untrained@0#0~{listed}"]
    assert found["orders"] == {"list-c964e822": ["swh_Latn", "amh_Ethi", "hau_Latn"], listed: ["yor_Latn", "amh_Ethi"]}
    assert next(iter(found["orders"])) == "list-c964e822", "the experiment's own order is the first"
    go(tmp_path)
    found = described()
    assert found["resolved"]["cells"][:2] == ["untrained@0#0", "contrastive@1#0"]
    assert found["resolved"]["cells"][-1] == f"untrained@0#0~{listed}"
    assert set(found["resolved"]["keys"]) == set(found["resolved"]["cells"])
    assert found["training"]["pairs"] == 256
    # The file is a profile: it can be run, and there is nothing left to do.
    plan = make_plan(str(tmp_path / "small" / "profile.yaml"), tmp_path)
    assert plan.to_run() == []


def test_a_description_from_a_damaged_file_starts_anew(tmp_path, fake, tables):
    go(tmp_path)
    (tmp_path / "small" / "profile.yaml").write_text("resolved: [")
    assert go(tmp_path)[0] == 0


SCRIPT = """
import sys
from pathlib import Path
from rich.console import Console
from bench.execution import runs
from bench.experiment.plan import make_plan
plan = make_plan(sys.argv[2], Path(sys.argv[1]), changes=sys.argv[3:])
runs._tables = lambda plan, console: None
sys.exit(runs.run(plan, Console(), "tests.execution.fake_cells:run_cell", "tests.execution.fake_cells:prepare"))
"""


def start(results: Path, *changes: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(results), str(SMALL), *CHANGES, *changes],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        # A shell starts background jobs with SIGINT ignored, and children inherit that: here it must count.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def contents(folder: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in folder.glob("small/cells/*/metrics.csv")}


def test_kill_at_any_moment_and_run_again_gives_the_same_table(tmp_path, fake, tables):
    go(tmp_path / "whole")
    killed = tmp_path / "killed"
    for moment in ("contrastive@1#0", "optical@2#0"):
        fake(moment, "wait 60")
        process = start(killed)
        until(lambda: list(killed.glob(f"small/cells/.{moment}.*/half")))  # noqa: B023
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert moment not in contents(killed)
        fake(moment, "")
    before = len(ran(tmp_path / "fake"))
    status, _ = go(killed)
    assert status == 0
    assert contents(killed) == contents(tmp_path / "whole")
    assert len(ran(tmp_path / "fake")) == before + 1, "only the cell that was killed is run again"
    assert not list(killed.glob("small/cells/.*"))


def test_ctrl_c_keeps_finished_cells_and_says_so(tmp_path, fake):
    fake("contrastive@1#0", "wait 60")
    process = start(tmp_path)
    until(lambda: list(tmp_path.glob("small/cells/.contrastive@1#0.*/half")))
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: 1 of 5 cells are done and kept" in text and "Traceback" not in text
    assert list(contents(tmp_path)) == ["untrained@0#0"] and not list(tmp_path.glob("small/cells/.*"))
    [record] = json.loads((tmp_path / "small" / "runs.json").read_text())
    assert record["cells"]["run"] == 1


def test_a_second_run_on_the_folder_is_refused(tmp_path, fake, tables):
    fake("contrastive@1#0", "wait 60")
    process = start(tmp_path)
    try:
        until(lambda: list(tmp_path.glob("small/cells/.contrastive@1#0.*/half")))
        with pytest.raises(BenchError, match=f"another bench run .process {process.pid}"):
            go(tmp_path)
        assert list(tmp_path.glob("small/cells/.contrastive@1#0.*/half")), "the first run is not disturbed"
    finally:
        process.kill()
        process.wait()


def test_tables_are_made_from_a_run(tmp_path, fake):
    """With the real leaderboard: what a run stores is what tables need."""
    status, text = go(tmp_path, "grid.methods=[untrained, english, optical]", runner="tests.execution.fake_cells:run_tables")
    assert status == 0
    with (tmp_path / "small" / "leaderboard.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["method"] for row in rows} == {"untrained", "english", "optical"}
    assert "optical" in text

    # Everything is there now: the command itself finds nothing to do, without loading torch.
    code = "import sys, bench.cli as c\ntry: c.main()\nfinally: print('HEAVY', 'torch' in sys.modules)"
    changes = [f"--set={change}" for change in (*CHANGES, "grid.methods=[untrained, english, optical]")]
    again = subprocess.run(
        [sys.executable, "-c", code, "run", f"--profile={SMALL}", f"--results={tmp_path}", *changes],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "nothing to run: all 4 cells have a result" in again.stdout and "HEAVY False" in again.stdout
    assert not list((tmp_path / "fake").glob("prepared *"))
