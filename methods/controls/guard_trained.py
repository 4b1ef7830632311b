"""Control: a method on the pairs of other languages than those that it is asked in."""

from __future__ import annotations

from dataclasses import dataclass

from methods.base import MethodText, option, register
from methods.controls.wrapped import Wrapped


@dataclass
class GuardTrainedParams:
    method: MethodText = option("contrastive", "method that is trained, such as optical or contrastive(form=dense)")


@register
class GuardTrained(Wrapped):
    """Another method's loss on pairs of guard languages; tables group languages as for all others.

    A cell of size N trains on the first N guard languages (all of them, where N is more) with as many pairs in all as other
    methods of that size. The languages that tables call trained are then those that other methods train on: what this one
    gains in them is no knowledge of them. Its "guard" languages are those it has seen.
    The loss on dev pairs is on guard languages too; the collapse check is that of the others.
    """

    name = "guard_trained"
    summary = "another method trained on guard languages, asked in low-resource ones (control)"
    reference = "-"
    Params = GuardTrainedParams
    train_on = "guard"
