"""When a translator has been trained enough: checks of the dev loss, and the weights of the best one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.training.stepping import Stepping


@dataclass
class Stopping:
    """Ends a training after `patience` checks without a better dev loss, and gives it back its best weights.

    Attributes:
        patience: checks in a row.
        every: steps between two of them.
        best: the lowest dev loss so far.
        step: at which it was.
        worse: checks since.
        checks: in all.
    """

    patience: int
    every: int
    best: float = float("inf")
    step: int = 0
    worse: int = 0
    checks: int = 0
    _weights: dict[str, Any] | None = field(default=None, repr=False)

    def due(self, step: int) -> bool:
        """Whether the dev loss is looked at after this step."""
        return step % self.every == 0

    def look(self, step: int, loss: float, module: Stepping) -> bool:
        """Take in a dev loss; whether training is over. Weights of the best check are kept on the processor."""
        self.checks += 1
        if loss < self.best:
            self.best, self.step, self.worse, self._weights = loss, step, 0, module.weights()
        else:
            self.worse += 1
        return self.over

    @property
    def over(self) -> bool:
        return self.worse >= self.patience

    def finish(self, module: Stepping) -> None:
        """Give the model the weights of the best check."""
        if self._weights is not None:
            module.take_weights(self._weights)

    def said(self) -> dict[str, Any]:
        """What the manifest says."""
        return {"best_step": self.step, "checks": self.checks, "patience": self.patience, "check_every": self.every}

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"best": self.best, "step": self.step, "worse": self.worse, "checks": self.checks, "weights": self._weights}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        self.best, self.step, self.worse, self.checks = (state[name] for name in ("best", "step", "worse", "checks"))
        self._weights = state["weights"]
