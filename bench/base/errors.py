"""Errors meant for a person: what was given, what is allowed, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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


def unknown(kind: str, given: str, allowed: Iterable[str], hint: str = "") -> BenchError:
    """A `BenchError` for a name that does not exist, with its nearest matches.

    >>> print(unknown("method", "optcal", ["optical", "nmt"]))
    unknown method 'optcal': did you mean 'optical'?
      allowed: nmt, optical
    """
    names = sorted(set(allowed))
    lower = {name.lower(): name for name in names}
    near = [lower[match] for match in difflib.get_close_matches(given.lower(), lower, n=3, cutoff=0.5)]
    question = ": did you mean " + " or ".join(repr(name) for name in near) + "?" if near else ""
    listed = "allowed: " + (", ".join(names[:40]) + (", ..." if len(names) > 40 else "") if names else "none")
    return BenchError(f"unknown {kind} {given!r}{question}", f"{listed}\n  {hint}" if hint else listed)
