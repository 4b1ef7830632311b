"""What is made once before all cells, as a job of Slurm like that of a cell."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.base.paths import cache_dir
from bench.execution.elsewhere.code import code, refused
from bench.execution.elsewhere.node import Call, passed_on, seen_file
from bench.execution.elsewhere.on_slurm import jobs, queue
from bench.execution.elsewhere.on_slurm.task import Letters, SlurmCall, read_end, write_order
from bench.execution.elsewhere.on_slurm.watch import TURN, Task, Watch
from bench.execution.elsewhere.resources import cores_of
from bench.experiment.profile.schema import Profile


def call_there(folder: Path, name: str, function: str, profile: Profile, report: Callable[[str, float], None]) -> Any:
    """What `function(profile, report)` returns on a node that sees this machine's cache.

    Args:
        folder: for Slurm's files.
        name: of the job.

    Raises:
        BenchError: the function does, the job ended without a result, or Slurm refuses it.
    """
    seen, content = seen_file(cache_dir())
    place, watch = folder / "calls" / uuid.uuid4().hex[:12], Watch(folder / "jobs")
    order = Call(function, profile.model_dump(mode="json"), cores_of(profile.hardware), (str(seen), content), passed_on())
    queued: list[Task] = []
    try:
        write_order(place, order)
        made = jobs.executor(folder, name, profile.hardware)
        queued += [Task("", "", job, str(place), str(seen), code()) for job in jobs.submit(made, [SlurmCall(str(place), code())])]
        letters = Letters(place)
        report("waits for Slurm", 0.0)
        while (end := read_end(place)) is None:
            for letter in letters.new():
                if letter["event"] == "progress":
                    report(letter["phase"], letter["fraction"])
            for note in watch.look(queued):
                report(note.text, 0.0)
            if why := watch.gone(queued[0]):
                raise BenchError(f"what is made before the cells: {why}", watch.log(queued[0]))
            time.sleep(TURN)
    finally:
        with suppress(BenchError):
            queue.cancel(task.job for task in queued)
        seen.unlink(missing_ok=True)
        shutil.rmtree(place, ignore_errors=True)
    if end["event"] == "refused":
        raise refused("a node", end["code"], code())
    if end["event"] == "error":
        raise BenchError(end["why"], end["details"])
    return end["result"] or {}
