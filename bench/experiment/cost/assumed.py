"""What `bench plan --assume` takes for granted of hardware that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import ClassVar

from bench.base.errors import BenchError, unknown


@dataclass(frozen=True)
class Assumed:
    """Values that take the place of measured ones; None: as measured, or as the profile says.

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
