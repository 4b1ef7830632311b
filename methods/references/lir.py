"""Reference without training: the first directions of each language removed."""

from __future__ import annotations

from dataclasses import dataclass

from methods import registry
from methods.base import Method, option, register


@dataclass
class LirParams:
    directions: int = option(1, "principal directions of each language that are removed", search=(1, 2, 4, 8))
    texts: int = option(200, "unlabelled texts of each language, at most")


@register
class Lir(Method):
    """Language information removal: the student as it starts, without the first right singular vectors of each language.

    `e - C_l C_l' e`, then unit length; the columns of C_l (d, k) are the first k right singular vectors of the matrix whose rows
    are the raw vectors of unlabelled texts in language l, not centred, so that the first one is close to the direction of the
    mean. Documents lose those of English, by the teacher on the English training bitext. In place of the subtracted mean of the
    other methods, for pooled vectors and for token vectors alike (the paper has pooled ones only).

    Texts as for `centred`; a language with too few loses the directions of English.
    """

    name = "lir"
    summary = "the untrained student, first directions of each language removed (no training)"
    reference = "Yang et al. 2021, arXiv 2109.04727"
    kind = "none"
    placing = "directions"
    role = "no training"
    Params = LirParams

    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        if min(self.params.directions, self.params.texts) < 1:
            raise registry.MethodError("lir: directions and texts are at least 1")
