"""Values as people give them in Python, turned into those of the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Names = str | Iterable[str | int]


def texts(given: Names | int | None) -> tuple[str, ...]:
    """A value or several as texts; comma lists in them are taken apart, as on the command line."""
    from bench.experiment.selection import split_list

    values = [given] if isinstance(given, str | int) else given or ()
    return split_list([str(value) for value in values])


def ints(given: int | Iterable[int]) -> tuple[int, ...]:
    return (given,) if isinstance(given, int) else tuple(given)


def written(value: Any) -> str:
    """A value as it is typed after `--set name=`: JSON, which YAML reads."""
    import json

    return value if isinstance(value, str) else json.dumps(value)
