"""Optimal transport and contrastive distillation at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from methods.base import Method, TokenStates, option, register
from methods.contrastive import Contrastive
from methods.optical import Optical


@dataclass
class OpticalContrastiveParams:
    weight: float = option(0.5, "share of the contrastive loss: 0 is `optical`, 1 is `contrastive`")
    form: str = option("late", "of `contrastive`", choices=("late", "dense"))
    temperature: float = option(0.05, "of `contrastive`")
    epsilon: float = option(0.02, "of `optical`")
    reach: float = option(0.2, "of `optical`")
    cost: str = option("likelihood", "of `optical`", choices=("cosine", "likelihood"))


@register
class OpticalContrastive(Method):
    """`L = (1 - w) L_optical + w L_contrastive`, both as in their own files: does one add to the other?

    Parameters that are not named here have the defaults of `optical` and `contrastive`. Raise this version with theirs.
    """

    name = "optical_contrastive"
    summary = "weighted sum of `optical` and `contrastive`"
    reference = "the references of `optical` and `contrastive`; the sum is ours"
    Params = OpticalContrastiveParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        p = self.params
        self.transport = Optical(epsilon=p.epsilon, reach=p.reach, cost=p.cost)
        self.contrast = Contrastive(form=p.form, temperature=p.temperature)

    def loss(self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        w = self.params.weight
        transport, scalars = self.transport.loss(student, teacher, pair_ids)
        contrast, more = self.contrast.loss(student, teacher, pair_ids)
        parts = {"optical": transport.detach(), "contrastive": contrast.detach()}
        return (1 - w) * transport + w * contrast, scalars | more | parts
