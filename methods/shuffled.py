"""Control: a method on wrong pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from methods import registry
from methods.base import Method, MethodText, TokenStates, option, register


@dataclass
class ShuffledParams:
    method: MethodText = option("contrastive", "method that is trained, such as optical or contrastive(form=dense)")


@register
class Shuffled(Method):
    """Another method's loss on bitext whose English sides have changed places.

    The exchange happens in the training pairs (`shuffle_pairs`), none of which is left right. The loss on dev pairs
    and the collapse check are on true pairs. A method that gains here gains by something else than translation.
    """

    name = "shuffled"
    summary = "another method trained on wrong pairs (control)"
    reference = "-"
    Params = ShuffledParams
    shuffle_pairs = True

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.inner = registry.load(registry.parse_spec(self.params.method))
        self.needs = self.inner.needs

    def loss(
        self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor, **needed: TokenStates
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return self.inner.loss(student, teacher, pair_ids, **needed)
