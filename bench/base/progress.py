"""How long work tells where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

T = TypeVar("T")
Listener = Callable[[str, float], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_span: ContextVar[tuple[float, float]] = ContextVar("span", default=(0.0, 1.0))  # of a phase, in hand of `parts`
_instead: ContextVar[str] = ContextVar("instead", default="")  # phase that stands for all others
_amount: ContextVar[tuple[str, list[float]] | None] = ContextVar("amount", default=None)  # phase; done and all


class Report(Protocol):
    """Told where a cell is: phase, fraction of it that is done, and the loss on dev pairs where it was just measured."""

    def __call__(self, phase: str, fraction: float, dev_loss: float | None = None, /) -> None: ...


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """While the block runs, `listener` is told phase and fraction of whatever says so with `tell`, `steps` or `advance`.

    Work says where it is without being given anybody to say it to: the same code runs in scripts, tests and other work.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def unheard() -> Iterator[None]:
    """While the block runs, nobody is told anything."""
    token = _listener.set(None)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(phase: str, fraction: float = 0.0) -> None:
    """The work is in this phase, of which `fraction` (0 to 1) is done."""
    if (listener := _listener.get()) is not None:
        start, end = _span.get()
        listener(_instead.get() or phase, start + (end - start) * fraction)


def steps(phase: str, items: Sequence[T]) -> Iterator[T]:
    """The items one by one; where somebody listens, how far that is. Work on an item may tell phases of its own."""
    for number, item in enumerate(items):
        tell(phase, number / len(items))
        yield item
    tell(phase, 1.0)


@contextmanager
def under(phase: str) -> Iterator[None]:
    """All phases that the block tells count as this one."""
    token = _instead.set(phase)
    try:
        yield
    finally:
        _instead.reset(token)


def parts(items: Sequence[T]) -> Iterator[T]:
    """The items one by one, each the same share of whatever phases the work on it tells."""
    start, end = _span.get()
    share = (end - start) / max(1, len(items))
    for number, item in enumerate(items):
        token = _span.set((start + number * share, start + (number + 1) * share))
        try:
            yield item
        finally:
            _span.reset(token)


@contextmanager
def counted(phase: str, total: float) -> Iterator[None]:
    """The block does `total` units of work of a phase, each piece of which it reports with `advance`."""
    token = _amount.set((phase, [0.0, total]))
    tell(phase, 0.0)
    try:
        yield
    finally:
        _amount.reset(token)


def advance(units: float) -> None:
    """So many more units of the work of `counted` are done; outside of one nothing happens."""
    if (found := _amount.get()) is not None:
        phase, amount = found
        amount[0] += units
        tell(phase, min(1.0, amount[0] / amount[1]) if amount[1] else 1.0)
