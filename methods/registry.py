"""Names, declarations and parameters of methods, read from their source without importing torch.

A method's declaration is a set of literals, so planning a grid or rebuilding a leaderboard need not
pay for torch, and a file that cannot be imported can still be listed.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from methods import plugins
from methods.declaration import NAMES_A_METHOD, Declaration, MethodError, Param, declaring, from_source

if TYPE_CHECKING:
    from methods.base import Method

__all__ = [
    "Declaration", "MethodError", "MethodSpec", "Param", "all_params", "declaration", "declared", "failures", "load",
    "named", "named_model", "names", "parse_spec",
]  # fmt: skip
FOLDER = Path(__file__).parent
MODEL_PARAMETERS = ("model", "encoder")
NOT_METHODS = {"__init__", "base", "conformance", "declaration", "facts", "plugins", "registry"}
_SPEC = re.compile(r"\s*(?P<name>(?:.+?\.py:)?[\w-]+|[^()]*\.py)\s*(?:\((?P<params>.*)\))?\s*")


@dataclass(frozen=True)
class MethodSpec:
    """A method with the parameters that differ from its defaults; `str` is what it is called everywhere.

    Attributes:
        source: `path/to/mine.py:MyLoss` of a method that lies in a file of its own; else empty.
    """

    name: str
    params: tuple[tuple[str, Any], ...] = ()
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.name + self._inside

    @property
    def text(self) -> str:
        """What parses back to this very spec, without knowing of any file."""
        return (self.source or self.name) + self._inside

    @property
    def _inside(self) -> str:
        inside = ",".join(f"{key}={value}" for key, value in self.params)
        return f"({inside})" if inside else ""


def built_in_files() -> list[Path]:
    """Files of this package that may declare methods, in its rooms or beside them."""
    return [path for path in sorted(FOLDER.rglob("*.py")) if path.parent != FOLDER or path.stem not in NOT_METHODS]


def names() -> list[str]:
    """All methods that can be called by name, sorted: the built-in ones and those of installed packages."""
    return sorted(_known()[0])


def failures() -> dict[str, str]:
    """Methods that cannot be used, by name, with the reason."""
    return dict(_known()[1])


def declared(name: str) -> Declaration:
    """Declaration of one method.

    Raises:
        MethodError: no such method, or one that cannot be used.
    """
    found, failed = _known()
    if name in failed and name not in found:
        raise MethodError(f"method {name!r} cannot be used: {failed[name]}")
    if name not in found:
        raise MethodError(_unknown("method", name, found))
    return found[name]


def declaration(spec: MethodSpec) -> Declaration:
    """Declaration of the method of a spec, wherever it lies.

    Raises:
        MethodError: no such method, or one that cannot be used.
    """
    return _from_file(spec.source) if spec.source else declared(spec.name)


def parse_spec(text: str, files: Mapping[str, str] | None = None) -> MethodSpec:
    """`contrastive(form=dense)` or `path/to/mine.py:MyLoss(weight=2)` as a `MethodSpec` with typed, checked values.

    Args:
        text: name or file and class of a method, then its parameters; values that are the default are left out.
        files: name -> `path/to/mine.py:MyLoss` of methods in files that may be called by their name.

    Raises:
        MethodError: not of this form, or an unknown method, parameter or value.
    """
    match = _SPEC.fullmatch(text)
    if not match:
        raise MethodError(f"cannot read method {text!r}: write name or name(param=value,param=value)")
    name = match["name"].strip()
    source = name if ".py" in name else (files or {}).get(name, "")
    found = _from_file(source) if source else declared(name)
    if source != name and found.name != name:
        raise MethodError(f"{source} declares the name {found.name!r}, not {name!r}")
    given: dict[str, Any] = {}
    for item in filter(None, (part.strip() for part in outer_commas(match["params"] or ""))):
        key, equals, value = (part.strip() for part in item.partition("="))
        if not equals:
            raise MethodError(f"cannot read {item!r} in {text!r}: write param=value")
        given[key] = _typed(found, key, value)
    kept = {k: v for k, v in sorted(given.items()) if v != found.params[k].default}
    return MethodSpec(found.name, tuple(kept.items()), source)


def all_params(spec: MethodSpec) -> dict[str, Any]:
    """Every parameter with its value, defaults included: what decides a result besides the method's version.

    A parameter that came later (`option(..., later=True)`) is here only if it is given: its default is what the method did
    before. A parameter that names a method brings along that method's version and parameters (`method.temperature`).
    """
    own = declaration(spec)
    found = {key: param.default for key, param in own.params.items() if not param.later} | dict(spec.params)
    for key, param in own.params.items():
        if param.type in NAMES_A_METHOD and key in found:
            inner = parse_spec(found[key])
            more = {"version": declared(inner.name).version} | all_params(inner)
            found |= {f"{key}.{name}": value for name, value in more.items()}
    return found


def inner(spec: MethodSpec) -> list[MethodSpec]:
    """The methods that the parameters of a spec name."""
    own, values = declaration(spec), dict(spec.params)
    named = [values.get(key, param.default) for key, param in own.params.items() if param.type in NAMES_A_METHOD]
    return [parse_spec(text) for text in named]


def named_model(params: Mapping[str, Any]) -> str:
    """The model that a method names itself, or that of the method it uses (`fused(method=nmt(model=DIR))`); else nothing.

    Args:
        params: as of `all_params`.
    """
    return named(params, *MODEL_PARAMETERS)


def named(params: Mapping[str, Any], *names: str) -> str:
    """The first value that is not empty of the parameters of these names, of the method's own or of the method it uses."""
    return next((str(value) for key, value in params.items() if key.rpartition(".")[2] in names and value), "")


