"""Which settings `bench tune` tries: the defaults first, then draws from the search space that the method declares."""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from bench.base.errors import BenchError
from methods import registry


def search_space(text: str, shared: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    """Values by name: those that the method's `Params` declare (`search=`), then those of training.

    Args:
        text: method spec; a parameter that it sets is not searched.
        shared: training settings and their values, the same for every arm.
    """
    spec = registry.parse_spec(text)
    given = dict(spec.params)
    own = {key: param.search for key, param in registry.declaration(spec).params.items() if param.search and key not in given}
    if both := sorted(set(own) & set(shared)):
        raise BenchError(f"{', '.join(both)}: a parameter of {spec.name} and a training setting", "rename the parameter")
    return own | {key: tuple(values) for key, values in shared.items()}


def draw(text: str, shared: Mapping[str, Sequence[Any]], own: Mapping[str, Any], trials: int) -> list[dict[str, Any]]:
    """The trials of an arm: `{"method": spec, setting: value, ...}`.

    The first one is the method as given with the profile's own settings. The others are drawn without repetition and
    with equal chance from the product of the search space; the draw depends on the arm's name alone.

    Args:
        text: method spec.
        shared: training settings and the values to search, the same for every arm.
        own: their values in the profile.
        trials: how many.

    Raises:
        BenchError: the space has fewer points than trials are asked for.
    """
    space = search_space(text, shared)
    start = {"method": _written(text, {}), **{key: own[key] for key in shared}}
    points = [dict(zip(space, values, strict=True)) for values in product(*space.values())]
    found = [start]
    for point in random.Random(zlib.crc32(text.encode())).sample(points, len(points)):
        method = _written(text, {key: value for key, value in point.items() if key not in shared})
        trial = {"method": method, **{key: point[key] for key in shared}}
        if trial not in found:
            found.append(trial)
    if len(found) < trials:
        raise BenchError(
            f"{text} has {len(found)} settings to try, not {trials}",
            "ask for fewer trials, or give its parameters more values to search",
        )
    return found[:trials]


def _written(text: str, values: Mapping[str, Any]) -> str:
    """The method spec with these values as well."""
    spec = registry.parse_spec(text)
    inside = ",".join(f"{key}={value}" for key, value in (dict(spec.params) | dict(values)).items())
    name = spec.source or spec.name
    return registry.parse_spec(f"{name}({inside})" if inside else name).text
