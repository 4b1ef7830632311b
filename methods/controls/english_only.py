"""Control: a method on English alone."""

from __future__ import annotations

from dataclasses import dataclass

from methods.base import MethodText, option, register
from methods.controls.wrapped import Wrapped


@dataclass
class EnglishOnlyParams:
    method: MethodText = option("contrastive", "method that is trained, such as optical or contrastive(form=dense)")


@register
class EnglishOnly(Wrapped):
    """Another method's loss on English-English pairs: the student reads the English side of the very pairs of the others.

    No text in another language is seen. What it gains on queries in other languages comes from the domain and the loss
    (vectors of one text drawn together, of others apart), and from what the pre-training had aligned. The loss on dev pairs
    and the collapse check are on true pairs.
    """

    name = "english_only"
    summary = "another method trained on English-English pairs (control)"
    reference = "-"
    Params = EnglishOnlyParams
    english_only = True
