"""The memory of this machine: how much a process may have, and what it has freed given back to the system."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

OWN, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")  # which control groups this process is in; what they may have


def give_back() -> None:
    """Give back what is free in pieces; nothing happens where the allocator of the C library has no such call.

    Tensors come in other sizes in every step, so their old places fit no new ones: after some hundred steps as much lies idle
    as is in use. What is given back has to be had again page by page, so not in every step.
    """
    if trim := _trim():
        trim(0)


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


@cache
def _trim() -> Callable[[int], int] | None:
    """`malloc_trim` of glibc."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
