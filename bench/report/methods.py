"""The methods of the page: what they are, how they look, and whether they are shown at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.arms import CEILING, FLOOR, REFERENCES
from bench.plots import label, slots
from methods import registry


def described(names: Sequence[str], shown: Sequence[str]) -> list[dict[str, Any]]:
    """One record a method, ceiling first, floor last: name, label, summary, `look` (colour, marker, dash), `shown`."""
    looks = slots(names)
    ordered = [*({CEILING} & set(names)), *looks, *({FLOOR} & set(names))]
    return [
        {
            "name": name, "label": label(name), "summary": _summary(name), "reference": name in REFERENCES,
            "look": looks.get(name), "shown": name in REFERENCES or name in shown,
        }
        for name in ordered
    ]  # fmt: skip


def _summary(name: str) -> str:
    """What the method's declaration says; a method that is not installed here has nothing to say."""
    try:
        return registry.declared(name.partition("(")[0]).summary
    except registry.MethodError:
        return ""
