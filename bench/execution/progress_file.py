"""Where a run is, in a file: `bench watch` reads it from another terminal."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.base.paths import atomic_write

FILE = "progress.json"  # in an experiment's folder, while a run is at work
EVERY = 1.0  # seconds between two writings
FRESH = 30.0  # seconds for which a run of another machine counts as alive


@dataclass(frozen=True)
class Working:
    """A cell at work (or `prepare`): since when (seconds since 1970), what it does, and its first and last dev loss."""

    started: float
    phase: str = "starting"
    fraction: float = 0.0
    dev_loss: tuple[float, float] | None = None


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment. `waiting` are ids in order; `left` is the expected time in seconds."""

    pid: int
    updated: float
    working: dict[str, Working]
    waiting: list[str] = field(default_factory=list)
    left: float | None = None

    @property
    def alive(self) -> bool:
        """Whether the run is still there: its process on this machine, or a recent word of another one."""
        if time.time() - self.updated < FRESH:
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


class ProgressFile:
    """Writes a run's snapshots, at most one a second, and removes the file in the end."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.written = 0.0

    def write(self, working: dict[str, Working], waiting: list[str], left: float | None, now: bool = False) -> None:
        """`now`: whether or not the last one is a second old."""
        clock = time.monotonic()
        if not now and clock - self.written < EVERY:
            return
        self.written = clock
        snapshot = Snapshot(os.getpid(), time.time(), working, waiting, left)
        with suppress(OSError):  # a full disk has its own message; nothing is lost with this file
            atomic_write(self.path, json.dumps(asdict(snapshot)))

    def remove(self) -> None:
        """The run is over."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


def read(folder: Path) -> Snapshot | None:
    """What the run of an experiment's folder last wrote; None if none is at work, or if the file cannot be read."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        working = {
            name: Working(one["started"], one["phase"], one["fraction"], tuple(one["dev_loss"]) if one["dev_loss"] else None)
            for name, one in content.pop("working").items()
        }
        return Snapshot(working=working, **content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
