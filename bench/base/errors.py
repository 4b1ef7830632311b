"""Errors meant for a person: what was given, what is allowed, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

FILE = 0.75  # how alike names of files must be: an ending alone makes many alike


class BenchError(Exception):
    """A mistake or a circumstance that the user can do something about.

    Args:
        message: what is wrong, with the value that was given.
        hint: what to do about it; printed on a line of its own.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)  # both, so that it survives pickling between processes
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


def did_you_mean(given: str, names: Iterable[str], least: float = 0.5) -> str:
    """`: did you mean 'optical'?` with up to three of the names, the nearest first; empty where none is near.

    Args:
        least: how alike a name must be, from 0 to 1.

    >>> did_you_mean("lwo", ["lo", "wo", "Luo", "low"]), did_you_mean("x", ["optical"])
    (": did you mean 'low' or 'wo' or 'lo'?", '')
    """
    lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(given.lower(), lower, n=len(lower) or 1, cutoff=least)
    near.sort(key=lambda name: sorted(name) != sorted(given.lower()))  # letters that changed places come first
    return ": did you mean " + " or ".join(repr(lower[name]) for name in near[:3]) + "?" if near else ""


def no_file(kind: str, path: Path, hint: str = "check the path") -> BenchError:
    """A `BenchError` for a file or folder that does not exist, with what lies beside it under a similar name."""
    try:
        beside = [other.name for other in path.parent.iterdir()]
    except OSError:
        beside = []
    return BenchError(f"{kind} {str(path)!r} does not exist{did_you_mean(path.name, beside, FILE)}", hint)


def unknown(kind: str, given: str, allowed: Iterable[str], hint: str = "") -> BenchError:
    """A `BenchError` for a name that does not exist, with its nearest matches.

    >>> print(unknown("method", "optcal", ["optical", "nmt"]))
    unknown method 'optcal': did you mean 'optical'?
      allowed: nmt, optical
    """
    names = sorted(set(allowed))
    question = did_you_mean(given, names)
    listed = "allowed: " + (", ".join(names[:40]) + (", ..." if len(names) > 40 else "") if names else "none")
    return BenchError(f"unknown {kind} {given!r}{question}", f"{listed}\n  {hint}" if hint else listed)
