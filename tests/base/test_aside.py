"""Work in a copy of the process. Each test has a process of its own: this one has torch, and is not copied."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
import os, sys
from bench.base import aside
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
