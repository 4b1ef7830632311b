"""Cosine distillation with a cross-lingual contrastive loss, as in MIMO."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.base import Method, TokenStates, option, other_pairs_of_the_text, register


@dataclass
class MimoParams:
    contrast: float = option(0.2, "lambda: share of the contrastive loss, the rest is distillation", search=(0.2, 0.5, 0.8))
    temperature: float = option(0.05, "divides the cosines of the contrastive loss", search=(0.05, 0.1))


@register
class Mimo(Method):
    """Both sides are drawn to the teacher's vector of the English side, and to each other.

    `L = lambda InfoNCE + (1 - lambda) 1/2B sum_i [ 1 - cos(s(x_i), t(y_i)) + 1 - cos(s(y_i), t(y_i)) ]` with
    `InfoNCE = -1/B sum_i log( exp(cos(s(x_i), s(y_i))/tau) / sum_j exp(cos(s(x_i), s(y_j))/tau) )`: x a text, y its English
    side, s and t the pooled unit vectors (B, d) of student and teacher. The contrast is inside the student's own
    space. Other pairs of the same English text are no negatives.

    Adapted to bitext: the source contrasts a query in one language with its relevant passage in another one; here
    a text stands for the query and its English side for the passage. Left out: the first stage, the projection
    to the teacher's width (both have the same), gradient caching and its batches of 2,048.
    """

    name = "mimo"
    summary = "cosine distillation of both sides, and InfoNCE between them in the student's space"
    reference = "MIMO (Jang, Hong, Lim, EMNLP 2026), arXiv 2605.31171; adapted to bitext"
    Params = MimoParams
    needs = ("english",)

    def loss(
        self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor, english: TokenStates
    ) -> tuple[Tensor, dict[str, Tensor]]:
        target, share = teacher.pooled.detach(), self.params.contrast
        distance = 1 - (torch.stack([student.pooled, english.pooled]) * target).float().sum(-1)
        logits = (student.pooled @ english.pooled.T).float() / self.params.temperature
        logits = logits.masked_fill(other_pairs_of_the_text(pair_ids), -torch.inf)
        contrast = F.cross_entropy(logits, torch.arange(len(logits), device=logits.device))
        scalars = {"contrast": contrast.detach(), "distance": distance.mean().detach()}
        return share * contrast + (1 - share) * distance.mean(), scalars
