"""What tables call the groups of languages."""

from __future__ import annotations

from bench.analysis.results import Plan

NAMES = {
    "trained": "Trained languages", "core": "Core languages", "held-out": "Held-out languages", "guard": "Guard languages",
}  # fmt: skip


def titles(plan: Plan, order: str) -> dict[str, str]:
    """Name and description of each group, as far as its languages are asked."""
    core, guard = len(plan.core_of(order)), len(plan.group("guard", order, 0))
    another = "; another set in each column"
    if plan.asked is None:
        some = {"trained": another, "core": "", "held-out": another}
    else:
        some = {"trained": ", those that are asked", "core": f", {len(plan.group('core', order, 0))} of them asked",
                "held-out": "; those that are asked"}  # fmt: skip
    told = {
        "trained": f"the first N of the order{some['trained']}",
        "core": f"the first {core} of the order{some['core']}, trained in every column: interference shows here",
        "held-out": f"the rest of the order, never trained{some['held-out']}",
        "guard": f"high-resource, {guard} in number, never trained: does training hurt the rest?",
    }
    return {group: f"{NAMES[group]} ({words})" for group, words in told.items()}
