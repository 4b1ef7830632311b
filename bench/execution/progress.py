"""What a run shows: a live view on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from bench.execution.base import Event, Failed, Finished, Note, Progress, Started
from bench.execution.progress_file import ProgressFile, Working
from bench.experiment.costs import Costs, duration, makespan
from bench.experiment.spec import CellSpec
from bench.output.terminal.meter import bar
from bench.output.terminal.rows import Rows
from bench.output.terminal.screen import show


class RunView:
    """Cells done, the cells at work with phase and fraction, time left. A context manager.

    Time left comes from the times of finished cells of the same method, before that from the estimate.
    """

    def __init__(
        self, specs: list[CellSpec], skipped: int, costs: Costs, workers: int, console: Console, file: ProgressFile | None = None
    ) -> None:
        self.specs = {spec.id: spec for spec in specs}
        self.skipped, self.costs, self.workers, self.console = skipped, costs, workers, console
        self.waiting = list(self.specs)
        self.working: dict[str, Working] = {}
        self.file = file
        self.done = self.failed = self.peak_mb = 0
        # As a plan counts it: once anything is stored, what cells share is in the cache.
        self.to_prepare = costs.prepare_seconds() if specs and not skipped else 0.0
        self.started = time.monotonic()
        self.live = (
            Live(self, console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        )

    def __enter__(self) -> Self:
        if self.live:
            self.live.start()
        self._write(now=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.live.stop()
        if self.file:
            self.file.remove()

    def handle(self, event: Event) -> None:
        """Show an event of the executor."""
        told = True  # all but steps within a phase are written down at once: the next may be minutes away
        if isinstance(event, Started):
            self.waiting.remove(event.id)
            self.to_prepare = 0.0
            self.working[event.id] = Working(time.time())
            self._line(f"{self._count()} {event.id} started")
        elif isinstance(event, Progress):
            before = self.working[event.id]
            told = before.phase != event.phase or event.dev_loss is not None
            loss = before.dev_loss
            if event.dev_loss is not None:
                loss = (loss[0] if loss else event.dev_loss, event.dev_loss)
            self.working[event.id] = Working(before.started, event.phase, event.fraction, loss)
            if before.phase != event.phase and not self.live:
                self._line(f"{self._count()} {event.id} {event.phase}")
        elif isinstance(event, Finished):
            del self.working[event.id]
            self.done += 1
            self.peak_mb = max(self.peak_mb, event.manifest.get("peak_memory_mb") or 0)
            self.costs.add(event.manifest)
            self._line(
                f"{self._count()} {event.id} done: {report_line(event.manifest)}; {self._left_text()}",
                "green",
            )
        elif isinstance(event, Failed):
            del self.working[event.id]
            self.failed += 1
            self._line(f"{self._count()} {event.id} FAILED: {event.reason}", "red")
        elif isinstance(event, Note):
            self._line(event.text, "yellow")
        self._write(now=told)

    def step(self, phase: str, fraction: float) -> None:
        """Show progress of the preparation, which belongs to no cell."""
        known = self.working.get("prepare")
        if known is None or known.phase != phase:
            self._line(f"prepare: {phase}")
        self.working["prepare"] = Working(known.started if known else time.time(), phase, fraction)
        self._write(now=known is None or known.phase != phase)

    def prepared(self) -> None:
        """The preparation is over."""
        self.to_prepare = 0.0
        started = self.working.pop("prepare", Working(time.time())).started
        self._line(f"prepare: done in {duration(time.time() - started)}")

    def summary(self) -> str:
        """One line on the whole run."""
        if not self.specs:
            return f"nothing to run: all {self.skipped} cells have a result"
        clock = duration(time.monotonic() - self.started)
        memory = f", largest cell {self.peak_mb / 1024:.1f} GB" if self.peak_mb else ""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.done} cells run{failed}, {self.skipped} kept, in {clock}{memory}"

    def seconds_left(self) -> float | None:
        """Expected time until the last cell is done; None while a cell's cost is unknown."""
        now, lengths = time.time(), []
        for cell, at in self.working.items():
            if cell in self.specs:
                expected = self.costs.seconds(self.specs[cell])
                lengths.append(None if expected is None else max(0.0, expected - (now - at.started)))
        lengths += [self.costs.seconds(self.specs[cell]) for cell in self.waiting]
        known = [length for length in lengths if length is not None]
        preparing = self.working.get("prepare")
        shared = max(0.0, self.to_prepare - (now - preparing.started if preparing else 0.0))
        return shared + makespan(known, self.workers) if len(known) == len(lengths) else None

    def __rich__(self) -> Group:
        head = f"cells {self._count()} · {duration(time.monotonic() - self.started)} so far · {self._left_text()}"
        return Group(Text(head, style="bold"), working_table(self.working, whole=False))

    def _count(self) -> str:
        ended = self.done + self.failed
        total = len(self.specs)
        return f"[{ended + self.skipped}/{total + self.skipped}]"

    def _left_text(self) -> str:
        left = self.seconds_left()
        return "time left unknown" if left is None else f"about {duration(left)} left"

    def _write(self, now: bool = False) -> None:
        if self.file:
            self.file.write(self.working, self.waiting, self.seconds_left(), now)

    def _line(self, text: str, style: str = "") -> None:
        """A line that stays. With a clock in front where it may end up in a file."""
        clock = "" if self.live else time.strftime("%H:%M:%S ")
        line = Text(clock + text, style=style)
        if self.live:
            show(self.console, line)
        else:
            self.console.print(line, soft_wrap=True)


def working_table(working: Mapping[str, Working], whole: bool = True) -> Rows:
    """Cells at work: phase, how far, since when, loss on dev pairs at the start and last. `whole` as in `Rows`."""
    table = Rows((), right=(3, 4), solid=(5,), whole=whole)
    for cell, at in working.items():
        loss = f"dev loss {at.dev_loss[0]:.3f} -> {at.dev_loss[1]:.3f}" if at.dev_loss else ""
        since = duration(max(0.0, time.time() - at.started))
        table.add(cell, at.phase, bar(at.fraction), f"{at.fraction:.0%}", since, loss)
    return table


def report_line(manifest: dict[str, Any]) -> str:
    """Cost of a cell in one line: time by phase, pairs per second, peak memory."""
    seconds = dict(manifest.get("seconds", {}))
    total = seconds.pop("total", None)
    phases = ", ".join(
        f"{name} {duration(value)}" for name, value in seconds.items() if isinstance(value, int | float)
    )
    parts = [duration(total) + (f" ({phases})" if phases else "")]
    if rate := manifest.get("pairs_per_second"):
        parts.append(f"{rate:.1f} pairs/s")
    if memory := manifest.get("peak_memory_mb"):
        parts.append(f"{memory / 1024:.1f} GB")
    warning = (manifest.get("collapse") or {}).get("warning")
    notes = [*([f"warning: {warning}"] if warning else []), *manifest.get("notes", ())]
    return "; ".join([", ".join(parts), *notes])
