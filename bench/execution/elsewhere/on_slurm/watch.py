"""Follows tasks in Slurm's queue: which are gone without a word, and why others wait."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.execution.base import Note
from bench.execution.elsewhere.on_slurm import queue

TURN, LOOK, LATE = 0.5, 5.0, 30.0  # seconds: between two looks at letters, at the queue; for what a disk shows late
ENDS = {
    "TIMEOUT": "its time limit ran out (hardware.time)", "OUT_OF_MEMORY": "memory ran out: ask for more (hardware.memory_gb)",
    "CANCELLED": "its Slurm job was cancelled",
}  # fmt: skip


@dataclass
class Task:
    """A cell in Slurm's hands: its job, its folder, the file by which nodes know the disk, and the code it was planned with."""

    cell: str
    key: str
    job: str
    place: str
    seen: str
    code: str


class Watch:
    """What is known of the tasks of a run.

    Args:
        logs: folder in which Slurm writes what tasks print.
    """

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.missed: dict[str, tuple[float, str]] = {}  # job -> since when it is gone, and why
        self.told: set[str] = set()
        self.looked = float("-inf")

    def look(self, tasks: Sequence[Task]) -> Iterator[Note]:
        """Ask Slurm, unless it was asked a moment ago."""
        if time.monotonic() - self.looked < LOOK:
            return
        self.looked = time.monotonic()
        with suppress(queue.Unreachable):  # its head restarts now and then; jobs go on meanwhile
            found = queue.jobs()
            for task in tasks:
                job = found.get(task.job)
                if job is None or job.state in ENDS:
                    why = ENDS.get(job.state if job else "", "its Slurm job ended without a result")
                    self.missed.setdefault(task.job, (time.monotonic(), why))
                    continue
                self.missed.pop(task.job, None)
                if job.state == "PENDING" and job.reason not in (*queue.ORDINARY, *self.told):
                    self.told.add(job.reason)
                    yield Note(f"Slurm holds cells back: {job.reason}")

    def gone(self, task: Task) -> str:
        """Why a task ended without a result; empty while that may still come."""
        since, why = self.missed.get(task.job, (float("inf"), ""))
        return why if time.monotonic() - since > LATE else ""

    def log(self, task: Task) -> str:
        """The end of what a task printed."""
        texts = [path.read_text(errors="replace") for path in sorted(self.logs.glob(f"{task.job}_0_log.*"))]
        return "\n".join(line for text in texts for line in text.splitlines()[-30:])
