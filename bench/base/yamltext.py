"""YAML of unknown origin into plain values: no code, no bombs of aliases, no nesting without end."""

from __future__ import annotations

from typing import Any

import yaml

# The C reader is several times faster; it is missing only where PyYAML was built without libyaml.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 100  # levels; the readers recurse, the C one without a guard
UNFOLDED = 100_000  # values that aliases may add to those that are written


def parsed(text: str, loader: Any = Loader) -> Any:
    """The value of a YAML text.

    Args:
        loader: a safe one.

    Raises:
        yaml.YAMLError: it is no YAML, names a type of Python's, is nested more than `DEEPEST` levels deep, has an alias inside
            of what it stands for, or aliases that unfold to more than `UNFOLDED` values. Nothing else is raised for a text.
    """
    try:
        _check(text)
        return yaml.load(text, Loader=loader)
    except (ValueError, OverflowError, TypeError, KeyError) as error:  # a date without such a day, an int of 5,000 digits
        raise yaml.YAMLError(f"it holds a value that cannot be read: {error}") from error


def _check(text: str) -> None:
    """Reads the events alone, which takes no recursion, and adds up what aliases stand for."""
    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []  # anchor, values so far
    added = 0
    for event in yaml.parse(text, Loader=Loader):
        size = 0
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in {anchor for anchor, _ in open_}:
                raise _error(event, f"the alias *{event.anchor} stands inside of what it stands for")
            size = sizes.get(str(event.anchor), 1)
            added += size
            if added > UNFOLDED:
                raise _error(event, f"its aliases unfold to more than {UNFOLDED:,} values")
        elif isinstance(event, yaml.ScalarEvent):
            size = 1
            if event.anchor:
                sizes[event.anchor] = size
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(open_) == DEEPEST:
                raise _error(event, f"it is nested more than {DEEPEST} levels deep")
            open_.append((event.anchor, 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_.pop()
            if anchor:
                sizes[anchor] = size
        if open_:
            open_[-1] = (open_[-1][0], open_[-1][1] + size)


def _error(event: Any, said: str) -> yaml.YAMLError:
    return yaml.MarkedYAMLError(problem=said, problem_mark=event.start_mark)
