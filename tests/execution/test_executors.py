import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.execution.base import Failed, Finished, Progress, Started
from bench.execution.inprocess import InProcess
from bench.execution.local import LIBRARIES, LocalProcesses, call_in_child, nursery_of
from bench.execution.processes.nursery import Nursery
from bench.execution.processes.worker import DEAF
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from bench.experiment.store import Store
from tests.execution.waiting import alive, until

RUNNER, WATCHED = "tests.execution.fake_cells:run_cell", "tests.execution.fake_cells:run_watched"
SMALL = Path(__file__).parents[1] / "profiles" / "small.yaml"
PROFILE = load_profile(str(SMALL), ["grid.sizes=[2]", "data.guard=null"])
SPECS = cells(PROFILE, Languages.load(), threads=1)
UNTRAINED, CONTRASTIVE, OPTICAL = SPECS


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Sets how a cell behaves: fake(cell, "raise")."""
    folder = tmp_path / "fake"
    folder.mkdir()
    monkeypatch.setenv("FAKE_DIR", str(folder))
    return lambda cell, how: (folder / getattr(cell, "id", cell)).write_text(how)


@pytest.fixture(params=["started", "copied"])
def nursery(request):
    """Where worker processes come from."""
    with Nursery(["tests.execution.fake_cells"] if request.param == "copied" else ()) as found:
        yield found


@pytest.fixture(params=["inprocess", "started", "copied"])
def executor(request, store):
    with Nursery(["tests.execution.fake_cells"] if request.param == "copied" else ()) as nursery:
        yield InProcess(store, RUNNER) if request.param == "inprocess" else LocalProcesses(store, 1, RUNNER, nursery)


def ends(events):
    return {event.id: event for event in events if isinstance(event, Finished | Failed)}


def test_cells_run_in_order_and_land_in_the_store(executor, store):
    events = list(executor.run(SPECS))
    assert [event.id for event in events if isinstance(event, Started)] == [spec.id for spec in SPECS]
    assert {store.state(spec) for spec in SPECS} == {"done"}
    manifest = ends(events)[CONTRASTIVE.id].manifest
    assert manifest == store.manifest(CONTRASTIVE)
    assert manifest["status"] == "done" and manifest["pairs_seen"] == 12
    assert set(manifest["seconds"]) == {"train", "evaluate", "total"}
    assert {"versions", "git", "hardware", "threads", "precision", "peak_memory_mb", "started", "finished"} <= set(manifest)
    phases = [event.phase for event in events if isinstance(event, Progress) and event.id == OPTICAL.id]
    assert phases == ["train", "evaluate"]


def test_losses_on_dev_pairs_are_told_at_once(store, nursery):
    for executor in (InProcess(store, WATCHED), LocalProcesses(store, 1, WATCHED, nursery)):
        events = [event for event in executor.run([OPTICAL]) if isinstance(event, Progress)]
        assert [event.dev_loss for event in events if event.dev_loss is not None] == [0.75, 0.5, 0.25]


def test_a_failing_cell_is_recorded_and_the_others_go_on(executor, store, fake):
    fake(CONTRASTIVE, "raise")
    found = ends(executor.run(SPECS))
    assert [type(found[spec.id]) for spec in SPECS] == [Finished, Failed, Finished]
    assert found[CONTRASTIVE.id].reason == "ValueError: the loss is NaN"
    assert store.state(CONTRASTIVE) == "failed"
    error = (store.folder(CONTRASTIVE) / "error.txt").read_text()
    assert "Traceback" in error and "fake_cells.py" in error and "the loss is NaN" in error
    assert (store.folder(CONTRASTIVE) / "train.csv").exists()


def test_a_message_for_people_stays_one(executor, store, fake):
    fake(OPTICAL, "bench error")
    assert ends(executor.run([OPTICAL]))[OPTICAL.id].reason == "no training bitext for xyz"
    assert (store.folder(OPTICAL) / "error.txt").read_text().startswith("no training bitext for xyz\n  leave it out\n")


def test_a_runner_that_does_not_exist_fails_its_cells(store, nursery):
    found = ends(LocalProcesses(store, 1, "no_such_module:run", nursery).run([OPTICAL]))
    assert "no_such_module" in found[OPTICAL.id].reason


@pytest.mark.parametrize(("how", "place"), [
    ("disk full", "{root}"), ("cache full", "/caches/states"), ("library says full", "{root}"),
])  # fmt: skip
def test_a_full_disk_ends_the_run_with_one_message(executor, store, fake, how, place):
    fake(CONTRASTIVE, how)
    said = re.escape(f"the disk that holds {place.format(root=store.root)} is full")
    with pytest.raises(BenchError, match=said) as caught, closing(executor.run(SPECS)) as events:
        list(events)
    assert "finished cells are kept" in caught.value.hint
    assert [store.state(spec) for spec in SPECS] == ["done", "missing", "missing"]


@pytest.mark.parametrize(("how", "expected"), [("kill", "SIGKILL"), ("exit", "status 3"), ("child holds channel", "SIGKILL")])
def test_a_process_that_dies_fails_its_cell_alone(store, nursery, fake, how, expected):
    fake(CONTRASTIVE, how)
    found = ends(LocalProcesses(store, 2, RUNNER, nursery).run(SPECS))
    assert [type(found[spec.id]) for spec in SPECS] == [Finished, Failed, Finished]
    assert store.state(CONTRASTIVE) == "failed"
    assert expected in found[CONTRASTIVE.id].reason
    if how == "kill":
        assert "memory" in found[CONTRASTIVE.id].reason
        assert "about to die" in (store.folder(CONTRASTIVE) / "error.txt").read_text()
    assert not list(store.cells.glob(".*"))


def test_what_a_cell_prints_does_not_disturb(store, nursery, fake, capfd):
    fake(OPTICAL, "noise")
    assert isinstance(ends(LocalProcesses(store, 1, RUNNER, nursery).run([OPTICAL]))[OPTICAL.id], Finished)
    assert store.state(OPTICAL) == "done"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("modules", [(), ("tests.execution.fake_cells",)])
def test_threads_are_pinned_before_anything_is_imported(store, modules):
    spec = OPTICAL.model_copy(update={"threads": 3})
    with Nursery(modules, 3) as nursery:
        manifest = ends(LocalProcesses(store, 1, RUNNER, nursery).run([spec]))[spec.id].manifest
    assert manifest["threads_seen"] == {"OMP_NUM_THREADS": "3", "OMP_WAIT_POLICY": "PASSIVE"}
    assert manifest["threads"] == 3


def test_workers_run_at_the_same_time(store, nursery, fake):
    for spec in SPECS:
        fake(spec, "wait 0.5")
    events = list(LocalProcesses(store, 3, RUNNER, nursery).run(SPECS))
    order = [type(event) for event in events if not isinstance(event, Progress)]
    assert order[:3] == [Started] * 3 and order[3:] == [Finished] * 3


def test_leaving_early_ends_the_cells_and_leaves_nothing(store, nursery, fake):
    for spec in SPECS:
        fake(spec, "wait 60")
    executor = LocalProcesses(store, 2, RUNNER, nursery)
    with closing(executor.run(SPECS)) as events:
        for event in events:
            if isinstance(event, Progress):
                break
        assert list(store.cells.glob(".*"))
    assert not list(store.cells.iterdir())


@pytest.mark.parametrize("modules", [(), ("tests.execution.fake_cells",)])
def test_children_end_with_their_parent(store, fake, tmp_path, modules):
    """A run that is killed must not leave cells at work beside the next run."""
    fake(OPTICAL, "wait 60")
    (tmp_path / "spec.json").write_text(OPTICAL.model_dump_json())
    code = (
        "import sys; from pathlib import Path; from bench.experiment.store import Store;"
        "from bench.experiment.spec import CellSpec;"
        "from bench.execution.local import LocalProcesses; from bench.execution.processes.nursery import Nursery;"
        f"spec = CellSpec.model_validate_json(Path({str(tmp_path / 'spec.json')!r}).read_text());"
        f"list(LocalProcesses(Store(Path({str(store.root)!r})), 1, {RUNNER!r}, Nursery({modules!r})).run([spec]))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", code], env=environment)
    child = int(until(lambda: list((tmp_path / "fake").glob("ran *")))[0].name.split()[-1])
    parent.kill()
    parent.wait()
    until(lambda: not alive(child))
    assert store.state(OPTICAL) == "missing"


@pytest.mark.parametrize("deaf", [True, False])
def test_a_cell_of_slurm_leaves_it_to_its_parent_to_go(store, nursery, fake, tmp_path, monkeypatch, deaf):
    """Slurm signals every process of a task that is to leave; one that died of it would count as a failure."""
    if deaf:
        monkeypatch.setenv(DEAF, "1")
    fake(OPTICAL, "wait 3")
    found: list = []
    for event in LocalProcesses(store, 1, RUNNER, nursery).run([OPTICAL]):
        if isinstance(event, Progress) and event.phase == "train":
            child = int(until(lambda: list((tmp_path / "fake").glob("ran *")))[0].name.split()[-1])
            for one in (signal.SIGTERM, signal.SIGUSR2):
                os.kill(child, one)
        found.append(event)
    assert isinstance(found[-1], Finished) if deaf else "SIGTERM" in found[-1].reason or "SIGUSR2" in found[-1].reason


def test_a_call_in_a_child_brings_back_what_it_returns_and_says(nursery):
    said = []
    result = call_in_child("tests.execution.fake_cells:prepare", PROFILE, 1, lambda *what: said.append(what), nursery)
    assert result["name"] == "small" and said == [("data", 1.0)]


@pytest.mark.parametrize(
    ("how", "expected"), [("bench error", "no training bitext for xyz"), ("raise", "the loss is NaN"), ("kill", "SIGKILL")]
)
def test_a_call_in_a_child_that_fails_is_one_message(fake, nursery, how, expected):
    fake("prepare", how)
    with pytest.raises(BenchError, match=expected):
        call_in_child("tests.execution.fake_cells:prepare", PROFILE, 1, lambda *_: None, nursery)


def test_libraries_are_loaded_once_where_several_cells_need_them(monkeypatch):
    monkeypatch.setattr("bench.execution.processes.nursery.DEVICES", ())
    assert nursery_of(SPECS).modules == LIBRARIES
    assert not nursery_of(SPECS[:1]).modules and not nursery_of(SPECS, RUNNER).modules
