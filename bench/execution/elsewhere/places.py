"""Where `--on` sends cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bench.base.errors import BenchError, did_you_mean
from bench.execution.base import RUN_CELL, Executor
from bench.execution.elsewhere.resources import Machine, cells_at_a_time, check_room, cores_of
from bench.experiment.plan import Plan

PLACES = ("ray", "slurm")
ALLOWED = "ray, ray://host:port, slurm"


class Cluster(Executor, Protocol):
    """An executor on other machines."""

    def machines(self) -> list[Machine]:
        """What it has now. Raises `BenchError` if it cannot be reached."""
        ...


@dataclass(frozen=True)
class Placed:
    """A plan for a cluster: its cells have as many threads as they get cores there."""

    plan: Plan
    cluster: Cluster
    machines: Sequence[Machine]


def placed(on: str, plan: Plan, runner: str = RUN_CELL) -> Placed:
    """`plan` for the cluster that `--on` names.

    Raises:
        BenchError: an unknown place, a package that is not installed, a cluster that cannot be reached or has no room.
    """
    hardware, cluster = plan.profile.hardware, cluster_of(on, plan, runner)
    machines = cluster.machines()
    check_room(machines, hardware, f"the cluster ({on})")
    threads = hardware.threads or max(1, cores_of(hardware) // hardware.devices)
    specs = tuple(spec.model_copy(update={"threads": threads}) for spec in plan.specs)
    return Placed(replace(plan, specs=specs, slots=cells_at_a_time(machines, hardware)), cluster, machines)


def machines_of(on: str, plan: Plan) -> tuple[Plan, Sequence[Machine]]:
    """The plan for a cluster, and what the cluster has. Raises as `placed`."""
    there = placed(on, plan)
    return there.plan, there.machines


def cluster_of(on: str, plan: Plan, runner: str = RUN_CELL) -> Cluster:
    """The executor that `--on` names; nothing is asked of the cluster yet."""
    if on == "ray" or on.startswith("ray://"):
        from bench.execution.elsewhere.on_ray.cluster import RayCluster

        return RayCluster(on, plan.store, plan.profile.hardware, runner)
    if on == "slurm":
        from bench.execution.elsewhere.on_slurm.cluster import SlurmCluster

        return SlurmCluster(plan.store, plan.profile.hardware, runner)
    near = did_you_mean(on, PLACES)
    raise BenchError(f"cells cannot be run on {on!r}{near}", f"allowed: {ALLOWED}; without --on they run on this machine")
