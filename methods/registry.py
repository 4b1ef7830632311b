"""Names, declarations and parameters of methods, read from their source without importing torch.

A method's declaration is a set of literals, so planning a grid or rebuilding a leaderboard need not
pay for torch, and a file that cannot be imported can still be listed.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from methods.base import Method

FOLDER = Path(__file__).parent
NOT_METHODS = {"__init__", "base", "registry", "conformance"}
LITERALS = ("name", "summary", "reference", "kind", "version", "needs", "shuffle_pairs")
NAMES_A_METHOD = "MethodText"  # annotation of a parameter whose value is itself a method spec


class MethodError(ValueError):
    """An unknown method or parameter; the message says what is allowed."""


@dataclass(frozen=True)
class Param:
    """One parameter of a method."""

    type: str
    default: Any
    help: str
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """What a method says of itself."""

    name: str
    summary: str
    reference: str
    kind: str
    version: int
    module: str
    params: dict[str, Param] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    shuffle_pairs: bool = False

    @property
    def trained(self) -> bool:
        """Whether a cell of it is trained (and so depends on the languages and the seed)."""
        return self.kind in ("distil", "translate")


@dataclass(frozen=True)
class MethodSpec:
    """A method with the parameters that differ from its defaults; `str` gives the text that parses back."""

    name: str
    params: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        inside = ",".join(f"{key}={value}" for key, value in self.params)
        return f"{self.name}({inside})" if inside else self.name


def names() -> list[str]:
    """All built-in methods, sorted."""
    return sorted(_declarations())


def declared(name: str) -> Declaration:
    """Declaration of one method.

    Raises:
        MethodError: no such method.
    """
    found = _declarations()
    if name not in found:
        raise MethodError(_unknown("method", name, found))
    return found[name]


def parse_spec(text: str) -> MethodSpec:
    """`contrastive(form=dense)` as a `MethodSpec` with typed, checked values; defaults are left out.

    Raises:
        MethodError: not of this form, or an unknown method, parameter or value.
    """
    match = re.fullmatch(r"\s*([\w-]+)\s*(?:\((.*)\))?\s*", text)
    if not match:
        raise MethodError(f"cannot read method {text!r}: write name or name(param=value,param=value)")
    declaration = declared(match[1])
    given: dict[str, Any] = {}
    for item in filter(None, (part.strip() for part in _outer_commas(match[2] or ""))):
        key, equals, value = (part.strip() for part in item.partition("="))
        if not equals:
            raise MethodError(f"cannot read {item!r} in {text!r}: write param=value")
        given[key] = _typed(declaration, key, value)
    kept = {k: v for k, v in sorted(given.items()) if v != declaration.params[k].default}
    return MethodSpec(declaration.name, tuple(kept.items()))


def all_params(spec: MethodSpec) -> dict[str, Any]:
    """Every parameter with its value, defaults included: what decides a result besides the method's version.

    A parameter that names a method brings along that method's version and parameters (`method.temperature`).
    """
    declaration = declared(spec.name)
    found = {key: param.default for key, param in declaration.params.items()} | dict(spec.params)
    for key, param in declaration.params.items():
        if param.type == NAMES_A_METHOD:
            inner = parse_spec(found[key])
            more = {"version": declared(inner.name).version} | all_params(inner)
            found |= {f"{key}.{name}": value for name, value in more.items()}
    return found


def load(spec: MethodSpec) -> Method:
    """The method itself, with its parameters (imports torch)."""
    from methods.base import REGISTERED

    importlib.import_module(declared(spec.name).module)
    return REGISTERED[spec.name](**dict(spec.params))


def _typed(declaration: Declaration, key: str, value: str) -> Any:
    if key not in declaration.params:
        raise MethodError(_unknown(f"parameter of {declaration.name}", key, declaration.params))
    param = declaration.params[key]
    if param.type == NAMES_A_METHOD:
        inner = parse_spec(value)
        of = declared(inner.name)
        if of.kind != "distil" or any(p.type == NAMES_A_METHOD for p in of.params.values()):
            raise MethodError(f"{declaration.name}: {key}={value!r} is no method with a loss of its own")
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


def _outer_commas(text: str) -> list[str]:
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


@cache
def _declarations() -> dict[str, Declaration]:
    paths = (path for path in sorted(FOLDER.glob("*.py")) if path.stem not in NOT_METHODS)
    return {d.name: d for path in paths for d in _read(path)}


def _read(path: Path) -> list[Declaration]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef)]
    params = {c.name: _params(c) for c in classes}
    result = []
    for cls in classes:
        values = {t.id: n.value for n in cls.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
        if "name" not in values or "summary" not in values:
            continue
        literal = {k: ast.literal_eval(values[k]) for k in LITERALS if k in values}
        own = values.get("Params")
        result.append(
            Declaration(
                name=literal["name"],
                summary=literal["summary"],
                reference=literal.get("reference", ""),
                kind=literal.get("kind", "distil"),
                version=literal.get("version", 1),
                module=f"methods.{path.stem}",
                params=params.get(own.id, {}) if isinstance(own, ast.Name) else {},
                needs=literal.get("needs", ()),
                shuffle_pairs=literal.get("shuffle_pairs", False),
            )
        )
    return result


def _params(cls: ast.ClassDef) -> dict[str, Param]:
    found = {}
    for node in cls.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call) and isinstance(node.target, ast.Name):
            arguments = [ast.literal_eval(a) for a in node.value.args]
            named = {k.arg: ast.literal_eval(k.value) for k in node.value.keywords}
            default = arguments[0] if arguments else named["default"]
            text = arguments[1] if len(arguments) > 1 else named["help"]
            choices = arguments[2] if len(arguments) > 2 else named.get("choices", ())
            found[node.target.id] = Param(ast.unparse(node.annotation), default, text, tuple(choices))
    return found
