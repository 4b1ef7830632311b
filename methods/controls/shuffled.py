"""Control: a method on wrong pairs."""

from __future__ import annotations

from dataclasses import dataclass

from methods.base import MethodText, option, register
from methods.controls.wrapped import Wrapped


@dataclass
class ShuffledParams:
    method: MethodText = option("contrastive", "method that is trained, such as optical or contrastive(form=dense)")


@register
class Shuffled(Wrapped):
    """Another method's loss on bitext whose English sides have changed places.

    The exchange happens in the training pairs (`shuffle_pairs`), none of which is left right. The loss on dev pairs
    and the collapse check are on true pairs. A method that gains here gains by something else than translation.
    """

    name = "shuffled"
    summary = "another method trained on wrong pairs (control)"
    reference = "-"
    Params = ShuffledParams
    shuffle_pairs = True
