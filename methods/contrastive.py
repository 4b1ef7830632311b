"""Contrastive distillation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.base import Method, TokenStates, late_similarity, option, register


@dataclass
class ContrastiveParams:
    form: str = option("late", "representation: MaxSim of tokens, or pooled vectors", choices=("late", "dense"))
    temperature: float = option(0.05, "divides the similarities")


@register
class Contrastive(Method):
    """InfoNCE of the student's text against the teacher's English texts of the batch.

    `L = -1/B sum_i log( exp(s(i,i)/tau) / sum_j exp(s(i,j)/tau) )`, where `s` is MaxSim over token
    vectors (`form=late`, the representation that optimal transport also trains) or the cosine of
    pooled vectors (`form=dense`). Texts of the batch whose English side equals the positive's are no
    negatives: with many languages in a batch the same sentence occurs often.
    """

    name = "contrastive"
    summary = "InfoNCE of student texts against the teacher's English texts of the batch"
    reference = "van den Oord et al. 2018, arXiv 1807.03748 (InfoNCE); teacher anchors as in CoDIR, arXiv 2009.14167"
    Params = ContrastiveParams

    def loss(self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        teacher = teacher.detach()
        if self.params.form == "late":
            similarity = late_similarity(student, teacher)
        else:
            similarity = student.pooled @ teacher.pooled.T
        logits = similarity.float() / self.params.temperature
        target = torch.arange(len(logits), device=logits.device)
        same = pair_ids[:, None] == pair_ids[None, :]
        same[target, target] = False
        logits = logits.masked_fill(same, -torch.inf)
        accuracy = (logits.argmax(1) == target).float().mean()
        return F.cross_entropy(logits, target), {"accuracy": accuracy.detach()}
