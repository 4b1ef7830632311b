import getpass
import json
import math
import multiprocessing
import os
import platform
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from bench.base.errors import BenchError
from bench.base.jsonfile import to_json
from bench.base.manifest import git, hardware, now, peak_memory_mb, versions
from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from bench.experiment.spec import CellSpec
from bench.experiment.store import REQUIRED, STUDENT, Store, folder_name

LANGUAGES = Languages.load()
SMALL = Path(__file__).parents[1] / "profiles" / "small.yaml"


def spec(*changes: str) -> CellSpec:
    profile = load_profile(str(SMALL), ["grid.methods=[contrastive]", *changes])
    return cells(profile, LANGUAGES)[0]


def save(store: Store, cell: CellSpec, text: str = "content") -> Path:
    with store.writing(cell) as folder:
        for name in REQUIRED:
            (folder / name).write_text(text)
        (folder / "runs").mkdir()
        (folder / "runs" / "faq.trec.gz").write_bytes(b"run")
        store.finish(cell, folder, {"status": "done", "seconds": {"total": 1.0}})
    return store.folder(cell)


def record_failure(store: Store, cell: CellSpec) -> None:
    with store.writing(cell) as folder:
        (folder / "train.csv").write_text("step,loss\n1,nan\n")
        (folder / "metrics.csv").write_text("half")
        (folder / "runs").mkdir()
        (folder / "logs" / "csv").mkdir(parents=True)
        (folder / "logs" / "csv" / "metrics.csv").write_text("step,loss\n1,nan\n")
        store.finish_failed(cell, folder, "Traceback: it broke", {})


def test_a_cell_is_missing_then_done(tmp_path):
    store, cell = Store(tmp_path), spec()
    assert store.state(cell) == "missing"
    folder = save(store, cell)
    assert store.state(cell) == "done"
    assert CellSpec.model_validate_json((folder / "spec.json").read_text()) == cell
    manifest = store.manifest(cell)
    assert manifest["key"] == cell.key and manifest["id"] == cell.id
    assert manifest["files"]["runs/faq.trec.gz"] == 3
    assert store.manifests() == [manifest]


def test_an_exception_leaves_nothing(tmp_path):
    store, cell = Store(tmp_path), spec()
    with pytest.raises(RuntimeError), store.writing(cell) as folder:
        (folder / "metrics.csv").write_text("half")
        raise RuntimeError
    assert store.state(cell) == "missing" and list(store.cells.iterdir()) == []


def test_a_runner_that_leaves_out_a_file_is_not_done(tmp_path):
    store, cell = Store(tmp_path), spec()
    with pytest.raises(FileNotFoundError, match="ended without metrics.csv"), store.writing(cell) as folder:
        store.finish(cell, folder, {"status": "done"})
    assert store.state(cell) == "missing"


@pytest.mark.parametrize("name", [*REQUIRED, "runs/faq.trec.gz"])
def test_a_damaged_or_absent_file_is_not_done(tmp_path, name):
    store, cell = Store(tmp_path), spec()
    path = save(store, cell) / name
    path.write_bytes(path.read_bytes()[:-1])
    assert store.state(cell) == "stale"
    path.unlink()
    assert store.state(cell) == "stale"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"status": "done"}'])
def test_existence_is_not_done(tmp_path, content):
    store, cell = Store(tmp_path), spec()
    (save(store, cell) / "manifest.json").write_text(content)
    assert store.state(cell) == "stale"


def test_other_settings_make_a_cell_stale_and_say_which(tmp_path):
    store = Store(tmp_path)
    save(store, spec())
    other = spec("training.pairs=7", "evaluation.run_depth=200")
    assert other.id == spec().id
    assert store.state(other) == "stale"
    assert store.changes(other) == ["training.pairs: 256 -> 7", "evaluation.run_depth: 100 -> 200"]


def test_finished_results_of_other_settings_are_kept_when_replaced(tmp_path):
    store, old, new = Store(tmp_path), spec(), spec("training.pairs=7")
    save(store, old, "old")
    save(store, new, "new")
    assert store.state(new) == "done" and store.state(old) == "stale"
    kept = [path for path in (tmp_path / "replaced").iterdir()]
    assert len(kept) == 1 and (kept[0] / "metrics.csv").read_text() == "old"
    # Going back takes them from nowhere but a new run; copying the folder back is enough.
    shutil.rmtree(store.folder(new))
    shutil.copytree(kept[0], store.folder(old))
    assert store.state(old) == "done"


def test_results_merge_by_copying(tmp_path):
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    cell = spec()
    save(there, cell)
    shutil.copytree(there.cells, here.cells)
    assert here.state(cell) == "done"


