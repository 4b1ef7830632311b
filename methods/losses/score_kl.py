"""Distillation of rankings."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.base import Method, TokenStates, late_similarity, option, register


@dataclass
class ScoreKlParams:
    form: str = option(
        "late", "scores: MaxSim of tokens, or cosine of pooled vectors", choices=("late", "dense"), search=("late", "dense")
    )
    temperature: float = option(0.2, "divides the scores of both sides", search=(0.05, 0.1, 0.2))


@register
class ScoreKl(Method):
    """A text should rank the English texts of the batch as the teacher ranks them for its English side.

    `L = T^2/B sum_i KL( softmax(t_i / T) || softmax(s_i / T) )`, `s_ij = score(S(x_i), T(y_j))` by the student and
    `t_ij = score(T(y_i), T(y_j))` by the teacher: x a text, y its English side; j runs over the different English texts of
    the batch (B of them or fewer). The factor T^2 keeps gradients of a size when T changes. A high temperature
    lets the texts behind the first one count; at a low one this turns into `contrastive`.

    Adapted to bitext: candidates are the English sides of the batch, where the source has judged passages.
    """

    name = "score_kl"
    summary = "KL divergence between the teacher's and the student's scores of the batch's English texts"
    reference = "Hinton et al. 2015, arXiv 1503.02531; for scores of translated queries: DR.DECR, arXiv 2112.08185"
    Params = ScoreKlParams

    def loss(self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        teacher, T = teacher.detach(), self.params.temperature
        # A text that occurs twice is one candidate: the last row of equal ones stays.
        again = torch.triu(pair_ids[:, None] == pair_ids[None, :], 1).any(1)
        wanted, found = (F.log_softmax(self._scores(side, teacher).float()[:, ~again] / T, 1) for side in (teacher, student))
        loss = T**2 * F.kl_div(found, wanted, reduction="batchmean", log_target=True)
        return loss, {"agreement": (found.argmax(1) == wanted.argmax(1)).float().mean()}

    def _scores(self, queries: TokenStates, texts: TokenStates) -> Tensor:
        return late_similarity(queries, texts) if self.params.form == "late" else queries.pooled @ texts.pooled.T
