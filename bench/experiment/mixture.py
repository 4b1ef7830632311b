"""Cells of one table that were made on different hardware or software: what differs, and in which of them.

The key of a cell does not cover the machine, so results of several machines fit together as files. Their numbers need not: a
score may move with the precision, the device and the version of a library, and a difference between two methods may be that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.base.manifest import PACKAGES, hardware, precision_here, versions

PRECISION, DEVICE = "precision", "device"


@dataclass(frozen=True)
class Mixture:
    """A fact in which cells differ.

    Attributes:
        fact: `precision`, `device` or the name of a library.
        cells: value -> ids of the cells that have it, in their order.
    """

    fact: str
    cells: Mapping[str, tuple[str, ...]]


def facts_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What a finished cell was made with: precision, device, libraries. What the manifest does not say is left out."""
    machine, libraries = manifest.get("hardware") or {}, manifest.get("versions") or {}
    found = {
        PRECISION: manifest.get("precision"), DEVICE: machine.get("accelerator") or machine.get("processor"),
        **{name: libraries.get(name) for name in PACKAGES},
    }  # fmt: skip
    return {fact: str(value) for fact, value in found.items() if value}


def facts_here(precision: str) -> dict[str, str]:
    """What a cell would be made with on this machine, with `hardware.precision` as given."""
    return facts_of({"precision": precision_here(precision), "hardware": hardware(), "versions": versions()})


def mixtures(cells: Iterable[tuple[str, Mapping[str, str]]]) -> list[Mixture]:
    """The facts in which cells differ. A cell that does not say a fact is no part of it.

    Args:
        cells: id and facts of each.
    """
    values: dict[str, dict[str, list[str]]] = {}
    for name, facts in cells:
        for fact, value in facts.items():
            values.setdefault(fact, {}).setdefault(value, []).append(name)
    order = {fact: at for at, fact in enumerate((PRECISION, DEVICE, *PACKAGES))}
    return [
        Mixture(fact, {value: tuple(names) for value, names in sorted(found.items())})
        for fact, found in sorted(values.items(), key=lambda item: order.get(item[0], len(order))) if len(found) > 1
    ]  # fmt: skip


def sentence(mixture: Mixture, here: Collection[str] = ()) -> str:
    """A mixture in a line: `precision: 32-true (12 cells), bf16-mixed (optical@5#0)`.

    Args:
        here: ids of cells that are still to be run, on this machine.
    """
    return f"{mixture.fact}: " + ", ".join(f"{value} ({_named(cells, here)})" for value, cells in mixture.cells.items())


def _named(cells: tuple[str, ...], here: Collection[str]) -> str:
    name = cells[0] if len(cells) == 1 else f"{len(cells)} cells"
    waiting = sum(cell in here for cell in cells)
    if not waiting:
        return name
    return f"{name}, to run here" if waiting == len(cells) else f"{name}, {waiting} of them to run here"
