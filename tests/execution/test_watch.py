import io
import json
import os
import subprocess
import sys
import time

import pytest
from rich.console import Console

from bench.base.errors import BenchError
from bench.execution import watch
from bench.execution.progress_file import FILE, ProgressFile, Snapshot, Working, read
from tests.cli.test_app import bench, loaded
from tests.made_up import cell, failure, plan

CELLS = ("untrained@0#0", "optical@2#0", "optical@2#1", "optical@3#0", "nmt@2#0", "nmt@3#0")


@pytest.fixture
def made(tmp_path):
    folder = plan(tmp_path / "made-up", CELLS)
    cell(folder, "untrained@0#0", lambda *_: 0.5)
    cell(folder, "optical@2#0", lambda *_: 0.5, dev={"loss_start": 0.9, "loss_end": 0.25}, collapse={"warning": ""})
    cell(folder, "optical@2#1", lambda *_: 0.5, collapse={"warning": "rank fell"})
    failure(folder, "nmt@2#0", "ValueError: no")
    stale = cell(folder, "nmt@3#0", lambda *_: 0.5)
    manifest = json.loads((stale / "manifest.json").read_text())
    (stale / "manifest.json").write_text(json.dumps(manifest | {"key": "another"}))
    return folder


def shown(folder, **options):
    text = io.StringIO()
    watch.watch(folder, Console(file=text, width=140), **options)
    return text.getvalue()


def at_work(folder, pid=None, since=5.0, **of):
    working = {"optical@3#0": Working(time.time() - since, "train", 0.4, (0.8, 0.6))} | of
    file = ProgressFile(folder)
    file.write(working, [], 125.0, now=True)
    if pid is not None:
        content = json.loads(file.path.read_text())
        file.path.write_text(json.dumps(content | {"pid": pid}))
    return file


def test_every_cell_with_its_state(made):
    text = shown(made)
    assert "6 cells (2 done, 1 warned, 1 failed, 1 stale, 1 missing)" in text
    assert "no run is at work; bench run --profile made-up goes on" in text
    assert "FAILED nmt@2#0: see" in text and "error.txt" in text
    rows = {line.split()[0]: line for line in text.splitlines() if line and line.split()[0] in ("untrained", "optical", "nmt")}
    assert rows["optical"].split()[1:] == ["●●", "·"] and rows["nmt"].split()[1:] == ["✗", "~"]


def test_a_list_has_times_and_losses(made):
    lines = {line.split()[0]: line for line in shown(made, listed=True).splitlines() if "@" in line}
    assert lines["optical@2#0"].split()[1:] == ["done", "1:00", "min", "0.900", "->", "0.250"]
    assert "warned" in lines["optical@2#1"] and "rank fell" in lines["optical@2#1"] and "missing" in lines["optical@3#0"]


def test_a_run_at_work_shows_progress_time_left_and_last_dev_loss(made):
    at_work(made, os.getpid())
    text = shown(made)
    assert f"a run is at work (process {os.getpid()}), about 2:05 min left" in text
    line = next(line for line in text.splitlines() if line.startswith("optical@3#0"))
    assert "train" in line and "40%" in line and "5 s" in line and "dev loss 0.800 -> 0.600" in line
    _, listed = (line for line in shown(made, listed=True).splitlines() if line.startswith("optical@3#0"))
    assert "working" in listed and "0.800 -> 0.600" in listed and "train 40%" in listed


def test_cells_that_a_run_will_come_to_are_waiting(made):
    ProgressFile(made).write({}, ["optical@3#0"], None, now=True)
    text = shown(made)
    assert "1 waiting" in text and "missing" not in text and "time left unknown" in text


def test_a_killed_run_is_not_at_work(made):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    file = at_work(made, ended.pid)
    content = json.loads(file.path.read_text())
    file.path.write_text(json.dumps(content | {"updated": time.time() - 3600}))
    assert "no run is at work" in shown(made)
    file.path.write_text(json.dumps(content | {"updated": time.time() - 3600, "pid": os.getpid()}))
    assert "last word 1:00 h ago" in shown(made), "a long step of a run that lives"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"working": {"a": {}}}', '{"working": 3}'])
def test_a_damaged_file_counts_as_none(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    assert read(tmp_path) is None and read(tmp_path / "nowhere") is None


def test_a_file_is_written_once_a_second_and_removed(tmp_path):
    file = ProgressFile(tmp_path)
    file.write({"a": Working(1.0)}, ["b"], 3.0)
    first = read(tmp_path)
    assert isinstance(first, Snapshot) and first.working == {"a": Working(1.0)} and first.waiting == ["b"] and first.left == 3.0
    file.write({}, [], None)
    assert read(tmp_path) == first, "too soon"
    file.write({"a": Working(1.0, "train", 0.5, (2.0, 1.0))}, [], None, now=True)
    again = read(tmp_path)
    assert again is not None and again.working["a"].dev_loss == (2.0, 1.0)
    file.remove()
    assert read(tmp_path) is None
    file.remove()


def test_it_goes_on_until_the_run_ends(made):
    file = at_work(made, os.getpid())
    looks = []
    console = Console(file=io.StringIO(), width=140, force_terminal=True)
    original = watch.Watch.look

    def look(self):
        looks.append(1)
        if len(looks) == 3:
            file.remove()
        return original(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch.Watch, "look", look)
        watch.watch(made, console, every=0.01)
    assert len(looks) == 3 and "no run is at work" in console.file.getvalue()


def test_the_command_loads_nothing_heavy(made):
    done = bench("watch", "-p", str(made), "--once")
    assert done.returncode == 0 and loaded(done) == [] and "6 cells" in done.stdout
    assert bench("watch", "-p", "nowhere").returncode == 2
    with pytest.raises(BenchError, match="holds no experiment"):
        watch.watch(made / "cells", Console())
