"""Control: a method whose targets are the teacher's states of the same text."""

from __future__ import annotations

from dataclasses import dataclass

from methods.base import MethodText, option, register
from methods.controls.wrapped import Wrapped


@dataclass
class SelfParams:
    method: MethodText = option("contrastive", "method that is trained, such as optical or contrastive(form=dense)")


@register
class Self(Wrapped):
    """Another method's loss on texts in other languages, with the teacher's states of the same texts as targets.

    The student sees the foreign texts of the very pairs of the others, and no English: what it gains is no translation. A
    method that also encodes the English side with the student (`needs = ("english",)`) gets the text twice. Where the student
    starts as the teacher it starts at its targets, and a loss that only draws to them has nothing to teach.
    The loss on dev pairs and the collapse check are on true pairs.
    """

    name = "self"
    summary = "another method with the teacher's states of the same foreign text as targets (control)"
    reference = "-"
    Params = SelfParams
    own_targets = True
