"""Cells in processes of this machine: a fresh process for each, several at a time, threads pinned.

A fresh process costs seconds, and buys that no cell can depend on, leak into or take down another, and
that the peak memory in a manifest is the cell's own.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.base.manifest import git, hardware, now, versions
from bench.execution.base import RUN_CELL, DiskFull, Event, Executor, Failed, Finished, Progress, Started
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import CellSpec
from bench.experiment.store import Store

# Every library's own name for its number of threads; read once when it is loaded, hence set from outside.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class LocalProcesses(Executor):
    """Executor with up to `workers` child processes at a time, each with `spec.threads` threads."""

    def __init__(self, store: Store, workers: int = 1, runner: str = RUN_CELL) -> None:
        self.store, self.workers, self.runner = store, workers, runner

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
        return Child(task, spec.threads, self.store.scratch(spec))

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


def call_in_child(function: str, profile: Profile, threads: int, report: Callable[[str, float], None]) -> Any:
    """`function(profile, report)` in a child process of its own, so that this process never loads torch.

    Raises:
        BenchError: the child raised one, or ended without a result.
    """
    scratch = Path(tempfile.mkdtemp(prefix="bench-"))
    child = Child({"call": function, "profile": profile.model_dump(mode="json")}, threads, scratch)
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


class Child:
    """A running worker process: its event channel, its log, its end."""

    def __init__(self, task: dict[str, Any], threads: int, folder: Path) -> None:
        self.log = folder / "log.txt"
        self.ended = False
        self.last: dict[str, Any] = {}
        self._rest = b""
        self.channel, child_end = os.pipe()
        task["log"] = str(self.log)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bench.execution.worker", str(child_end)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[child_end],
                env=_environment(threads),
                start_new_session=True,  # Ctrl-C reaches the parent alone
            )
        os.close(child_end)
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(task).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it died at once; its end is noticed like any other

    def messages(self) -> Iterator[dict[str, Any]]:
        """Messages that have come; sets `ended` when the child has closed its channel."""
        readable, _, _ = select.select([self.channel], [], [], 0)
        if not readable:
            return
        chunk = os.read(self.channel, 1 << 16)
        self.ended = not chunk
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        yield from (json.loads(line) for line in lines if line.strip())

    def close(self) -> int:
        """Exit status of a child that has ended its messages."""
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def end(self) -> None:
        """End the child and what it started, if it still runs, and give back its descriptors."""
        if self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        os.close(self.channel)
        if self.process.stdin is not None:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass

    def log_tail(self, lines: int = 30) -> str:
        """The end of what the child printed."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])


def wait(children: Sequence[Child]) -> list[Child]:
    """The children that have something to say or have died, after waiting for the first."""
    while True:
        # What a dead child had started may hold its channel open: hence the look at the child itself.
        dead = [child for child in children if child.process.poll() is not None]
        open_channels = {child.channel: child for child in children}
        readable, _, _ = select.select(list(open_channels), [], [], 0 if dead else 1.0)
        if readable:
            return [open_channels[channel] for channel in readable]
        if dead:
            for child in dead:
                child.ended = True
            return dead


def death(code: int) -> str:
    """Why a process ended that should not have."""
    if code == -signal.SIGKILL:
        return "the process was killed (SIGKILL): most likely memory ran out; use fewer workers"
    if code < 0:
        return f"the process was ended by {signal.Signals(-code).name}"
    return f"the process ended with status {code} and without a result"


def _environment(threads: int) -> dict[str, str]:
    # A cell is a process like any other: Lightning would take Slurm's variables for those of a job with several.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SUBMITIT_"))}
    return {
        **inherited,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        # Threads that wait must sleep: spinning ones made small operations 75 times slower beside other work.
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(
            path or os.getcwd() for path in sys.path
        ),  # what can be imported here can be imported there
    }
