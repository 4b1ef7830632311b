"""What the machine has: processor, memory, graphics card, disk."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.base.manifest import cores, hardware, memory_limit
from bench.base.paths import cache_dir
from bench.base.progress import tell

# Instruction sets that decide speed -> the flags of /proc/cpuinfo, any of which says that the processor has it.
INSTRUCTIONS = {
    "AMX bf16": ("amx_bf16",), "AVX-512 bf16": ("avx512_bf16",), "AVX-512": ("avx512f",), "AVX2": ("avx2",), "NEON": ("asimd",),
}  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """Facts of the machine; memory and disk in bytes, None where the system does not say.

    Attributes:
        cores: that this process may use (affinity and container quota).
        instructions: instruction set -> whether the processor has it; empty where the system does not say.
        cpuinfo: /proc/cpuinfo, empty where there is none.
        load: processes that wanted a core, on the mean of the last minute.
        gpus: name and memory of each graphics card that torch can use.
        cache: of this project, with its size; `free` on its disk.
    """

    system: str
    processor: str
    cores: int
    instructions: Mapping[str, bool]
    cpuinfo: str
    load: float | None
    memory: int | None
    available: int | None
    gpus: tuple[tuple[str, int], ...]
    cache: Path
    cache_size: int
    writable: bool
    free: int

    def document(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "system": self.system, "processor": self.processor, "cores": self.cores, "instructions": dict(self.instructions),
            "load": self.load, "memory_bytes": self.memory, "memory_available_bytes": self.available,
            "gpus": [{"name": name, "memory_bytes": memory} for name, memory in self.gpus],
            "cache": {"path": str(self.cache), "bytes": self.cache_size, "writable": self.writable, "free_bytes": self.free},
        }  # fmt: skip


def machine(torch: Any) -> Machine:
    """The machine that this process runs on. `torch`: the module, None where it cannot be imported."""
    tell("looking at the machine")
    known, cpuinfo, place = hardware(), _read(Path("/proc/cpuinfo")), cache_dir()
    memory = _memory(_read(Path("/proc/meminfo")))
    limit = memory_limit()  # of a job or a container, which may have a small part of the machine
    total, available = (min(found, limit) if found else None for found in map(memory.get, ("MemTotal", "MemAvailable")))
    there = _there(place)
    gpus = []
    if torch is not None and torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            about = torch.cuda.get_device_properties(number)
            gpus.append((str(about.name), int(about.total_memory)))
    tell("measuring the cache")
    return Machine(
        system=known["system"], processor=known["processor"], cores=cores(), instructions=instructions(cpuinfo), cpuinfo=cpuinfo,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None, memory=total, available=available,
        gpus=tuple(gpus), cache=place, cache_size=size_of(place), writable=os.access(there, os.W_OK),
        free=shutil.disk_usage(there).free,
    )  # fmt: skip


def instructions(cpuinfo: str) -> dict[str, bool]:
    """Which of INSTRUCTIONS the processor has that /proc/cpuinfo describes.

    >>> instructions("flags : fpu avx2 avx512f")["AVX2"], instructions("")
    (True, {})
    """
    found = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    flags = set(found[1].split()) if found else set()
    return {name: any(one in flags for one in any_of) for name, any_of in INSTRUCTIONS.items()} if flags else {}


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; 0 where there is none. A file that vanishes meanwhile does not count."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


def _there(place: Path) -> Path:
    """The folder itself, or the nearest one above that is there."""
    return next(folder for folder in (place, *place.absolute().parents) if folder.is_dir())


def _memory(meminfo: str) -> dict[str, int]:
    return {name: int(amount) * 1024 for name, amount in re.findall(r"^(\w+):\s+(\d+) kB$", meminfo, re.MULTILINE)}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
