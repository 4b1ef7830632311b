"""Optimal transport and contrastive distillation at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from methods import registry
from methods.base import Method, MethodText, TokenStates, option, register


@dataclass
class OpticalContrastiveParams:
    weight: float = option(0.5, "share of the second loss", search=(0.25, 0.5, 0.75))
    transport: MethodText = option("optical", "the first loss")
    contrast: MethodText = option("contrastive", "the second loss", search=("contrastive", "contrastive(form=dense)"))


@register
class OpticalContrastive(Method):
    """`L = (1 - w) L_transport + w L_contrast`, both as in their own files: does one add to the other?"""

    name = "optical_contrastive"
    summary = "weighted sum of `optical` and `contrastive`"
    reference = "the references of `optical` and `contrastive`; the sum is ours"
    version = 2
    Params = OpticalContrastiveParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.parts = [registry.load(registry.parse_spec(text)) for text in (self.params.transport, self.params.contrast)]
        self.needs = tuple(dict.fromkeys(need for part in self.parts for need in part.needs))

    def state(self) -> dict[str, Any]:
        return {"parts": [part.state() for part in self.parts]}

    def restore(self, state: dict[str, Any]) -> None:
        for part, own in zip(self.parts, state["parts"], strict=True):
            part.restore(own)

    def loss(
        self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor, **needed: TokenStates
    ) -> tuple[Tensor, dict[str, Tensor]]:
        w = self.params.weight
        (transport, scalars), (contrast, more) = (part.loss(student, teacher, pair_ids, **needed) for part in self.parts)
        losses = {"transport": transport.detach(), "contrast": contrast.detach()}
        return (1 - w) * transport + w * contrast, scalars | more | losses
