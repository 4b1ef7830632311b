"""The methods of the page: what they are, how they look, and whether they are shown at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.analysis.arms import CEILING, FLOOR
from bench.output.plots import label, slots
from methods import registry
from methods.facts import facts


def described(names: Sequence[str], shown: Sequence[str], settings: Sequence[Mapping[str, str]] = ()) -> list[dict[str, Any]]:
    """One record a method, ceilings first, floor last: name, label, summary, kind, `look` (colour, marker, dash), `shown`."""
    looks = slots(names)
    own = [name for name in names if facts(name).is_reference and name not in (CEILING, FLOOR)]
    ordered = [*({CEILING} & set(names)), *own, *looks, *({FLOOR} & set(names))]
    return [
        {
            "name": name, "label": label(name), "summary": _summary(name, settings), "kind": facts(name).role,
            "reference": facts(name).is_reference, "look": looks.get(name), "shown": name in (CEILING, FLOOR, *shown),
        }
        for name in ordered
    ]  # fmt: skip


def _summary(name: str, settings: Sequence[Mapping[str, str]]) -> str:
    """What the method's declaration says, and what a short name stands for; a method not installed here has no declaration."""
    try:
        said = [registry.declared(name.partition("(")[0]).summary]
    except registry.MethodError:
        said = []
    return "; ".join([*said, *dict.fromkeys(names[name] for names in settings if name in names)])
