"""Peak memory of this process while something runs (Linux), and the processes below one."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROLLUP = Path("/proc/self/smaps_rollup")
_EVERY = 0.25  # seconds between two looks


class Peak:
    """Highest memory seen so far, in MB.

    Attributes:
        rss: pages of this process in memory, shared ones too.
        pss: the same, pages that several processes share counted in part.
    """

    def __init__(self) -> None:
        self.rss = self.pss = 0.0

    def look(self) -> None:
        """Compare with what is in memory now."""
        for line in _ROLLUP.read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in ("Rss", "Pss"):
                value = int(rest.split()[0]) / 1024
                setattr(self, name.lower(), max(getattr(self, name.lower()), value))


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Watch memory from a thread of its own for as long as the block runs."""
    peak, ended = Peak(), threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY):
            peak.look()

    peak.look()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()
        peak.look()


def below(pid: int) -> list[int]:
    """The processes that a process has started, and theirs; one that has ended has none."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [int(one) for one in found] + [grandchild for one in found for grandchild in below(int(one))]
