"""Reference without training: a linear map to English in closed form."""

from __future__ import annotations

from dataclasses import dataclass

from methods.base import Method, option, register


@dataclass
class LinearMapParams:
    form: str = option("ridge", "ridge: any matrix; procrustes: a rotation", choices=("ridge", "procrustes"),
                       search=("ridge", "procrustes"))  # fmt: skip
    scope: str = option("each", "each: one map for each language; all: one for all", choices=("each", "all"),
                        search=("each", "all"))  # fmt: skip


@register
class LinearMap(Method):
    """The student as it starts, and an affine map of its vectors onto the teacher's of the English sides.

    `W (x - m_x) + m_y`, m_x and m_y the means of both sides of the pairs that every method of the cell is trained on; W
    minimises `sum_i |W (x_i - m_x) - (y_i - m_y)|^2 + p |W - I|^2` (`ridge`; with `procrustes` among rotations), so that few
    pairs give little more than the difference of means. p is the one with the least error on dev pairs, one for all languages.

    The map of pooled vectors is fitted on pooled vectors and used for `dense`; that of token vectors on the means of the tokens
    of a text, as both sides have different tokens, and used for each token of `late`. A language without pairs takes the map
    for all; with that map, languages are not centred on their own.
    """

    name = "linear_map"
    summary = "the untrained student and a closed-form linear map to English from the same pairs (no training)"
    reference = "Schuster et al. 2019, arXiv 1902.09492; Xing et al. 2015; adapted"
    kind = "map"
    placing = "linear_map"
    role = "no training"
    Params = LinearMapParams
