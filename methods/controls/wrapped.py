"""Methods that train with another method's loss, on pairs of their own."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from methods import registry
from methods.base import Method, TokenStates


class Wrapped(Method):
    """Base of methods whose parameter `method` names the loss; what that needs they need too."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.inner = registry.load(registry.parse_spec(self.params.method))
        self.needs = self.inner.needs

    def state(self) -> dict[str, Any]:
        return self.inner.state()

    def restore(self, state: dict[str, Any]) -> None:
        self.inner.restore(state)

    def loss(
        self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor, **needed: TokenStates
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return self.inner.loss(student, teacher, pair_ids, **needed)
