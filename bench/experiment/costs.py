"""What cells will cost in time: measured on this machine where possible, else as the profile says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from statistics import median
from typing import Any, ClassVar

from bench.base.errors import BenchError, unknown
from bench.base.manifest import hardware
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import CellSpec


@dataclass(frozen=True)
class Assumed:
    """What `bench plan --assume` takes for granted of hardware that is not there; None: as measured, or as the profile says.

    Attributes:
        pairs_per_second: training pairs of a cell.
        rest_minutes: of a cell beside training: loading, scoring.
        prepare_minutes: once before all cells.
        memory_gb: of the largest cell.
        cell_mb: disk of a stored cell.
        shared_gb: disk of what all cells share.
    """

    pairs_per_second: float | None = None
    rest_minutes: float | None = None
    prepare_minutes: float | None = None
    memory_gb: float | None = None
    cell_mb: float | None = None
    shared_gb: float | None = None

    NAMES: ClassVar[tuple[str, ...]] = (
        "pairs_per_second", "rest_minutes", "prepare_minutes", "memory_gb", "cell_mb", "shared_gb",
    )  # fmt: skip

    @classmethod
    def parsed(cls, given: Iterable[str]) -> Assumed:
        """Of `name=number` texts.

        Raises:
            BenchError: an unknown name, or a value that is no number above 0.
        """
        found: dict[str, float] = {}
        for text in given:
            name, equals, value = text.partition("=")
            if name not in cls.NAMES:
                raise unknown("assumption", name, cls.NAMES, "as in --assume pairs_per_second=2000")
            try:
                number = float(value)
            except ValueError:
                number = 0.0
            if not equals or not 0 < number < float("inf"):
                raise BenchError(f"--assume {text}: a number above 0 is needed", f"as in --assume {name}=2000")
            found[name] = number
        return cls(**found)

    def __str__(self) -> str:
        """Those that are given, in words."""
        given = ((one.name, getattr(self, one.name)) for one in fields(self))
        return ", ".join(f"{name} = {value:,g}" for name, value in given if value is not None)


class Costs:
    """Seconds of a cell: the median of earlier ones of the same method, pairs and hardware, unless something is assumed."""

    def __init__(
        self, profile: Profile, manifests: Iterable[dict[str, Any]] = (), assumed: Assumed | None = None
    ) -> None:
        self.declared, self.assumed = profile.cost, assumed or Assumed()
        self.rests: list[float] = []  # seconds of finished cells beside training, on whatever machine
        self.measured: dict[tuple[str, Any], list[float]] = {}
        for manifest in manifests:
            self.add(manifest)

    def add(self, manifest: dict[str, Any]) -> None:
        """Learn from a finished cell."""
        seconds = manifest.get("seconds", {}).get("total")
        if manifest.get("status") == "done" and seconds:
            self.rests.append(float(seconds) - float(manifest["seconds"].get("train") or 0.0))
        if manifest.get("status") == "done" and seconds and _same(manifest.get("hardware", {}), hardware()):
            self.measured.setdefault((manifest["method"], manifest.get("pairs_asked")), []).append(
                float(seconds)
            )

    def seconds(self, spec: CellSpec) -> float | None:
        """Expected seconds of a cell; None if nobody knows."""
        if self._is_assumed(spec):
            rate = self.assumed.pairs_per_second
            return self.rest_seconds() + (spec.pairs / rate if spec.trained and rate else 0.0)
        if times := self.measured.get((spec.method, spec.pairs)):
            return median(times)
        minutes = self.declared.get(spec.method, self.declared.get(spec.method.partition("(")[0]))
        return None if minutes is None else minutes * 60

    def is_measured(self, spec: CellSpec) -> bool:
        """Whether `seconds` was measured here rather than declared by the profile."""
        return (spec.method, spec.pairs) in self.measured and not self._is_assumed(spec)

    def rest_seconds(self) -> float:
        """Seconds of a cell beside training: assumed, the median of finished ones, or what an untrained one is said to take."""
        if self.assumed.rest_minutes is not None:
            return self.assumed.rest_minutes * 60
        return median(self.rests) if self.rests else self.declared.get("untrained", 0.0) * 60

    def _is_assumed(self, spec: CellSpec) -> bool:
        """Whether what is assumed says how long a cell takes."""
        if spec.trained:
            return self.assumed.pairs_per_second is not None
        return self.assumed.rest_minutes is not None

    def prepare_seconds(self) -> float:
        """Expected seconds of the preparation that is shared by all cells."""
        assumed = self.assumed.prepare_minutes
        return (self.declared.get("prepare", 0.0) if assumed is None else assumed) * 60


def makespan(seconds: Sequence[float], workers: int) -> float:
    """Time until cells of these lengths are done when `workers` of them run at a time, in this order."""
    free = [0.0] * max(1, workers)
    for length in seconds:
        earliest = free.index(min(free))
        free[earliest] += length
    return max(free)


def duration(seconds: float | None) -> str:
    """`95` as `1:35 min`, `4000` as `1:07 h`, `None` as `?`."""
    if seconds is None:
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02} h"


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one.get(name) == other.get(name) for name in ("system", "processor", "cores", "memory_gb"))
