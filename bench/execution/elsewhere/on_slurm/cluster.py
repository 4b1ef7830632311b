"""Cells as the tasks of one array job on a Slurm cluster, through submitit; its nodes share a disk with this machine."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.base.paths import atomic_write, cache_dir
from bench.execution.base import RUN_CELL, Event, Executor, Note, disk_full
from bench.execution.elsewhere.attempt import Attempt
from bench.execution.elsewhere.code import code, refused
from bench.execution.elsewhere.node import Order, passed_on, seen_file
from bench.execution.elsewhere.on_slurm import jobs as slurm_jobs
from bench.execution.elsewhere.on_slurm import queue as slurm_queue
from bench.execution.elsewhere.on_slurm.call import call_there
from bench.execution.elsewhere.on_slurm.task import Letters, SlurmTask, read_end, write_order
from bench.execution.elsewhere.on_slurm.watch import TURN, Task, Watch
from bench.execution.elsewhere.resources import Machine
from bench.execution.elsewhere.results import store_failure, store_result, tidy
from bench.experiment.profile.schema import Hardware, Profile
from bench.experiment.spec import CellSpec
from bench.experiment.store import UNFINISHED, Store

FOLDER = "slurm"  # in an experiment's folder, while a run is at work: tasks, logs of Slurm
RECORD = "tasks.json"


class SlurmCluster(Executor):
    """Executor with one array job for all cells of a run.

    A run that was killed leaves its array at work: the next one takes it over.
    """

    def __init__(self, store: Store, hardware: Hardware, runner: str = RUN_CELL) -> None:
        self.store, self.hardware, self.runner = store, hardware, runner
        self.folder, self.name = store.root.absolute() / FOLDER, f"bench-{store.root.name}"

    def machines(self) -> list[Machine]:
        """Nodes of the partition that take jobs."""
        return slurm_queue.nodes(self.hardware.partition)

    def call(self, function: str, profile: Profile, report: Callable[[str, float], None]) -> Any | None:
        """See `Executor.call`; with `hardware.prepare_there` a job like that of a cell."""
        if not self.hardware.prepare_there:
            return None
        return call_there(self.folder, f"{self.name}-prepare", function, profile, report)

    def run(self, specs: Sequence[CellSpec]) -> Iterator[Event]:
        """See `Executor.run`.

        Raises:
            BenchError: also if submitit is not installed, or Slurm refuses the array.
        """
        if not specs:
            return
        tasks, known = self._taken_over(specs), {spec.id: spec for spec in specs}
        if tasks:
            yield Note(f"{len(tasks)} cells of an earlier run are in the queue or have ended meanwhile; they are taken over")
        self._write(tasks)
        try:
            self._submit([spec for spec in specs if spec.id not in {task.cell for task in tasks}], tasks)
            yield from self._watched(tasks, known)
        finally:
            with suppress(BenchError):
                slurm_queue.cancel(task.job for task in tasks)
            for task in tasks:
                Path(task.seen).unlink(missing_ok=True)
            shutil.rmtree(self.folder, ignore_errors=True)
            tidy(self.store)

    def _taken_over(self, specs: Sequence[CellSpec]) -> list[Task]:
        """Tasks of an earlier run that are still good; the others of it are ended."""
        try:
            old = [Task(**one) for one in json.loads((self.folder / RECORD).read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError):
            return []
        queue, keys = slurm_queue.jobs(), {spec.id: spec.key for spec in specs}
        good = [
            task for task in old
            if keys.get(task.cell) == task.key and task.code == code() and (task.job in queue or read_end(Path(task.place)))
        ]  # fmt: skip
        slurm_queue.cancel(task.job for task in old if task not in good and task.job in queue)
        return good

    def _write(self, tasks: Sequence[Task]) -> None:
        atomic_write(self.folder / RECORD, json.dumps([asdict(task) for task in tasks]))

    def _submit(self, specs: Sequence[CellSpec], tasks: list[Task]) -> None:
        """Queue cells and write down where; more than one array only where Slurm allows none so large."""
        if not specs:
            return
        executor = slurm_jobs.executor(self.folder, self.name, self.hardware)
        most, unfinished = slurm_queue.largest_array(), str((self.store.root / UNFINISHED).absolute())
        for start in range(0, len(specs), most):
            part = specs[start : start + most]
            seen, content = seen_file(cache_dir())
            places = [self.folder / "tasks" / uuid.uuid4().hex[:12] for _ in part]
            for spec, place in zip(part, places, strict=True):
                told = spec.model_dump(mode="json")
                write_order(place, Order(told, self.runner, FOLDER, (str(seen), content), unfinished, environment=passed_on()))
            jobs = slurm_jobs.submit(executor, [SlurmTask(str(place), code()) for place in places])
            for spec, place, job in zip(part, places, jobs, strict=True):
                tasks.append(Task(spec.id, spec.key, job, str(place), str(seen), code()))
            self._write(tasks)

    def _watched(self, tasks: list[Task], known: dict[str, CellSpec]) -> Iterator[Event]:
        """Follow tasks until all have ended; ended ones are taken out of `tasks`."""
        attempts = {task.job: Attempt(known[task.cell]) for task in tasks}
        letters = {task.job: Letters(Path(task.place)) for task in tasks}
        watch = Watch(self.folder / "jobs")
        while tasks:
            for task in list(tasks):
                for letter in letters[task.job].new():
                    if letter["event"] == "leaves":
                        attempts[task.job] = attempts[task.job].again(lost=False)
                        yield Note(f"{task.cell} had to leave its node; Slurm has queued it again")
                    yield from attempts[task.job].events(letter)
                if end := read_end(Path(task.place)):
                    yield from self._ended(attempts[task.job], end)
                elif why := watch.gone(task):
                    yield from store_failure(self.store, attempts[task.job], why, watch.log(task))
                else:
                    continue
                tasks.remove(task)
                self._write(tasks)
                shutil.rmtree(task.place, ignore_errors=True)
            yield from watch.look(tasks)
            time.sleep(TURN)

    def _ended(self, attempt: Attempt, end: dict[str, Any]) -> Iterator[Event]:
        if end["event"] == "full":
            raise disk_full(end["where"])
        if end["event"] == "refused":
            raise refused("a node", end["code"], code())
        if end["event"] == "error":
            yield from store_failure(self.store, attempt, end["why"], end["details"])
            return
        yield from store_result(self.store, attempt, end, {})
