"""A plan as text: its languages, its cells with state and cost, what is left to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from bench.encoders.directory.files import DEFAULT_LENGTH, stated_length
from bench.encoders.hub import directory_of
from bench.execution.elsewhere.needs import needs
from bench.execution.elsewhere.resources import Machine
from bench.execution.plan_power import power
from bench.experiment.costs import duration
from bench.experiment.mixture import sentence
from bench.experiment.plan import Plan
from bench.experiment.spec import CellSpec
from bench.output.terminal.rows import Rows

STYLES = {"done": "green", "failed": "red", "stale": "yellow", "missing": ""}


def overview(plan: Plan, on: str | None = None, machines: Sequence[Machine] = ()) -> RenderableType:
    """The whole plan: `bench plan`.

    Args:
        on: the cluster that it is for, as `--on`.
        machines: what the cluster has.
    """
    table = Rows(("cell", "languages", "pairs", "state", "time"), right=(1, 2, 4))
    for spec in plan.specs:
        state = plan.states[spec.id]
        size = str(spec.size) if spec.trained else "-"
        pairs = "-" if not spec.trained else "not matched" if spec.matched_pairs is None else f"{spec.matched_pairs:,}"
        table.add(spec.id, size, pairs, Text(state, STYLES[state]), _time(plan, spec))
    taken = needs(plan, on, machines) if on is not None or str(plan.assumed) else []
    return Group(heading(plan, plan.to_run()), "", table, *_notes(plan), *taken, *power(plan))


def heading(plan: Plan, todo: Sequence[CellSpec]) -> Group:
    """Languages and totals, for plan and run alike."""
    lines = [
        f"experiment {plan.profile.name}: {plan.profile.summary}".rstrip(": "),
        f"results in {plan.store.root}",
    ]
    for name, codes in plan.orders.items():
        lines.append(f"order {name} ({len(codes)} languages): {' '.join(codes)}")
    guard = sorted({code for spec in plan.specs for code in spec.guard})
    lines.append(f"guard ({len(guard)} languages, never trained on): {' '.join(guard) or '-'}")
    if (asked := plan.asked) is not None:
        lines.append(f"questions are asked in these {len(asked)} languages alone: {' '.join(asked)}")
    if sources := plan.profile.data.without:
        lines.append(f"without: {', '.join(sources)}")
    for side in ("teacher", "student"):
        folder = directory_of(plan.profile.models.place(getattr(plan.profile.models, side)))
        if folder is not None and stated_length(folder) is None:
            lines.append(f"the {side} states no length: its texts are cut at {DEFAULT_LENGTH} tokens")
    counts: Counter[str] = Counter(plan.states.values())
    shown = ", ".join(f"{counts[state]} {state}" for state in STYLES if counts[state])
    expected = duration(plan.seconds(todo)) if todo else "nothing to do"
    threads = plan.specs[0].threads
    workers = f"{plan.workers} worker{'s' if plan.workers > 1 else ''} of {threads} thread{'s' if threads > 1 else ''}"
    if (devices := plan.specs[0].devices) > 1:
        workers += f", {devices} devices a cell"
    lines.append(f"{len(plan.specs)} cells ({shown}); to run: {len(todo)}, expected {expected} ({workers})")
    if replaced := [spec for spec in todo if plan.states[spec.id] == "stale"]:
        changes = list(dict.fromkeys(line for spec in replaced for line in plan.store.changes(spec)))
        more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
        lines.append(
            f"{len(replaced)} stale: {'; '.join(changes[:3])}{more}. "
            f"They are computed again; finished ones are kept in {plan.store.root / 'replaced'}"
        )
    return Group(*(Text(line) for line in lines), *_mixed(plan))


def _mixed(plan: Plan) -> list[Text]:
    """A warning before: cells that are stored and cells that this machine would make would stand in one table."""
    here = {spec.id for spec in plan.to_run()}
    return [
        Text(f"mixed {sentence(one, here)}. A difference between cells of one table may come from that alone", "yellow")
        for one in plan.mixtures()
    ]


def _time(plan: Plan, spec: CellSpec) -> str:
    """Expected minutes of a cell that is to be run, measured ones of a finished cell."""
    if plan.states[spec.id] == "done":
        return duration(plan.store.manifest(spec).get("seconds", {}).get("total"))
    mark = "" if plan.costs.is_measured(spec) else "~"
    return mark + duration(plan.costs.seconds(spec))


def _notes(plan: Plan) -> list[RenderableType]:
    failed = [spec for spec in plan.specs if plan.states[spec.id] == "failed"]
    lines = [f"{spec.id} failed: see {plan.store.folder(spec) / 'error.txt'}" for spec in failed]
    if any(not plan.costs.is_measured(spec) for spec in plan.to_run()):
        lines.append(f"~ {'as assumed' if str(plan.assumed) else 'estimate of the profile'}, not yet measured on this machine")
    return [Text(line) for line in ["", *lines]] if lines else []
