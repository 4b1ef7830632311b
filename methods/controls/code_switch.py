"""Distillation from artificial code-switching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from methods import registry
from methods.base import MethodText, option, register
from methods.controls.wrapped import Wrapped


@dataclass
class CodeSwitchParams:
    method: MethodText = option(
        "contrastive", "method whose loss is used, such as optical or contrastive(form=dense)",
        search=("contrastive", "contrastive(form=dense,temperature=0.1)"),
    )  # fmt: skip
    share: float = option(
        0.5, "chance of each word that has a translation to be replaced by it, 0 to 1", search=(0.25, 0.5, 0.75, 1.0)
    )
    rounds: int = option(5, "rounds of expectation maximisation of the lexicon")


@register
class CodeSwitch(Wrapped):
    """Another method's loss on English texts with words replaced by their translations; the teacher reads pure English.

    The student never sees a sentence in another language: of each pair (x, y) it gets the English side y, in which each
    word is replaced with probability `share` by its one best translation into the language of x. The lexicon is IBM model
    1, in both directions, of each language on its own, learnt from the very pairs that every other method is
    trained on (x is used for nothing else). It has no order, no inflection and no phrases, and a text that it makes longer
    than `max_length` is cut. The loss on dev pairs and the collapse check are on true pairs.

    From training rankers on code-switched queries and documents with lexicons from word embeddings or page titles;
    adapted: a lexicon from the bitext, distillation of the teacher's states in place of a ranking loss.
    """

    name = "code_switch"
    summary = "another method's loss on English with words replaced through a lexicon of the same pairs"
    reference = "Litschko, Artemova, Plank 2023, arXiv 2305.05295; adapted"
    Params = CodeSwitchParams
    code_switched = True

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        if not 0 < self.params.share <= 1:
            raise registry.MethodError(f"code_switch: share={self.params.share} is no share of words: more than 0, at most 1")
        if self.params.rounds < 1:
            raise registry.MethodError(f"code_switch: rounds={self.params.rounds} trains no lexicon: give at least 1")
