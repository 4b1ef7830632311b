"""Runs of cells in processes of their own, as `bench run --on` is, and what they leave."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from bench.base.paths import REPOSITORY

SMALL = REPOSITORY / "tests" / "profiles" / "small.yaml"
TABLES = "tests.execution.fake_cells:run_tables"
FAKE = ["data.guard=null", "hardware.threads=1"]
PATIENCE = 900.0  # seconds; machines of CI are busy


class Run:
    """A run that has been started.

    Args:
        environment: its variables; `FAKE_DIR` says how cells behave.
        on: as `--on`, or `here`.
        cells: a profile, the runner, what prepares, and changes; without a .yaml in front only changes of made-up cells.
    """

    def __init__(self, environment: Mapping[str, str], on: str, results: Path, *cells: str) -> None:
        self.fake = Path(environment["FAKE_DIR"])
        self.log = results.with_suffix(".log")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.execution.elsewhere.driver", on, str(results)]
        command += list(cells) if cells and cells[0].endswith(".yaml") else [str(SMALL), TABLES, "", *FAKE, *cells]
        with self.log.open("wb") as stream:
            # Not from the checkout: Ray tells nodes to import from where the driver was started.
            self.process = subprocess.Popen(
                command, env=environment, cwd=results.parent, stdout=stream, stderr=stream, preexec_fn=_interruptible
            )

    @property
    def said(self) -> str:
        """Everything so far."""
        return self.log.read_text(errors="replace")

    def end(self) -> int:
        """Exit status."""
        return self.process.wait(timeout=PATIENCE)

    def until(self, condition: Callable[[], Any]) -> Any:
        """The first true value of `condition` while the run is at work."""
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert time.monotonic() < deadline and self.process.poll() is None, self.said
            time.sleep(0.1)
        return found

    def began(self, cell: str) -> int:
        """Id of the process that runs a cell, once it has begun."""
        return int(self.until(lambda: processes(self.fake, cell))[-1])


def processes(fake: Path, cell: str) -> list[int]:
    """Ids of all processes that have begun a cell, in order."""
    return [int(path.name.split()[3]) for path in sorted(fake.glob(f"ran {cell} *"))]


def ran_twice(fake: Path) -> dict[str, int]:
    """Cells that were begun more than once."""
    begun = Counter(path.name.split()[1] for path in fake.glob("ran *"))
    return {cell: count for cell, count in begun.items() if count > 1}


def ends(process: int, seconds: float = 120) -> bool:
    """Whether a process comes to its end."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.2)
    return False


def _interruptible() -> None:
    # A shell starts background jobs with SIGINT ignored, and children inherit that: here it must count.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
