"""Cells in processes of this machine: one for each, several at a time, threads pinned.

A process of its own buys that no cell can depend on, leak into or take down another, and that the peak memory in a manifest is
the cell's own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.base.manifest import git, hardware, now, versions
from bench.execution.base import RUN_CELL, DiskFull, Event, Executor, Failed, Finished, Progress, Started
from bench.execution.processes.child import Child, death, wait
from bench.execution.processes.nursery import Nursery
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import CellSpec
from bench.experiment.store import Store

# What takes the time when a cell or the preparation starts. Not pandas: pyarrow, which it loads, leaves a thread behind.
LIBRARIES = ("pytorch_lightning", "geomloss", "faiss", "bench.encoders.device.inference")


class LocalProcesses(Executor):
    """Executor with up to `workers` child processes at a time, each with `spec.threads` threads.

    Args:
        store: where results go.
        workers: how many cells run at a time.
        runner: import path of `run_cell(spec, out_dir, report) -> dict`.
        nursery: where processes come from; default: each is started for itself.
    """

    def __init__(self, store: Store, workers: int = 1, runner: str = RUN_CELL, nursery: Nursery | None = None) -> None:
        self.store, self.workers, self.runner = store, workers, runner
        self._nursery = nursery or Nursery()

    def run(self, specs: Sequence[CellSpec]) -> Iterator[Event]:
        """See `Executor.run`."""
        waiting = deque(specs)
        running: dict[Child, CellSpec] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    spec = waiting.popleft()
                    running[self._start(spec)] = spec
                    yield Started(spec.id)
                for child in wait(list(running)):
                    spec = running[child]
                    for message in child.messages():
                        if message["event"] == "progress":
                            yield Progress(spec.id, message["phase"], message["fraction"], message.get("dev_loss"))
                        else:
                            child.last = message
                    if child.ended:
                        del running[child]
                        yield self._result(spec, child)
        finally:
            for child, spec in running.items():
                child.end()
                self.store.sweep(spec)

    def _start(self, spec: CellSpec) -> Child:
        task = {"spec": spec.model_dump(mode="json"), "store": str(self.store.root), "runner": self.runner}
        return self._nursery.start(task, spec.threads, self.store.scratch(spec))

    def _result(self, spec: CellSpec, child: Child) -> Event:
        """The event for a child that has ended; a child that died without a word is recorded as a failure."""
        code = child.close()
        try:
            last = child.last
            if last.get("event") == "finished":
                return Finished(spec.id, last["manifest"])
            if last.get("event") == "failed":
                return Failed(spec.id, last["reason"])
            if last.get("event") == "error" and "traceback" not in last:
                raise (DiskFull if last.get("disk") else BenchError)(last["message"], last["hint"])
            why = last.get("message") or death(code)
            text = (
                f"{why}\n\n{last.get('traceback', '')}\nlast lines of what it printed:\n{child.log_tail()}\n"
            )
            seen = {"versions": versions(), "git": git(), "hardware": hardware(), "finished": now()}
            with self.store.writing(spec) as folder:
                self.store.finish_failed(spec, folder, text, {**seen, "threads": spec.threads}, child.log)
            return Failed(spec.id, why)
        finally:
            child.end()
            self.store.sweep(spec)


def nursery_of(specs: Sequence[CellSpec], runner: str = RUN_CELL) -> Nursery:
    """Where the processes of these cells come from: if they are several, copies of one that has loaded the libraries."""
    if runner != RUN_CELL or len(specs) < 2:
        return Nursery()
    return Nursery(LIBRARIES, specs[0].threads)


def call_in_child(
    function: str, profile: Profile, threads: int, report: Callable[[str, float], None], nursery: Nursery | None = None
) -> Any:
    """`function(profile, report)` in a child process of its own, so that this process never loads torch.

    Args:
        function: import path.
        profile: handed to it.
        threads: that it may use.
        report: is told how far it is.
        nursery: where its process comes from; default: it is started for itself.

    Raises:
        BenchError: the child raised one, or ended without a result.
    """
    scratch = Path(tempfile.mkdtemp(prefix="bench-"))
    child = (nursery or Nursery()).start({"call": function, "profile": profile.model_dump(mode="json")}, threads, scratch)
    try:
        while not child.ended:
            wait([child])
            for message in child.messages():
                if message["event"] == "progress":
                    report(message["phase"], message["fraction"])
                else:
                    child.last = message
        code = child.close()
        if child.last.get("event") == "returned":
            return child.last["result"]
        if child.last.get("event") == "error":
            details = child.last.get("traceback", "")
            raise BenchError(child.last["message"], child.last["hint"] or details.strip())
        raise BenchError(f"{function} {death(code)}", child.log_tail())
    finally:
        child.end()
        shutil.rmtree(scratch, ignore_errors=True)
