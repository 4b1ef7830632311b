"""Where the time of a cell goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.base.progress import Report


class Clock:
    """Seconds of each phase, and where the run is."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.report(name, 0.0)
        start = time.monotonic()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - start, 2)
