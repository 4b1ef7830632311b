"""Methods from outside: a class in a file (`path/to/mine.py:MyLoss`), or an entry point of an installed package.

Like the built-in ones they are read from their source, without running it, wherever the source settles
the declaration: a direct subclass of `Method` made of literals. Where it does not (inherited or computed parts),
the file is imported, and with it torch.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import importlib
import importlib.util
import sys
import tempfile
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from methods.declaration import ENCODED, Declaration, MethodError, NotLiteral, declaring, from_class, from_source

GROUP = "xlsd_bench.methods"  # entry points: name = "package.module:Class"


def from_file(source: str) -> Declaration:
    """The declaration of `path/to/mine.py:MyLoss`. The file has to stand alone: beside it nothing is importable.

    Raises:
        MethodError: no such file or class, or a class that cannot be used; the message says why.
    """
    path, cls = _split(source)
    tree = _tree(path)
    if not cls:
        found = declaring(tree)
        choice = " or ".join(f"{path}:{name}" for name in found)
        raise MethodError(f"which class of {path}? " + (f"Write {choice}" if found else "It declares no method"))
    declaration = _declaration(tree, cls, "", source, lambda: _run_file(path))
    return dataclasses.replace(declaration, source=source)


def installed() -> tuple[dict[str, Declaration], dict[str, str]]:
    """Methods that installed packages offer, by their declared name, and why others cannot be used, by entry point."""
    found: dict[str, Declaration] = {}
    failures: dict[str, str] = {}
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            one = _from_entry_point(point)
            if one.name in found and found[one.name].source != one.source:
                raise MethodError(f"{one.source} and {found[one.name].source} are both named {one.name!r}")
            found[one.name] = one
        except MethodError as error:
            failures[point.name] = str(error)
    return found, failures


def class_of(declaration: Declaration) -> Any:
    """The class behind the declaration of a plug-in (imports it, and torch).

    Raises:
        MethodError: it cannot be imported, or is no subclass of `Method`.
    """
    if declaration.module:
        module = _run(lambda: _imported(declaration.module), declaration.source)
    else:
        path, _ = _split(declaration.source)
        module = _run(lambda: _run_file(path), declaration.source)
    return _class(module, declaration.cls, declaration.source)


def content_hash(declaration: Declaration) -> str:
    """sha256 of a plug-in: its file, or every file of its installed package (tables that it reads too). Empty for a built-in one.

    Where it lies does not matter, so a file may move. Modules of other packages are not covered.
    """
    if not declaration.source:
        return ""
    digest = hashlib.sha256(declaration.cls.encode())
    if declaration.module:
        top = _locate(declaration.module.partition(".")[0])
        roots = [Path(place) for place in top.submodule_search_locations or ()]
        files = [(path.relative_to(root).as_posix(), path) for root in roots for path in root.rglob("*")
                 if path.is_file() and "__pycache__" not in path.parts]  # fmt: skip
        for name, path in sorted(files) or [("", Path(str(top.origin)))]:
            digest.update(f"\0{name}\0".encode() + path.read_bytes())
    else:
        digest.update(b"\0" + _content(_split(declaration.source)[0]))
    return digest.hexdigest()


def _from_entry_point(point: metadata.EntryPoint) -> Declaration:
    if not point.attr or "." in point.attr:
        raise MethodError(f"its entry point is {point.value!r}, not of the form package.module:Class")
    spec = _locate(point.module)
    if spec.origin is None or not spec.origin.endswith(".py"):
        raise MethodError(f"{point.module} has no source file")
    tree = _tree(Path(spec.origin))
    found = _declaration(tree, point.attr, point.module, point.value, lambda: _imported(point.module))
    return dataclasses.replace(found, source=point.value)


def _declaration(tree: ast.Module, cls: str, module: str, source: str, run: Any) -> Declaration:
    """From the source if it settles the declaration, else from the class that `run()` makes."""
    if missing := _missing(tree):
        raise MethodError(f"{source} cannot be imported: there is no module {missing!r} here")
    if not any(isinstance(node, ast.ClassDef) and node.name == cls for node in tree.body):
        options = ", ".join(declaring(tree)) or "no class that declares a method"
        raise MethodError(f"{source}: the file has no class {cls!r} (it has: {options})")
    try:
        found = from_source(tree, cls, module, strict=True)
    except NotLiteral:
        found = from_class(_class(_run(run, source), cls, source), module)
    if found.role or found.asks != "own" or found.scorers != ENCODED or found.when:
        raise MethodError(f"{source} declares a role, asks, scorers or when: of the methods from outside all compete alike")
    if found.kind in ("translate", "retriever"):
        raise MethodError(f"{source} is of kind {found.kind!r}: of the methods from outside only losses can be trained")
    return found


def _imported(name: str) -> ModuleType:
    """A module of an installed package, from its source: compiled files stand for a size and a time, not for a content."""
    importlib.import_module("methods.base")  # torch is imported by now, from its compiled files
    before = sys.pycache_prefix, sys.dont_write_bytecode
    with tempfile.TemporaryDirectory() as empty:
        sys.pycache_prefix, sys.dont_write_bytecode = empty, True
        try:
            return importlib.import_module(name)
        finally:
            sys.pycache_prefix, sys.dont_write_bytecode = before


def _class(module: ModuleType, name: str, source: str) -> Any:
    from methods.base import Method

    cls = getattr(module, name, None)
    if not isinstance(cls, type) or not issubclass(cls, Method):
        raise MethodError(f"{source} is no subclass of methods.base.Method")
    return cls


def _run(load: Any, source: str) -> ModuleType:
    try:
        return load()
    except (Exception, SystemExit) as error:  # whatever a foreign file does when it is run
        text = (str(error).strip().splitlines() or [""])[0]
        raise MethodError(f"{source} cannot be imported: {type(error).__name__}: {text}") from error


def _run_file(path: Path) -> ModuleType:
    """The module in a file, run once for each content that it has had."""
    content = _content(path)
    place = path.expanduser().resolve()
    digest = hashlib.sha256(str(place).encode() + b"\0" + content).hexdigest()
    name = f"xlsd_plugin_{digest[:16]}"
    if name not in sys.modules:
        module = ModuleType(name)
        module.__file__ = str(place)
        sys.modules[name] = module  # dataclasses look their module up
        try:
            # Not through an import loader: its bytecode cache takes an edit within a second for the old file.
            exec(compile(content, str(place), "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _split(source: str) -> tuple[Path, str]:
    """Path and class of `path/to/mine.py:MyLoss`; an empty class if none is given."""
    path, dot, cls = source.rpartition(".py:")
    return (Path(path + ".py"), cls) if dot else (Path(source), "")


def _content(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise MethodError(f"cannot read {path}: {error.strerror}") from error


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(_content(path), filename=str(path))
    except (SyntaxError, ValueError) as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise MethodError(f"{path}{where}: {getattr(error, 'msg', error)}") from error


def _locate(module: str) -> ModuleSpec:
    """Where a module lies, without running it or the packages that it is in (`find_spec` runs the latter)."""
    top, *rest = module.split(".")
    name, spec = top, _find(top)
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            break
        name = f"{name}.{part}"
        spec = PathFinder.find_spec(name, list(spec.submodule_search_locations))
    if spec is None or name != module:
        raise MethodError(f"there is no module {module!r} here")
    return spec


def _find(top: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None


def _missing(tree: ast.Module) -> str:
    """The first package that the file imports at its top level and that is not there; empty if all are."""
    for node in tree.body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for top in (name.partition(".")[0] for name in names):
            if top not in sys.modules and _find(top) is None:
                return top
    return ""
