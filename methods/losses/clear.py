"""Forward and reversed contrastive loss with the English text as bridge, as in CLEAR."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.base import Method, TokenStates, option, other_pairs_of_the_text, register


@dataclass
class ClearParams:
    reverse: float = option(0.4, "alpha: share of the reversed InfoNCE", search=(0.2, 0.4, 0.6))
    agreement: float = option(0.2, "beta: share of the KL divergence; what is left goes to the forward InfoNCE")
    temperature: float = option(0.05, "divides the cosines", search=(0.05, 0.1))


@register
class Clear(Method):
    """English finds English, English finds its translations, and both searches should look alike.

    `L = (1 - alpha - beta) CE(F) + alpha CE(R) + beta 1/B sum_i KL( softmax(R_i) || softmax(F_i) )` with the (B, B) logits
    `F_ij = cos(s(y_i), t(y_j)) / tau` (forward) and `R_ij = cos(t(y_i), s(x_j)) / tau` (reversed): x a text, y its English
    side, s and t the pooled unit vectors (B, d) of student and teacher; CE takes the diagonal as the answer.
    Other pairs of the same English text are neither answer nor negative, in either direction.

    Adapted to bitext: in the source F goes from an English query to its English passage and R from that passage to
    the query in another language. Here the English side is the query by the student and the passage by the
    (frozen) teacher, and negatives are those of the batch: there are no mined hard passages or queries.
    """

    name = "clear"
    summary = "InfoNCE within English and reversed to the texts, with a KL divergence between the two"
    reference = "CLEAR (ACL 2026), arXiv 2604.05821; adapted to bitext"
    Params = ClearParams
    needs = ("english",)

    def loss(
        self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor, english: TokenStates
    ) -> tuple[Tensor, dict[str, Tensor]]:
        p, passages = self.params, teacher.pooled.detach()
        left_out = other_pairs_of_the_text(pair_ids)
        pairs = (english.pooled, passages), (passages, student.pooled)
        forward, reverse = (
            F.log_softmax(((a @ b.T).float() / p.temperature).masked_fill(left_out, -torch.inf), 1) for a, b in pairs
        )
        losses = [-forward.diagonal().mean(), -reverse.diagonal().mean()]
        gap = (reverse - forward).masked_fill(left_out, 0.0)  # the difference of two minus infinities is no number
        agreement = (reverse.exp() * gap).sum(1).mean()
        loss = (1 - p.reverse - p.agreement) * losses[0] + p.reverse * losses[1] + p.agreement * agreement
        return loss, {"forward": losses[0].detach(), "reverse": losses[1].detach(), "agreement": agreement.detach()}
