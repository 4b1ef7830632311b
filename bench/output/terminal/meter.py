"""How far a command is and how long it will take, on standard error."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console

from bench.base.progress import listening
from bench.experiment.costs import duration
from bench.output.terminal.screen import screen

AFTER = 2.0  # seconds of silence at first: what is quicker shows nothing
TICK = 0.25  # seconds between two looks on a terminal
EVERY = 30.0  # seconds between two lines where there is no terminal
LEAST = 0.02  # share done from which on a time left is more than a guess
WIDTH = 24  # of the bar
CLEAR = "\r\x1b[K"


class Meter:
    """While its block runs: phase, share done and time left of whatever tells them (`bench.base.progress`).

    On a terminal it is one line that is written anew and gone in the end; elsewhere a plain line every half minute.
    """

    def __init__(self, shares: Mapping[str, float] | None = None, console: Console | None = None) -> None:
        """`shares`: phases in their order with the share of the time that each takes, by any measure.

        Phases that are not among them do not move the time left; without any, it is that of the phase at work.
        """
        self.shares = dict(shares or {})
        self.console = console or screen(stderr=True)
        self.phase, self.fraction = "", 0.0
        self.started = self.since = time.monotonic()
        self.done = 0.0
        self._lock, self._over, self._drawn = threading.Lock(), threading.Event(), False
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(listening(self))
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._stack.close()
        self._clear()

    def __call__(self, phase: str, fraction: float, dev_loss: float | None = None, /) -> None:
        """Work is in `phase`, of which `fraction` is done."""
        if phase != self.phase:
            self.since = time.monotonic()
        self.phase, self.fraction = phase, fraction
        if phase in self.shares:
            names = list(self.shares)
            before = sum(self.shares[name] for name in names[: names.index(phase)])
            self.done = max(self.done, (before + self.shares[phase] * fraction) / sum(self.shares.values()))

    def left(self) -> float | None:
        """Seconds until the end (of the phase, without shares); None where that cannot be said yet."""
        done, since = (self.done, self.started) if self.shares else (self.fraction, self.since)
        return (time.monotonic() - since) * (1 - done) / done if done >= LEAST else None

    def line(self, width: int) -> str:
        """What is shown on a terminal of `width` columns."""
        done = self.done if self.shares else self.fraction
        left = self.left()
        if left is None:
            said = f"{self.phase or 'starting'}, {duration(time.monotonic() - self.started)} so far"
        else:
            said = f"{self.phase}, {done:.0%}, about {duration(left)} left"
        with_bar = said if left is None else f"{bar(done)} {said}"
        return with_bar if len(with_bar) < width else said[: max(0, width - 1)]

    def say(self, line: str) -> None:
        """A line that stays, also where there is no terminal."""
        with self.aside():
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While the block runs nothing is drawn: for results that are printed before the end."""
        with self._lock:
            self._erase()
            yield

    def _watch(self) -> None:
        if not self.console.is_terminal:
            while not self._over.wait(EVERY):
                self.console.print(self.line(10_000), markup=False, highlight=False, soft_wrap=True)
            return
        if self._over.wait(AFTER):
            return
        while not self._over.wait(TICK):
            with self._lock:
                self._write(CLEAR + self.line(self.console.width))
                self._drawn = True

    def _clear(self) -> None:
        with self._lock:
            self._erase()

    def _erase(self) -> None:
        if self._drawn:
            self._write(CLEAR)
            self._drawn = False

    def _write(self, text: str) -> None:
        self.console.file.write(text)
        self.console.file.flush()


def bar(fraction: float) -> str:
    """A bar in characters that every encoding has.

    >>> bar(0.5)
    '############------------'
    """
    full = round(WIDTH * min(1.0, max(0.0, fraction)))
    return "#" * full + "-" * (WIDTH - full)