def test_a_failure_is_recorded_with_what_explains_it_and_nothing_else(tmp_path):
    store, cell = Store(tmp_path), spec()
    record_failure(store, cell)
    assert store.state(cell) == "failed"
    assert (store.folder(cell) / "error.txt").read_text() == "Traceback: it broke"
    kept = {path.name for path in store.folder(cell).iterdir()}
    assert kept == {"error.txt", "train.csv", "logs", "spec.json", "manifest.json"}
    save(store, cell)  # a later success takes its place
    assert store.state(cell) == "done" and not (store.folder(cell) / "error.txt").exists()


def test_failing_with_new_settings_does_not_lose_the_old_result(tmp_path):
    store = Store(tmp_path)
    save(store, spec(), "old")
    record_failure(store, spec("training.pairs=7"))
    assert [(p / "metrics.csv").read_text() for p in (tmp_path / "replaced").iterdir()] == ["old"]


def test_a_student_that_is_asked_for_and_not_there_is_computed_again(tmp_path):
    store, cell = Store(tmp_path), spec()
    save(store, cell)
    asked = cell.model_copy(update={"keep_student": True})
    assert asked.key == cell.key
    assert store.state(asked) == "stale" and store.changes(asked) == ["their students are not stored"]
    # Should that fail, what was there is not lost.
    record_failure(store, asked)
    assert store.state(cell) == "failed" and [(p / "metrics.csv").exists() for p in (tmp_path / "replaced").iterdir()] == [True]
    with store.writing(asked) as folder:
        for name in (*REQUIRED, STUDENT):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text("x")
        store.finish(asked, folder, {"status": "done"})
    assert store.state(asked) == store.state(cell) == "done"


def test_folder_names_are_distinct_and_fit_the_file_system():
    assert folder_name("contrastive(form=dense)@5#0~mixed") == "contrastive(form=dense)@5#0~mixed"
    assert "/" not in folder_name("my/file.py:Class@5#0")
    long = [folder_name("m(" + "x" * 300 + end + ")@5#0") for end in "ab"]
    assert long[0] != long[1] and all(len(name) < 230 for name in long)


def hold(root: Path, ready, until) -> None:
    with Store(root).lock():
        ready.set()
        until.wait(30)


def test_the_second_run_on_a_folder_gets_one_message_and_a_dead_one_holds_nothing(tmp_path):
    context = multiprocessing.get_context("fork")
    ready, until = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path, ready, until))
    process.start()
    assert ready.wait(30)
    with pytest.raises(BenchError, match=rf"another bench run \(process {process.pid}, since") as caught, Store(tmp_path).lock():
        pass
    assert "--results" in caught.value.hint
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with Store(tmp_path).lock():
        pass


def test_taking_the_lock_clears_what_a_killed_run_left(tmp_path):
    store, cell = Store(tmp_path), spec()
    left = store.scratch(cell)
    (left / "metrics.csv").write_text("half")
    save(store, cell)
    half = tmp_path / ".leaderboard.csv.0123abcd.tmp"
    half.write_text("half a table")
    (own := tmp_path / ".notes.tmp").write_text("not of this program")
    with store.lock():
        assert [path.name for path in store.cells.iterdir()] == [folder_name(cell.id)]
    assert store.state(cell) == "done" and own.exists() and not half.exists()


def test_what_a_cell_would_go_on_from_goes_with_the_cell(tmp_path):
    store, cell, other = Store(tmp_path), spec(), spec("training.pairs=7")
    for one in (cell, other):
        store.unfinished(one).mkdir(parents=True)
    old = store.unfinished(cell).with_name(f"{cell.key[:32]}-12345678")  # of other versions of the libraries
    old.mkdir()
    store.settle_all([cell])
    assert not old.exists() and not store.unfinished(cell).exists() and store.unfinished(other).exists()
    store.settle_all([other])
    assert not store.unfinished(other).parent.exists()
    store.settle_all([cell])  # nothing there


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot write to"), Store(tmp_path / "file" / "x").lock():
        pass


def test_manifest_json_is_valid_whatever_is_in_it():
    content = {"a": math.nan, "b": np.float32(1.5), "c": np.array([1, 2]), "d": (Path("x"), None, True), "e": {1: math.inf}}
    assert json.loads(to_json(content)) == {"a": None, "b": 1.5, "c": [1, 2], "d": ["x", None, True], "e": {"1": None}}


def test_a_manifest_says_what_was_used_but_not_where():
    found = {"versions": versions(), "git": git(), "hardware": hardware(), "memory": peak_memory_mb(), "at": now()}
    assert found["versions"]["python"] == platform.python_version() and "torch" in found["versions"]
    assert found["hardware"]["cores"] >= 1 and found["hardware"]["memory_gb"] >= 1 and found["memory"] > 10
    text = to_json(found)
    assert str(Path.home()) not in text and str(Path.cwd()) not in text
    if platform.node() not in ("", "localhost"):
        assert platform.node() not in text
    assert f"/{getpass.getuser()}" not in text
