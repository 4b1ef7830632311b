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
from bench.execution.processes.child import UNKNOWN, Child, wait
from bench.execution.processes.nursery import Nursery
from bench.experiment.profile.file import load_profile
from tests.execution.waiting import alive, until

PROFILE = load_profile(str(Path(__file__).parents[2] / "profiles" / "small.yaml"))
TASK = {"call": "tests.execution.processes.works:work", "profile": PROFILE.model_dump(mode="json")}
WORKS = ("tests.execution.processes.works",)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux copies processes here")


@pytest.fixture(autouse=True)
def no_device(monkeypatch):
    """Machines with one copy nothing."""
    monkeypatch.setattr(module, "DEVICES", ())


@pytest.fixture
def told(tmp_path):
    """The folder for a worker's log, where it finds its orders too."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def answer(child: Child) -> dict:
    """What the worker returns."""
    while not child.ended:
        wait([child])
        for message in child.messages():
            child.last = message
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
        assert one["group"] == one["pid"] and one["threads"] == alone["threads"] and one["directory"] == os.getcwd()
        assert one["descriptors"] == alone["descriptors"], "a copy holds nothing open that a new process would not"
        assert one["signals"] == alone["signals"]


SHAPES = """
import torch

def held() -> float:
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

weights = [torch.randn(*shape).bfloat16().requires_grad_() for shape in [(1536, 384), (384, 1536)] * 4]

def step(rows: int) -> None:
    x = torch.randn(rows, 384).bfloat16()
    for weight in weights:
        x = torch.nn.functional.linear(x, weight)
    x.sum().backward()

step(40)
before = held()
for rows in range(41, 161):
    step(rows)
print(held() - before)
"""


def test_memory_of_a_worker_does_not_grow_with_the_shapes_that_it_multiplies():
    done = subprocess.run([sys.executable, "-c", SHAPES], env=module.environment(1), capture_output=True, text=True, check=True)
    assert float(done.stdout) < 100, "where oneDNN multiplies bfloat16 it is several times as much without a bound"


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


LEAVES_A_THREAD = "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
ENOUGH = """
import errno, os
fork, made = os.fork, []
def third_fails():
    if len(made) == 2:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
    made.append(True)
    return fork()
os.fork = third_fails
"""  # the first copy is thrown away


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Writes the code of a library; its name."""

    def written(code: str) -> str:
        (tmp_path / "code").mkdir()
        (tmp_path / "code" / "library_of_test.py").write_text(code)
        monkeypatch.syspath_prepend(str(tmp_path / "code"))
        return "library_of_test"

    return written


@pytest.mark.parametrize("code", [LEAVES_A_THREAD, "raise SystemExit(1)", "import os; os.abort()", "import no_such_module"])
def test_where_a_process_cannot_be_copied_workers_are_started(told, library, code):
    """With threads (a lock that another thread holds stays closed for ever in a copy), or if it ended while it was loading."""
    with Nursery([library(code)]) as nursery:
        for _ in range(2):
            found = answer(start(nursery, told))
            assert found["parent"] == os.getpid() and found["loaded_by"] == found["pid"]


def test_where_the_system_gives_no_copy_the_worker_is_started(told, library):
    with Nursery([*WORKS, library(ENOUGH)]) as nursery:
        first, second = answer(start(nursery, told)), answer(start(nursery, told))
    assert first["parent"] != os.getpid() == second["parent"]


def test_the_libraries_of_cells_leave_no_thread():
    """Nor do those of OpenBLAS, which starts one for each core that it may use, stand in the way."""
    code = (
        "import importlib; from bench.execution.local import LIBRARIES; from bench.execution.processes import server;"
        "[importlib.import_module(one) for one in LIBRARIES]; import torch; torch.cuda.is_available = lambda: False;"
        "print(server.copyable())"
    )
    variables = module.environment(2)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=variables)
    assert done.stdout == "True\n"


def test_copies_draw_random_numbers_of_their_own(told):
    with Nursery([*WORKS, "numpy"]) as nursery:
        draws = [answer(start(nursery, told))["draw"] for _ in range(2)]
    assert draws[0] is not None and draws[0] != draws[1]


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
        assert parent_of(pid) != os.getpid()
        os.kill(parent_of(pid), signal.SIGKILL)
        time.sleep(0.2)
        assert child.process.poll() is None and alive(pid)
        (told / "go").touch()
        assert answer_of_orphan(child)["pid"] == pid
        monkeypatch.delenv("WORK")
        assert answer(start(nursery, told))["parent"] == os.getpid(), "the next one is started for itself"


def test_who_ends_after_the_copied_process_is_noticed_even_where_nobody_buries_it(told):
    """As in a container whose first process does not."""
    code = textwrap.dedent(f"""
        import ctypes, os, signal, sys
        from pathlib import Path
        from bench.execution.processes import nursery as module
        from tests.execution.processes.test_nursery import WORKS, pid_of, parent_of, start
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # orphans come to this process, which does not bury them
        module.DEVICES = ()
        folder = Path({str(told)!r})
        with module.Nursery(WORKS) as nursery:
            child = start(nursery, folder)
            pid = pid_of(folder)
            os.kill(parent_of(pid), signal.SIGKILL)
            os.kill(pid, signal.SIGSEGV)
            print(child.process.wait(20))
            child.end()
    """)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env={**module.environment(1), "WORK": "wait"},
    )  # fmt: skip
    assert done.stdout == f"{UNKNOWN}\n", done.stderr


def test_a_worker_that_is_ended_at_once_is_ended(told, monkeypatch):
    monkeypatch.setenv("WORK", "wait")
    with Nursery(WORKS) as nursery:
        answered = start(nursery, told)
        pid_of(told)
        for _ in range(10):
            child = start(nursery, told)
            until(lambda: child.process.poll() or child.process.pid)  # noqa: B023
            began = time.monotonic()
            child.end()
            assert time.monotonic() - began < 5 and not alive(child.process.pid)
        answered.end()


def test_an_answer_that_was_lost_makes_nobody_wait(told, monkeypatch):
    """Ctrl-C can come between its arrival and its being noted."""
    monkeypatch.setenv("WORK", "wait")
    monkeypatch.setattr(module, "TOLD", 0.2)
    with Nursery(WORKS) as nursery:
        child = start(nursery, told)
        pid = pid_of(told)
        until(lambda: child.process.poll() or child.process.pid)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid))
        time.sleep(0.2)
        nursery._server.socket.recv(1 << 12)
        assert child.process.wait(20) == UNKNOWN
        child.end()


def test_leaving_while_modules_are_loaded_leaves_nothing(told, library):
    slow = f"""
import os, time
from pathlib import Path
Path({str(told / "loading")!r}).write_text(str(os.getpid()))
time.sleep(60)
"""
    nursery = Nursery([library(slow)])
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
    while "result" not in child.last:
        wait([child])
        for message in child.messages():
            child.last = message
    assert child.close() in (0, UNKNOWN)
    child.end()
    return child.last["result"]
