"""What a process has freed, given back to the system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Give back what is free in pieces; nothing happens where the allocator of the C library has no such call.

    Tensors come in other sizes in every step, so their old places fit no new ones: after some hundred steps as much lies idle
    as is in use. What is given back has to be had again page by page, so not in every step.
    """
    if trim := _trim():
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """`malloc_trim` of glibc."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
