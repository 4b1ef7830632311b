"""Multilingual knowledge distillation."""

from __future__ import annotations

from torch import Tensor

from methods.base import Method, TokenStates, register


@register
class MultilingualKd(Method):
    """The student maps a text and its English side to the teacher's vector of the English side.

    `L = 1/B sum_i ( |s(y_i) - t(y_i)|^2 + |s(x_i) - t(y_i)|^2 )`: x a text, y its English side, s and t the pooled vectors
    (B, d) of student and teacher. The source takes the mean over the d components, a constant factor. Here the vectors
    are those that are compared in search: centred, of unit length. So each term is 2 - 2 cos.
    """

    name = "multilingual_kd"
    summary = "squared distance of both sides to the teacher's vector of the English side"
    reference = "Reimers and Gurevych, EMNLP 2020, arXiv 2004.09813"
    needs = ("english",)

    def loss(
        self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor, english: TokenStates
    ) -> tuple[Tensor, dict[str, Tensor]]:
        target = teacher.pooled.detach()
        own, other = ((side.pooled - target).float().square().sum(1).mean() for side in (english, student))
        return own + other, {"english": own.detach(), "text": other.detach()}
