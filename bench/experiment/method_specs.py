"""Method specs of an experiment: mistakes as `BenchError`s, methods in files, the code with which a cell was planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench.base.errors import BenchError
from methods import plugins, registry

if TYPE_CHECKING:
    from methods.base import Method

HINT = "`bench methods` lists the methods and their parameters"


def method_spec(text: str, files: Mapping[str, str] | None = None) -> registry.MethodSpec:
    """`registry.parse_spec` with its error as a `BenchError`."""
    try:
        return registry.parse_spec(text, files)
    except registry.MethodError as error:
        raise BenchError(str(error), HINT) from error


def load_method(spec: registry.MethodSpec) -> Method:
    """`registry.load` with its error as a `BenchError` (imports torch)."""
    try:
        return registry.load(spec)
    except registry.MethodError as error:
        raise BenchError(str(error), HINT) from error


def files_of(specs: Iterable[registry.MethodSpec]) -> dict[str, str]:
    """Name -> `path/to/mine.py:MyLoss` of the methods that lie in files.

    Raises:
        BenchError: two of them have one name; in tables and folders they could not be told apart.
    """
    found: dict[str, str] = {}
    for spec in specs:
        if spec.source:
            first = found.setdefault(spec.name, spec.source)
            if _resolved(first) != _resolved(spec.source):
                raise BenchError(f"{first} and {spec.source} are both named {spec.name!r}", "give each its own `name`")
    return found


def code_key(spec: registry.MethodSpec) -> dict[str, str]:
    """The content hash of a method from outside, as part of a cell's `model_keys`; nothing for a built-in method."""
    hashes = [plugins.content_hash(registry.declaration(one)) for one in (spec, *registry.inner(spec))]
    digest = "+".join(filter(None, hashes))
    return {"plugin": digest} if digest else {}


def planned_method(text: str, source: str, keys: Mapping[str, str]) -> Method:
    """The method of a cell, if its code is still that with which the cell was planned.

    Args:
        text: the cell's method.
        source: `path/to/mine.py:MyLoss` if it lies in a file, else empty.
        keys: the cell's `model_keys`.

    Raises:
        BenchError: its code was edited since: the result would be stored as that of the old code.
    """
    spec = method_spec(text, {text.partition("(")[0]: source} if source else None)
    if code_key(spec).get("plugin") != keys.get("plugin"):
        raise BenchError(f"the code of {spec.name} ({source or 'a plug-in'}) was changed since the run began", "run again")
    return load_method(spec)


def _resolved(source: str) -> tuple[Path, str]:
    path, _, cls = source.rpartition(":")
    return Path(path).expanduser().resolve(), cls
