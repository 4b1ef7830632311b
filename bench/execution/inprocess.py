"""Cells one after the other in this process: for debugging and for tests. No isolation, no thread pinning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.base.progress import Report
from bench.execution.base import RUN_CELL, Event, Executor, Progress, Started
from bench.execution.job import execute
from bench.experiment.spec import CellSpec
from bench.experiment.store import Store


class InProcess(Executor):
    """Executor that calls `runner` directly. Progress is yielded when a cell ends, not while it runs."""

    def __init__(self, store: Store, runner: str = RUN_CELL) -> None:
        self.store, self.runner = store, runner

    def run(self, specs: Sequence[CellSpec]) -> Iterator[Event]:
        """See `Executor.run`."""
        for spec in specs:
            yield Started(spec.id)
            seen: list[Event] = []
            result = execute(spec, self.store, self.runner, _reporter(spec.id, seen))
            yield from seen
            yield result


def _reporter(cell: str, seen: list[Event]) -> Report:
    def report(phase: str, fraction: float, dev_loss: float | None = None, /) -> None:
        seen.append(Progress(cell, phase, fraction, dev_loss))

    return report
