"""How long work tells where it is."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """Told where a cell is: phase, fraction of it that is done, and the loss on dev pairs where it was just measured."""

    def __call__(self, phase: str, fraction: float, dev_loss: float | None = None, /) -> None: ...
