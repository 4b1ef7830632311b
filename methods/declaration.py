"""What a method says of itself, read from its source without importing it, or from its class where that does not do."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from methods.base import Method

NEEDS = ("english", "idf")
KINDS = ("distil", "translate", "none", "map", "english", "retriever")
# Annotations of parameters whose value is itself a method spec -> of which kind that method is.
NAMES_A_METHOD = {"MethodText": "distil", "TranslationText": "translate"}
TYPES = ("int", "float", "str", "bool", *NAMES_A_METHOD)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")  # part of cell ids, which are names of folders
_FACTS = (
    "needs", "shuffle_pairs", "code_switched", "english_only", "own_targets", "train_on", "placing", "scorers", "role", "asks",
    "when", "highlight", "translator",
)  # fmt: skip
_LITERALS = ("name", "summary", "reference", "kind", "version", *_FACTS)
ENCODED, SPARSE = ("dense", "late"), "sparse"  # scorers: vectors of an encoder; words, without any encoder
SPACES = ("english", "own")  # whose mean is subtracted from a query: that of English, or that of its own language
ROLES = ("", "floor", "ceiling", "its own ceiling", "no training", "not budget-matched")
ASKS = ("own", "english")
TRAIN_ON = ("order", "guard")
SWITCHING = ("share", "rounds")  # parameters that the code switching of `code_switched` reads


class MethodError(ValueError):
    """A method, a parameter or a file of a method that cannot be used; the message says why and what is allowed."""


class NotLiteral(MethodError):
    """The declaration cannot be read from the source alone: parts are inherited, imported or computed."""


@dataclass(frozen=True)
class Param:
    """One parameter of a method."""

    type: str
    default: Any
    help: str
    choices: tuple[Any, ...] = ()
    search: tuple[Any, ...] = ()  # values among which `bench tune` draws
    later: bool = False  # see `methods.base.option`


@dataclass(frozen=True)
class Declaration:
    """What a method says of itself, and where it says it.

    Attributes:
        module: importable name of its module; empty for a file.
        cls: its class there.
        source: where a plug-in comes from: `path/to/file.py:Class`, or `package.module:Class` of an installed
            package; empty for a built-in method.
        needs and all below: see `methods.base.Method`.
    """

    name: str
    summary: str
    reference: str
    kind: str
    version: int
    module: str
    params: dict[str, Param] = field(default_factory=dict)
    cls: str = ""
    source: str = ""
    needs: tuple[str, ...] = ()
    shuffle_pairs: bool = False
    code_switched: bool = False
    english_only: bool = False
    own_targets: bool = False
    train_on: str = "order"
    placing: str = ""
    scorers: tuple[str, ...] = ENCODED
    role: str = ""
    asks: str = "own"
    when: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    highlight: int = 0
    translator: str = ""

    @property
    def trained(self) -> bool:
        """Whether a cell of it is trained (and so depends on the languages and the seed)."""
        return self.kind in ("distil", "translate", "map")


def base_scorer(scorer: str) -> str:
    """The scorer, without the space in which it was asked.

    >>> base_scorer("late_own"), base_scorer("late"), base_scorer("sparse")
    ('late', 'late', 'sparse')
    """
    base, _, space = scorer.rpartition("_")
    return base if base in ENCODED and space in SPACES else scorer


def declaring(tree: ast.Module) -> list[str]:
    """Names of the classes in a file that declare a method: those with a name and a summary of their own."""
    return [cls.name for cls in _classes(tree).values() if {"name", "summary"} <= set(_values(cls))]


def from_source(tree: ast.Module, name: str, module: str, strict: bool = False) -> Declaration:
    """The declaration of class `name` in a parsed file.

    Args:
        tree: the file.
        name: of the class.
        module: importable name of the file's module, for the result.
        strict: accept only what the source settles: a direct subclass of `Method` whose `Params`, if any,
            stand in the same file. Without it the class is taken at its word.

    Raises:
        NotLiteral: the source does not settle it; importing the class may.
    """
    classes = _classes(tree)
    cls = classes[name]
    values = _values(cls)
    if strict and [_last(base) for base in cls.bases] != ["Method"]:
        raise NotLiteral(f"{name} inherits from other than Method")
    try:
        literal = {key: ast.literal_eval(values[key]) for key in _LITERALS if key in values}
        own = values.get("Params")
        known = classes.get(own.id) if isinstance(own, ast.Name) else None
        if own is not None and (known is None or (strict and known.bases)) and _last(own) != "NoParams":
            raise NotLiteral(f"the parameters of {name} stand in another file")
        params = _params(known) if known is not None else {}
    except (ValueError, KeyError, IndexError, TypeError, SyntaxError) as error:
        if isinstance(error, NotLiteral):
            raise
        raise NotLiteral(f"the declaration of {name} is not made of literals: {error}") from error
    if "name" not in literal or "summary" not in literal:
        raise NotLiteral(f"{name} has no name or no summary of its own")
    return checked(
        Declaration(
            literal["name"], literal["summary"], literal.get("reference", ""), literal.get("kind", "distil"),
            literal.get("version", 1), module, params, name, **{key: literal[key] for key in _FACTS if key in literal},
        )
    )  # fmt: skip


def from_class(cls: type[Method], module: str) -> Declaration:
    """The declaration of an imported class.

    Raises:
        MethodError: a part is missing or of the wrong kind.
    """
    missing = [key for key in ("name", "summary") if not isinstance(getattr(cls, key, None), str)]
    if missing:
        raise MethodError(f"{cls.__name__} declares no {' and no '.join(missing)}")
    params = {}
    if not dataclasses.is_dataclass(cls.Params):
        raise MethodError(f"Params of {cls.__name__} is no dataclass")
    for one in dataclasses.fields(cls.Params):
        if one.default is dataclasses.MISSING:
            raise MethodError(f"parameter {one.name} of {cls.__name__} has no default")
        kind = one.type if isinstance(one.type, str) else getattr(one.type, "__name__", str(one.type))
        data = one.metadata
        params[one.name] = Param(
            kind, one.default, data.get("help", ""), tuple(data.get("choices", ())), tuple(data.get("search", ())),
            bool(data.get("later", False)),
        )  # fmt: skip
    reference = getattr(cls, "reference", "")
    return checked(
        Declaration(
            cls.name, cls.summary, reference, cls.kind, cls.version, module, params, cls.__name__,
            **{key: getattr(cls, key) for key in _FACTS},
        )
    )  # fmt: skip


def checked(found: Declaration) -> Declaration:
    """The declaration, if everything in it can be used.

    Raises:
        MethodError: a name that cannot be part of a file name, an unknown kind, a parameter of an unknown type.
    """
    if not isinstance(found.name, str) or not _NAME.fullmatch(found.name):
        raise MethodError(f"{found.name!r} is no name for a method: use letters, digits, _ and -")
    if found.kind not in KINDS:
        raise MethodError(f"method {found.name!r} is of kind {found.kind!r} (allowed: {', '.join(KINDS)})")
    if not isinstance(found.needs, tuple) or not set(found.needs) <= set(NEEDS):
        raise MethodError(f"method {found.name!r} needs {found.needs!r} (allowed: a tuple of {', '.join(NEEDS)})")
    if found.code_switched and (lacking := [key for key in SWITCHING if key not in found.params]):
        raise MethodError(f"method {found.name!r} is code_switched, but has no parameter {' and no '.join(lacking)}")
    said = (("role", found.role, ROLES), ("asks", found.asks, ASKS), ("train_on", found.train_on, TRAIN_ON))
    for key, given, allowed in said:
        if given not in allowed:
            raise MethodError(f"{key} of method {found.name!r} is {given!r} (allowed: {', '.join(map(repr, allowed))})")
    if not found.scorers or not set(found.scorers) <= {*ENCODED, SPARSE}:
        raise MethodError(f"scorers of method {found.name!r} are {found.scorers!r} (allowed: {', '.join((*ENCODED, SPARSE))})")
    if unknown := [key for key in found.when if key.partition("=")[0] not in found.params]:
        raise MethodError(f"method {found.name!r} tells facts by {unknown[0]}, which is none of its parameters")
    if not isinstance(found.version, int):
        raise MethodError(f"the version of method {found.name!r} is {found.version!r}, not a whole number")
    for key, param in found.params.items():
        if param.type not in TYPES:
            raise MethodError(f"parameter {key} of {found.name!r} is of type {param.type} (allowed: {', '.join(TYPES)})")
    return found


def _classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def _values(cls: ast.ClassDef) -> dict[str, ast.expr]:
    """What the body of a class assigns, by name."""
    found: dict[str, ast.expr] = {}
    for node in cls.body:
        if isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
            found[node.target.id] = node.value
        elif isinstance(node, ast.Assign):
            found |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
    return found


def _last(node: ast.expr) -> str:
    """`Method` of both `Method` and `base.Method`."""
    return ast.unparse(node).rpartition(".")[2]


def _params(cls: ast.ClassDef) -> dict[str, Param]:
    found = {}
    for node in cls.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call) and isinstance(node.target, ast.Name):
            arguments = [ast.literal_eval(a) for a in node.value.args]
            named = {k.arg: ast.literal_eval(k.value) for k in node.value.keywords}
            default = arguments[0] if arguments else named["default"]
            text = arguments[1] if len(arguments) > 1 else named["help"]
            choices = arguments[2] if len(arguments) > 2 else named.get("choices", ())
            search = arguments[3] if len(arguments) > 3 else named.get("search", ())
            later = bool(named.get("later", False))
            found[node.target.id] = Param(ast.unparse(node.annotation), default, text, tuple(choices), tuple(search), later)
        elif isinstance(node, ast.AnnAssign):
            # A plain default has no help, and the class would not be an `option`: only the import can say more.
            raise NotLiteral(f"parameter {ast.unparse(node.target)} is no option(...)")
    return found