def load(spec: MethodSpec) -> Method:
    """The method itself, with its parameters (imports torch).

    Raises:
        MethodError: a method from outside that cannot be imported, or parameters that do not go together.
    """
    found = declaration(spec)
    cls = plugins.class_of(found) if found.source else getattr(importlib.import_module(found.module), found.cls)
    try:
        return cls(**dict(spec.params))
    except MethodError:
        raise
    except Exception as error:  # of a method from outside it can be anything
        raise MethodError(f"{spec.text} cannot be made: {type(error).__name__}: {error}") from error


def _typed(declaration: Declaration, key: str, value: str) -> Any:
    if key not in declaration.params:
        raise MethodError(_unknown(f"parameter of {declaration.name}", key, declaration.params))
    param = declaration.params[key]
    if param.type in NAMES_A_METHOD:
        kind, inner = NAMES_A_METHOD[param.type], parse_spec(value)
        of = declared(inner.name)
        if of.kind != kind or any(p.type in NAMES_A_METHOD for p in of.params.values()):
            what = "with a loss of its own" if kind == "distil" else "that translates by itself"
            raise MethodError(f"{declaration.name}: {key}={value!r} is no method {what}")
        return str(inner)
    try:
        if param.type == "bool":
            typed: Any = {"true": True, "false": False, "1": True, "0": False}[value.lower()]
        else:
            typed = {"int": int, "float": float, "str": str}[param.type](value)
    except (ValueError, KeyError):
        raise MethodError(f"{declaration.name}: {key}={value!r} is not a {param.type}") from None
    if param.choices and typed not in param.choices:
        raise MethodError(_unknown(f"value of {declaration.name}.{key}", str(typed), map(str, param.choices)))
    return typed


def outer_commas(text: str) -> list[str]:
    """Parts between the commas that are in no parentheses."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _unknown(kind: str, given: str, allowed: Any) -> str:
    options = sorted(allowed)
    near = difflib.get_close_matches(given, options, n=3, cutoff=0.5)
    hint = f": did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"unknown {kind} {given!r}{hint} (allowed: {', '.join(options) or 'none'})"


def _from_file(source: str) -> Declaration:
    found = plugins.from_file(source)
    if (other := _known()[0].get(found.name)) is not None:
        whose = f"that of {other.source}" if other.source else "built in"
        raise MethodError(f"{source} declares the name {found.name!r}, which another method has ({whose}): give it its own")
    return found


@cache
def _known() -> tuple[dict[str, Declaration], dict[str, str]]:
    """Declarations by name, and the reasons why other methods cannot be used."""
    found: dict[str, Declaration] = {}
    failed: dict[str, str] = {}
    for path in built_in_files():
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            module = ".".join(("methods", *path.relative_to(FOLDER).with_suffix("").parts))
            found |= {d.name: d for d in (from_source(tree, cls, module) for cls in declaring(tree))}
        except (MethodError, SyntaxError, ValueError) as error:
            failed[path.stem] = f"{path.name}: {error}"
    others, other_failures = plugins.installed()
    for name, one in others.items():
        if name in found:
            other_failures[name] = f"{one.source} declares the name {name!r}, which a built-in method has"
        else:
            found[name] = one
    return found, failed | other_failures
