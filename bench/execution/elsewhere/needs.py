"""What a plan needs of a cluster, or of hardware that is only assumed: hours, memory, disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rich.text import Text

from bench.execution.elsewhere.resources import Machine, asked, listed
from bench.experiment.costs import duration
from bench.experiment.plan import Plan
from bench.experiment.record import RUNS, read_runs

UNKNOWN = "not measured yet: run one cell of the largest size, or --assume {}=..."


@dataclass(frozen=True)
class Needs:
    """Of the cells without a result; None where nobody knows.

    Attributes:
        seconds: from the first cell to the last.
        cell_seconds: of all cells together.
        memory_gb: of the largest cell.
        results_gb: disk of what is stored of them.
        shared_gb: disk of what they share; once, and once more on every node that shares no disk with this machine.
    """

    seconds: float | None
    cell_seconds: float | None
    memory_gb: float | None
    results_gb: float | None
    shared_gb: float | None

    @classmethod
    def of(cls, plan: Plan) -> Needs:
        """From assumptions, stored cells of whatever machine, and what earlier runs have prepared."""
        todo, assumed, done = plan.to_run(), plan.assumed, [one for one in plan.store.manifests() if one.get("status") == "done"]
        lengths = [plan.costs.seconds(spec) for spec in todo]
        known = [one for one in lengths if one is not None]
        peaks = [one["peak_memory_mb"] / 1024 for one in done if one.get("peak_memory_mb")]
        sizes = [sum(one["files"].values()) / 1e6 for one in done if one.get("files")]
        shared = [run["prepare"]["shared_mb"] / 1e3 for run in read_runs(plan.store.root / RUNS) if _tells(run)]
        size = assumed.cell_mb or (median(sizes) if sizes else None)
        return cls(
            plan.seconds(todo) if todo else 0.0,
            sum(known) if len(known) == len(lengths) else None,
            assumed.memory_gb or max(peaks, default=None),
            None if size is None else size * len(todo) / 1e3,
            assumed.shared_gb or (shared[-1] if shared else None),
        )


def needs(plan: Plan, on: str | None = None, machines: Sequence[Machine] = ()) -> list[Text]:
    """The lines of `bench plan` on what it takes.

    Args:
        on: as `--on`.
        machines: what the cluster has.
    """
    found, hardware = Needs.of(plan), plan.profile.hardware
    lines = [""]
    if str(plan.assumed):
        lines.append(f"assumed: {plan.assumed}")
    if on is not None:
        lines.append(f"{on} has {'; '.join(listed(machines)) or 'no node'}")
        lines.append(f"a cell takes {asked(hardware)}: {plan.workers} at a time")
    gpus = f", {duration(found.cell_seconds * hardware.gpus)} of GPUs" if hardware.gpus and found.cell_seconds else ""
    lines.append(f"time: {duration(found.seconds)} until the last cell, {duration(found.cell_seconds)} of cells{gpus}")
    memory = UNKNOWN.format("memory_gb") if found.memory_gb is None else f"{found.memory_gb:.1f} GB, the largest cell"
    if on is not None and hardware.memory_gb and found.memory_gb and found.memory_gb > hardware.memory_gb:
        memory += f"; hardware.memory_gb asks for {hardware.memory_gb:g} only"
    lines.append(f"memory: {memory}")
    results = UNKNOWN.format("cell_mb") if found.results_gb is None else f"{found.results_gb:.2f} GB for results"
    shared = UNKNOWN.format("shared_gb") if found.shared_gb is None else f"{found.shared_gb:.2f} GB"
    copies = ", and once more on every node that does not see this disk" if on is not None and on.startswith("ray") else ""
    lines.append(f"disk: {results}; shared by all cells {shared}{copies}")
    return [Text(line) for line in lines]


def _tells(run: object) -> bool:
    return isinstance(run, dict) and isinstance(run.get("prepare"), dict) and bool(run["prepare"].get("shared_mb"))
