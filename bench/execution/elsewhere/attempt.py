"""Cells that a cluster works on: which try it is, how far it is, what to go on from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.base.paths import atomic_write
from bench.execution.base import Event, Progress, Started
from bench.experiment.spec import CellSpec
from bench.experiment.store import UNFINISHED, Store

LOSSES = 5  # machines that a cell may be lost with, until it is taken for what takes them down


@dataclass
class Attempt:
    """One try at a cell on some machine.

    Attributes:
        losses: machines that earlier tries were lost with.
        shown: whether an earlier try has begun, so that who watches knows the cell.
        begun: whether this one has.
    """

    spec: CellSpec
    losses: int = 0
    shown: bool = False
    begun: bool = False

    def again(self, lost: bool) -> Attempt:
        """The next try."""
        return Attempt(self.spec, self.losses + lost, self.shown or self.begun)

    def events(self, letter: dict[str, Any]) -> Iterator[Event]:
        """What who watches is told of a letter."""
        if letter["event"] == "started":
            self.begun = True
            yield Progress(self.spec.id, "starts again", 0.0) if self.shown else Started(self.spec.id)
        elif letter["event"] == "progress" and (self.begun or self.shown):
            yield Progress(self.spec.id, letter["phase"], letter["fraction"], letter["dev_loss"])


def keep_checkpoint(store: Store, checkpoint: tuple[str, str, bytes]) -> None:
    """Store what a cell on another machine can go on from."""
    folder, name, content = checkpoint
    atomic_write(store.root / UNFINISHED / folder / name, content)


def checkpoint_of(store: Store, spec: CellSpec) -> tuple[str, str, bytes] | None:
    """What was stored for a cell, whatever the versions with which it was written; they are in the folder's name."""
    files = sorted((store.root / UNFINISHED).glob(f"{spec.key[:32]}-*/[!.]*"), key=lambda path: path.stat().st_mtime_ns)
    return (files[-1].parent.name, files[-1].name, files[-1].read_bytes()) if files else None
