import os
import subprocess
import sys

import pytest

from benchmarks import workers
from benchmarks.memory import below

WORKS = "tests.execution.processes.works"


@pytest.mark.parametrize("modules", [(), (WORKS,)])
def test_all_workers_are_waited_for_and_their_time_is_counted(modules: tuple[str, ...]) -> None:
    wall, processor, memory = workers.run(modules, 3, f"{WORKS}:work")
    assert wall > 0 and 0.01 < processor < 60 and memory >= 0


def test_a_worker_that_fails_ends_it() -> None:
    with pytest.raises(RuntimeError):
        workers.run((), 2, "tests.execution.processes.works:no_such_function")


def test_memory_is_that_of_all_below() -> None:
    with subprocess.Popen([sys.executable, "-c", "print(1, flush=True); input()"], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None and process.stdout.readline()
        assert below(os.getpid()) == [process.pid] and workers.together() > 1
        process.kill()
