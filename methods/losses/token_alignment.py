"""Greedy one-to-one alignment of tokens, as in DR.DECR."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.base import Method, TokenStates, register
from methods.losses.transport import cosine_cost


@register
class TokenAlignment(Method):
    """Each student token is moved to the teacher token that a greedy one-to-one alignment gives it.

    `L = 1/B sum_i 1/k_i sum_(a,b) |S_ia - T_ib|^2` over the `k_i = min(n_i, m_i)` pairs (a, b) of the alignment of text i:
    again and again the two tokens with the smallest cosine distance, of those without a partner, are joined.
    S (n, d) and T (m, d) are unit vectors, so a term is 2 - 2 cos. Tokens that are left over are not trained.

    Adapted: the source pads both sides to one length, so it aligns padding too and has none left over; it takes the
    mean over the components, a constant factor; and it adds the same loss for passages, which bitext has none of.
    """

    name = "token_alignment"
    summary = "squared distance of tokens joined by a greedy one-to-one alignment"
    reference = "DR.DECR (Li et al. 2021), arXiv 2112.08185; its first stage, queries only"

    def loss(self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        cost = cosine_cost(student.vectors.float(), teacher.vectors.detach().float())
        joined = greedy_alignment(cost.detach(), student.mask, teacher.mask)
        count = joined.sum((1, 2))
        distance = (2 * cost * joined).sum((1, 2)) / count
        return distance.mean(), {"aligned": (count / student.mask.sum(1)).mean()}


@torch.no_grad()
def greedy_alignment(cost: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """(B, N, M) bool: the pairs joined, from costs (B, N, M) and masks (B, N) and (B, M); of equal costs the first."""
    B, N, M = cost.shape
    left = cost.masked_fill(~(rows[:, :, None] & columns[:, None]), torch.inf)
    joined = torch.zeros_like(left, dtype=torch.bool)
    text = torch.arange(B, device=cost.device)
    for _ in range(min(N, M)):
        value, at = left.flatten(1).min(1)
        i, j = at // M, at % M
        joined[text, i, j] |= torch.isfinite(value)  # infinite: nothing left to join in this text
        left[text, i] = torch.inf
        left[text, :, j] = torch.inf
    return joined
