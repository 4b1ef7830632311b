"""A running worker process as its parent sees it: what it says, what it prints, how it ends."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

UNKNOWN = 256  # the status of a process that has ended, nobody can tell how


class Process(Protocol):
    """What a child needs of its process: a `subprocess.Popen`, or a copy of another process (`.nursery`)."""

    def poll(self) -> int | None:
        """Its exit status (-N: ended by signal N; `UNKNOWN`); None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """As `poll`, when it has ended; raises `subprocess.TimeoutExpired`."""
        ...

    def end(self) -> None:
        """End it and what it has started, and wait for it."""
        ...


class Started(subprocess.Popen[bytes]):
    """A process of a session of its own."""

    def end(self) -> None:
        """See `Process.end`."""
        if self.poll() is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.wait()


class Child:
    """A worker process: its event channel, its log, its end.

    Args:
        process: that has been started.
        task: descriptor of its standard input; stays open while the process is wanted.
        channel: descriptor that its events are read from.
        log: file of what it prints.
    """

    def __init__(self, process: Process, task: int, channel: int, log: Path) -> None:
        self.process, self.channel, self.log = process, channel, log
        self.ended = False
        self.last: dict[str, Any] = {}
        self._task = task
        self._rest = b""

    def give(self, task: dict[str, Any]) -> None:
        """Tell it what to do."""
        try:
            with os.fdopen(os.dup(self._task), "wb") as stream:
                stream.write(json.dumps(task).encode() + b"\n")
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
            self.process.end()
            return self.process.wait()

    def end(self) -> None:
        """End the child and what it started, if it still runs, and give back its descriptors."""
        self.process.end()
        os.close(self.channel)
        os.close(self._task)

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
    if code == UNKNOWN:
        return "the process has ended without a result, and so has the one that could tell how"
    if code < 0:
        return f"the process was ended by {signal.Signals(-code).name}"
    return f"the process ended with status {code} and without a result"
