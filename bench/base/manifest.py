"""What a result was made with: versions, commit, hardware, memory. No host names, user names or paths."""

from __future__ import annotations

import math
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.base.paths import REPOSITORY

PACKAGES = (
    "torch", "transformers", "tokenizers", "pytorch-lightning", "geomloss", "faiss-cpu", "numpy", "pandas",
    "sacrebleu", "safetensors",
)  # fmt: skip

# What tables take from the manifest of a cell, and of which types it must be.
NUMBERS = ("pairs_per_second", "peak_memory_mb", "pairs_seen", "pairs_asked", "threads")
TABLES_OF_NUMBERS = ("seconds", "pairs_by_language", "pairs_by_source")
MAPPINGS = ("dev", "collapse", "translation", "hardware", "versions")
TEXTS = ("precision", "finished", "started", "method")

OWN, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")  # which control groups this process is in; what they may have


@cache
def versions(also: Sequence[str] = ()) -> dict[str, str]:
    """Version of Python, of this project and of the packages that touch numbers, and of others (nothing is imported)."""
    from bench import __version__

    found = {"python": platform.python_version(), "xlsd-bench": __version__}
    for name in (*PACKAGES, *also):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def git() -> dict[str, Any] | None:
    """Commit of the source tree and whether it has uncommitted changes; None where the code is no checkout.

    An installed package may lie inside somebody's repository, whose commit says nothing about it.
    """
    if not (REPOSITORY / ".git").exists():
        return None

    def ask(*arguments: str) -> str:
        command = ["git", "-C", str(REPOSITORY), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


@cache
def hardware() -> dict[str, Any]:
    """Processor, usable cores, memory, and the accelerator if there is one. Equal on equal machines."""
    found: dict[str, Any] = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
    }
    if name := accelerator():
        found["accelerator"] = name
    return found


def accelerator() -> str | None:
    """Name of the GPU that torch takes; None where there is none. Torch is asked where it is loaded, else the driver is."""
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "cuda"):
        return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and (not visible.strip() or visible.strip().startswith("-")):
        return None
    if "+cpu" in versions().get("torch", "+cpu"):
        return None
    names = _gpus()
    first = (visible or "0").partition(",")[0].strip()
    return (names[int(first)] if first.isdecimal() and int(first) < len(names) else names[0]) if names else None


def multiplies_bfloat16(cpuinfo: str | None = None) -> bool:
    """Whether bfloat16 is the faster precision on this processor: any with AMX, AMD's with AVX512-BF16.

    Known, not measured at each start: a busy machine would measure something else in each process, and cells of one table
    would differ. Intel's AVX512-BF16 without AMX (virtual machines hide it) is the slower one: 1280 x 384 x 1536 on one core
    of a Sapphire Rapids, 84 GFLOP/s in bfloat16 and 140 in float32.

    Args:
        cpuinfo: what /proc/cpuinfo says; default: this machine's.
    """
    if cpuinfo is None:
        try:
            cpuinfo = Path("/proc/cpuinfo").read_text()
        except OSError:
            return False
    found = dict(re.findall(r"^(vendor_id|flags)\s*:\s*(.*)$", cpuinfo, re.MULTILINE))
    flags = found.get("flags", "").split()
    return "amx_bf16" in flags or ("avx512_bf16" in flags and found.get("vendor_id") == "AuthenticAMD")


def precision_here(asked: str) -> str:
    """The Lightning precision that `float32`, `bf16` or `auto` comes to on this machine, without loading torch."""
    fast = asked == "bf16" or asked == "auto" and (accelerator() is not None or multiplies_bfloat16())
    return "bf16-mixed" if fast else "32-true"


def cores() -> int:
    """Cores that this process may use (affinity and container quota)."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(count, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):
        return count


def memory_limit() -> int:
    """Bytes of main memory that this process may have: the machine's, or less where its control group or one above says so.

    A job of a cluster, or a container, may have a small part of a large machine.
    """
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    try:
        lines = OWN.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:  # not Linux
        lines = []
    for number, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if number == "0":  # version 2
            root, name = GROUPS, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = GROUPS / "memory", "memory.limit_in_bytes"
        else:
            continue
        own = root / path.strip("/")
        found += [limit for folder in (own, *own.parents) if folder.is_relative_to(root) and (limit := _limit(folder / name))]
    return min(found)


def _limit(file: Path) -> int:
    """0: none is set."""
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # not there, or "max"
        return 0


_file_pages_of_origin = 0.0  # of the process that this one is a copy of


def peak_memory_mb() -> int:
    """Largest resident memory of this process so far.

    A copy of a process has what that one had loaded, but counts pages of files only once it has touched them: those that it has
    not are added, so that it counts like a process that was started.
    """
    untouched = max(0.0, _file_pages_of_origin - file_pages_mb()) if _file_pages_of_origin else 0.0
    return round(_resident_mb() + untouched)


def copied_from(file_pages: float) -> None:
    """Told to a copy of a process: what that one has of `file_pages_mb`."""
    global _file_pages_of_origin
    _file_pages_of_origin = file_pages


def file_pages_mb() -> float:
    """Resident memory of this process that is pages of files, those of libraries above all; 0 where the system does not say."""
    return _status_mb("RssFile:") or 0.0


def _resident_mb() -> float:
    if (peak := _status_mb("VmHWM:")) is not None:
        return peak
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _status_mb(name: str) -> float | None:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def now() -> str:
    """Time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def _gpus() -> list[str]:
    """Names of the NVIDIA GPUs of this machine, in the order of their numbers."""
    try:
        asked = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in told.splitlines() if line.strip()]


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def check_facts(manifest: Mapping[str, Any]) -> None:
    """Raises `ValueError` where a fact is of another type than `bench.execution.job` writes; one that is not there may be so."""
    for name in NUMBERS:
        if not _number(manifest.get(name, 0), none=True):
            raise ValueError(f"{name} in manifest.json is no number")
    for name in TABLES_OF_NUMBERS:
        found = manifest.get(name) or {}
        if not isinstance(found, Mapping) or not all(_number(value) for value in found.values()):
            raise ValueError(f"{name} in manifest.json is no table of numbers")
    for name in MAPPINGS:
        # Earlier versions wrote the outcome of the collapse check as a text or a truth value.
        if not isinstance(manifest.get(name) or {}, Mapping | (str | bool if name == "collapse" else Mapping)):
            raise ValueError(f"{name} in manifest.json is no table")
    for name in TEXTS:
        if not isinstance(manifest.get(name) or "", str):
            raise ValueError(f"{name} in manifest.json is no text")


def _number(value: Any, none: bool = False) -> bool:
    return value is None and none or isinstance(value, int | float) and not isinstance(value, bool)
