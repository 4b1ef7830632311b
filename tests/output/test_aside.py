"""Work in a copy of the process. Each test has a process of its own: this one may have torch, and is not copied then."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAD = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it, and so do their children
from bench.output import aside
from bench.base.progress import listening, tell
here, told = os.getpid(), []
def work():
    tell("pictures")
    with open("done", "a") as file:
        file.write("copy\\n" if os.getpid() != here else "here\\n")
"""


def python(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", HEAD + script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def done(folder: Path) -> list[str]:
    return (folder / "done").read_text().split() if (folder / "done").is_file() else []


needs_cores = pytest.mark.skipif(
    'sys.platform != "linux" or len(__import__("os").sched_getaffinity(0)) < 2', reason="a second core, and Linux"
)


@needs_cores
def test_it_is_done_once_in_a_copy_that_tells_nobody(tmp_path):
    ran = python(tmp_path, """
with listening(lambda phase, fraction: told.append(phase)):
    with aside.aside(work):
        tell("tables")
print(told, "once")
""")
    assert (ran.returncode, ran.stderr, ran.stdout) == (0, "", "['tables'] once\n")
    assert done(tmp_path) == ["copy"]


@needs_cores
def test_work_that_fails_in_the_copy_is_done_again_and_says_what_is_wrong(tmp_path):
    ran = python(tmp_path, """
def fails():
    work()
    raise OSError("no space left")
with aside.aside(fails):
    pass
""")
    assert ran.stderr.endswith("OSError: no space left\n") and ran.stderr.count("Traceback") == 1
    assert done(tmp_path) == ["copy", "here"]


@needs_cores
def test_an_error_beside_it_ends_the_copy(tmp_path):
    ran = python(tmp_path, """
import time
def slow():
    time.sleep(30)
    work()
with aside.aside(slow):
    raise ValueError("tables")
""")
    assert ran.stderr.endswith("ValueError: tables\n")
    assert done(tmp_path) == []


@needs_cores
def test_the_work_of_a_copy_that_is_killed_is_done_again(tmp_path):
    ran = python(tmp_path, """
import signal
def killed():
    work()
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
with aside.aside(killed):
    pass
""")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert done(tmp_path) == ["copy", "here"]


@needs_cores
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_the_copy_ends_with_the_process_whether_in_the_block_or_waiting(tmp_path, name):
    for block in ("pass", "time.sleep(30)"):
        ran = python(tmp_path, f"""
import signal, threading, time
def slow():
    open("started", "w").close()
    time.sleep(2)
    work()
def end():
    while not os.path.exists("started"):
        time.sleep(0.01)
    time.sleep(0.1)
    os.kill(here, signal.{name})
threading.Thread(target=end, daemon=True).start()
with aside.aside(slow):
    {block}
""")
        assert ran.returncode != 0
        (tmp_path / "started").unlink()
    time.sleep(2.2)
    assert done(tmp_path) == []


@needs_cores
def test_ctrl_c_of_a_terminal_reaches_both_and_is_told_once(tmp_path):
    script = """
import signal, time
def slow():
    open("started", "w").close()
    time.sleep(2)
    work()
try:
    with aside.aside(slow):
        while not os.path.exists("started"):
            time.sleep(0.01)
        os.killpg(0, signal.SIGINT)
        time.sleep(30)
except KeyboardInterrupt:
    print("interrupted")
"""
    command = [sys.executable, "-W", "error", "-c", HEAD + script]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False, start_new_session=True)
    assert (ran.stdout, ran.stderr) == ("interrupted\n", "")
    time.sleep(2.2)
    assert done(tmp_path) == []


@needs_cores
def test_where_the_system_collects_ended_processes_the_work_is_done_again(tmp_path):
    ran = python(tmp_path, """
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with aside.aside(work):
    pass
""")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert done(tmp_path) == ["copy", "here"]


@needs_cores
def test_without_room_for_a_copy_it_is_done_after_the_block(tmp_path):
    ran = python(tmp_path, """
def full():
    raise BlockingIOError("Resource temporarily unavailable")
os.fork = full
with aside.aside(work):
    print(os.path.exists("done"))
""")
    assert (ran.stdout, ran.stderr) == ("False\n", "")
    assert done(tmp_path) == ["here"]


@pytest.mark.parametrize(
    "why", ["sys.modules['torch'] = None", "sys.platform = 'darwin'", "os.sched_getaffinity = lambda _: {0}"]
)
def test_where_it_cannot_be_copied_it_is_done_after_the_block(tmp_path, why):
    ran = python(tmp_path, f"""
{why}
with aside.aside(work):
    print(os.path.exists("done"))
""")
    assert (ran.stdout, ran.stderr) == ("False\n", "")
    assert done(tmp_path) == ["here"]
