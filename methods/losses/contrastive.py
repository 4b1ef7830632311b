"""Contrastive distillation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.base import Method, TokenStates, late_similarity, option, other_pairs_of_the_text, register
from methods.registry import MethodError


@dataclass
class ContrastiveParams:
    form: str = option("late", "representation: MaxSim of tokens, or pooled vectors", choices=("late", "dense"))
    temperature: float = option(0.05, "divides the similarities", search=(0.02, 0.05, 0.1, 0.2))
    queue: int = option(0, "English texts of earlier batches kept as further negatives; form=dense only")


@register
class Contrastive(Method):
    """InfoNCE of the student's text against the teacher's English texts of the batch.

    `L = -1/B sum_i log( exp(s(i,i)/tau) / sum_j exp(s(i,j)/tau) )`, where `s` is MaxSim over token
    vectors (`form=late`, the representation that optimal transport also trains) or the cosine of
    pooled vectors (`form=dense`). Texts of the batch whose English side equals the positive's are no
    negatives: with many languages in a batch the same sentence occurs often.

    With `queue` the sum goes on over the last so many different English texts of earlier batches. The teacher is
    frozen, so its vectors do not age: this is InfoNCE with more negatives and nothing else. A text that is in the
    batch as well counts once, and never against its own positive. Each instance keeps a queue of its own; without
    gradients (the loss on dev pairs) it is neither used nor filled, so that such losses can be compared.
    """

    name = "contrastive"
    summary = "InfoNCE of student texts against the teacher's English texts of the batch"
    reference = "van den Oord et al. 2018, arXiv 1807.03748 (InfoNCE); teacher anchors as in CoDIR, arXiv 2009.14167"
    highlight = 2
    Params = ContrastiveParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        if self.params.queue and self.params.form != "dense":
            raise MethodError("contrastive: queue works with form=dense only; tokens of past texts are not kept")
        self.past: tuple[Tensor, Tensor] | None = None  # (K, d) teacher vectors and (K,) their pair ids, oldest first

    def loss(self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        teacher = teacher.detach()
        if self.params.form == "late":
            similarity = late_similarity(student, teacher)
        else:
            similarity = student.pooled @ teacher.pooled.T
        logits = similarity.float() / self.params.temperature
        target = torch.arange(len(logits), device=logits.device)
        logits = logits.masked_fill(other_pairs_of_the_text(pair_ids), -torch.inf)
        accuracy = (logits.argmax(1) == target).float().mean()
        if self.params.queue and torch.is_grad_enabled():
            logits = torch.cat([logits, self._against_past(student, teacher, pair_ids)], 1)
        return F.cross_entropy(logits, target), {"accuracy": accuracy.detach()}

    def state(self) -> dict[str, Any]:
        return {"past": self.past}

    def restore(self, state: dict[str, Any]) -> None:
        self.past = state["past"]

    def _against_past(self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor) -> Tensor:
        """(B, K) logits against the texts of the queue that are not in this batch; then the batch joins the queue."""
        if self.past is None:
            self.past = teacher.pooled[:0], pair_ids[:0]
        vectors, ids = self.past
        old = ~torch.isin(ids, pair_ids)
        vectors, ids = vectors[old], ids[old]
        once = list({text: i for i, text in enumerate(pair_ids.tolist())}.values())
        last = -self.params.queue
        self.past = torch.cat([vectors, teacher.pooled[once]])[last:], torch.cat([ids, pair_ids[once]])[last:]
        return (student.pooled @ vectors.T).float() / self.params.temperature
