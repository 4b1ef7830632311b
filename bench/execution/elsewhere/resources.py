"""What a cluster has, and how many cells find room in it at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.base.errors import BenchError
from bench.experiment.profile.schema import Hardware


@dataclass(frozen=True)
class Machine:
    """One node of a cluster, as far as its scheduler gives it to jobs.

    Attributes:
        cores, gpus: numbers of them.
        memory_gb: of main memory; 0: not said.
        gpu: name of its accelerators.
    """

    cores: int
    gpus: int = 0
    memory_gb: float = 0.0
    gpu: str = ""

    def room(self, hardware: Hardware) -> int:
        """Cells that it can run at a time."""
        rooms = [self.cores // cores_of(hardware)]
        if hardware.gpus:
            rooms.append(int(self.gpus / hardware.gpus))
        if hardware.memory_gb and self.memory_gb:
            rooms.append(int(self.memory_gb / hardware.memory_gb))
        return min(rooms)

    def __str__(self) -> str:
        gpus = f", {self.gpus} GPU{'s' if self.gpus > 1 else ''}{f' ({self.gpu})' if self.gpu else ''}" if self.gpus else ""
        memory = f", {self.memory_gb:.0f} GB" if self.memory_gb else ""
        return f"{self.cores} core{'s' if self.cores != 1 else ''}{gpus}{memory}"


def cores_of(hardware: Hardware) -> int:
    """Cores of a cell on a cluster."""
    return hardware.cores or max(1, hardware.threads) * hardware.devices


def cells_at_a_time(machines: Sequence[Machine], hardware: Hardware) -> int:
    """Cells for which the machines have room together."""
    return sum(machine.room(hardware) for machine in machines)


def check_room(machines: Sequence[Machine], hardware: Hardware, cluster: str) -> None:
    """Raises `BenchError` if no machine can run even one cell."""
    if cells_at_a_time(machines, hardware):
        return
    kinds = "; ".join(dict.fromkeys(map(str, machines))) or "none"
    raise BenchError(
        f"no node of {cluster} has room for a cell, which takes {asked(hardware)} (its nodes: {kinds})",
        "ask for less (hardware.cores, hardware.gpus, hardware.memory_gb), or let a larger node join first",
    )


def asked(hardware: Hardware) -> str:
    """What a cell takes, in words."""
    memory = f" and {hardware.memory_gb:g} GB" if hardware.memory_gb else ""
    gpus = f", {hardware.gpus:g} GPU{'s' if hardware.gpus > 1 else ''}" if hardware.gpus else ""
    cores = cores_of(hardware)
    return f"{cores} core{'s' if cores > 1 else ''}{gpus}{memory}"


def listed(machines: Sequence[Machine]) -> list[str]:
    """The machines in words, equal ones together: `3 nodes of 16 cores, 2 GPUs, 128 GB`."""
    counted = Counter(map(str, machines))
    return [f"{count} node{'s' if count > 1 else ''} of {kind}" for kind, count in counted.items()]
