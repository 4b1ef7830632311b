"""Workers that are copies: of which process, with what around them, and what becomes of them when that process dies."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from bench.execution.processes import nursery as module
from bench.execution.processes.child import Child
from bench.execution.processes.nursery import Nursery
from bench.execution.processes.server import loaded
from bench.experiment.profile.file import load_profile

PROFILE = load_profile(str(Path(__file__).parents[2] / "profiles" / "small.yaml"))
TASK = {"call": "tests.execution.processes.works:work", "profile": PROFILE.model_dump(mode="json")}
WORKS = ("tests.execution.processes.works",)


@pytest.fixture
def told(tmp_path):
    """The folder for a worker's log, where it finds its orders too."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def answer(child: Child) -> dict:
    """What the worker returns."""
    deadline = time.monotonic() + 60
    while not child.ended and time.monotonic() < deadline:
        for message in child.messages():
            child.last = message
        time.sleep(0.01)
    assert child.close() == 0, child.log_tail()
    child.end()
    return child.last["result"]


def start(nursery: Nursery, folder: Path, threads: int = 1) -> Child:
    return nursery.start(TASK, threads, folder)


def test_workers_are_copies_of_one_process_that_has_the_modules_and_nothing_else_in_common(told):
    with Nursery(WORKS) as nursery:
        first, second = answer(start(nursery, told)), answer(start(nursery, told))
    alone = answer(start(Nursery(), told))
    assert alone["parent"] == os.getpid() and alone["loaded_by"] == alone["pid"]
    assert first["parent"] == second["parent"] == first["loaded_by"] == second["loaded_by"] != os.getpid()
    assert first["pid"] != second["pid"] and first["count"] == second["count"] == 1, "one sees what the other did"
    for one in (first, second):
        assert one["session"] == one["pid"] and one["threads"] == alone["threads"] and one["directory"] == os.getcwd()
        assert one["descriptors"] == alone["descriptors"], "a copy holds nothing open that a new process would not"
        assert one["signals"] == alone["signals"]


@pytest.mark.parametrize("change", ["threads", "environment", "directory"])
def test_what_libraries_read_when_they_are_loaded_makes_a_process_of_its_own(told, tmp_path, monkeypatch, change):
    with Nursery(WORKS) as nursery:
        assert answer(start(nursery, told))["parent"] != os.getpid()
        if change == "environment":
            monkeypatch.setenv("XLSD_SOMETHING", "new")
        if change == "directory":
            monkeypatch.syspath_prepend(os.getcwd())
            monkeypatch.chdir(tmp_path)
        found = answer(start(nursery, told, threads=2 if change == "threads" else 1))
    assert found["parent"] == os.getpid()
    assert found["variables"]["OMP_NUM_THREADS"] == ("2" if change == "threads" else "1")
    assert found["variables"].get("XLSD_SOMETHING") == ("new" if change == "environment" else None)


def test_where_a_device_is_nothing_is_copied(told, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "DEVICES", (str(tmp_path),))
    with Nursery(WORKS) as nursery:
        assert answer(start(nursery, told))["parent"] == os.getpid()


def test_a_process_with_threads_is_not_copied(told):
    """A lock that another thread holds stays closed for ever in a copy."""
    with Nursery(["tests.execution.processes.threaded"]) as nursery:
        found = answer(start(nursery, told))
    assert found["loaded_by"] == found["pid"]
    code = "from bench.execution.processes.server import loaded; print(loaded(['tests.execution.processes.threaded']))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_libraries_of_cells_leave_no_thread():
    from bench.execution.local import LIBRARIES

    code = f"from bench.execution.processes.server import loaded, threads; print(loaded({LIBRARIES!r}), threads())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True 1\n"


def test_a_module_that_cannot_be_loaded_is_told_by_who_needs_it():
    assert not loaded(["tests.execution.processes.no_such_module"])


def test_a_worker_that_is_killed_says_so(told, monkeypatch):
    monkeypatch.setenv("WORK", "wait")
    with Nursery(WORKS) as nursery:
        child = start(nursery, told)
        os.kill(pid_of(told), signal.SIGKILL)
        assert child.process.wait(30) == -signal.SIGKILL
        child.end()


def test_the_end_of_the_copied_process_is_not_that_of_its_copies(told, monkeypatch):
    monkeypatch.setenv("WORK", "wait")
    with Nursery(WORKS) as nursery:
        child = start(nursery, told)
        pid = pid_of(told)
        os.kill(parent_of(pid), signal.SIGKILL)
        time.sleep(0.2)
        assert child.process.poll() is None and alive(pid)
        (told / "go").touch()
        assert answer_of_orphan(child)["pid"] == pid
        monkeypatch.delenv("WORK")
        assert answer(start(nursery, told))["parent"] == os.getpid(), "the next one is started for itself"


def test_leaving_while_modules_are_loaded_leaves_nothing(told, tmp_path, monkeypatch):
    slow = tmp_path / "code" / "slow_to_load.py"
    slow.parent.mkdir()
    slow.write_text(textwrap.dedent(f"""
        import os, time
        from pathlib import Path
        Path({str(told / "loading")!r}).write_text(str(os.getpid()))
        time.sleep(60)
    """))
    monkeypatch.syspath_prepend(str(slow.parent))
    nursery = Nursery(["slow_to_load"])
    child = start(nursery, told)
    server = int(until(lambda: (told / "loading").exists() and (told / "loading").read_text()))
    began = time.monotonic()
    child.end()
    nursery.close()
    assert time.monotonic() - began < 20 and not alive(server)


def pid_of(folder: Path) -> int:
    return int(until(lambda: (folder / "pid").exists() and (folder / "pid").read_text()))


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def answer_of_orphan(child: Child) -> dict:
    """What a worker returns whose status nobody can tell."""
    until(lambda: [child.__setattr__("last", message) for message in child.messages()] and "result" in child.last)
    child.close()
    child.end()
    return child.last["result"]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition, seconds: float = 30.0):
    """The first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to that")
