"""What sentence-transformers and PyLate list beside a transformer: the modules that a text goes through, in order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError, unknown

MODULES = "modules.json"
OWN = "encoder.json"  # of the bench: comes before all files of libraries
HEAD = "head"  # field of it: file with the layers behind the transformer
CONFIG = "config_sentence_transformers.json"
# Understood; dropout does nothing after training, and which tokens count is the bench's choice.
UNDERSTOOD = ("Transformer", "Pooling", "Dense", "Normalize", "Dropout", "MultiVectorMask")
LIBRARIES = ("sentence_transformers", "pylate")
MULTI_VECTOR = ("ColBERT", "MultiVectorEncoder")
STANFORD = "HF_ColBERT"  # architecture in config.json: projection among the weights, settings in artifact.metadata


def transformer_folder(folder: Path) -> Path:
    """Where the transformer of a model directory lies: the directory itself, or a folder that modules.json names."""
    for module in modules_of(folder):
        if kind_of(module) == "Transformer":
            return place_of(folder, module)
    return folder


def modules_of(folder: Path) -> list[dict[str, Any]]:
    """Entries of modules.json, in order; none where there is no such file.

    Raises:
        BenchError: it is no list of objects with name, path and type.
    """
    path = folder / MODULES
    found = read_json(path, list) if path.exists() else []
    if path.exists() and not found:
        raise BenchError(f"{path} lists no module", "copy the model again; without that file it is a bare transformer")
    for entry in found:
        texts = [entry.get(key, "") for key in ("name", "path", "type")] if isinstance(entry, dict) else []
        if not texts or "type" not in entry or not all(isinstance(text, str) for text in texts):
            raise BenchError(f"{path} has an entry that is no module: {entry!r}", "it needs a name, a path and a type")
    return found


def understood_modules(folder: Path) -> list[dict[str, Any]]:
    """Entries of modules.json, all of them of a kind that is understood here, the transformer first.

    Raises:
        BenchError: any other module: what it does would be left out of the vectors.
    """
    modules, path, names = modules_of(folder), folder / MODULES, set()
    for module in modules:
        kind, home = kind_of(module), module["type"].partition(".")[0]
        only(module, ("idx", "name", "path", "type", "kwargs"), path)
        if home not in LIBRARIES:
            raise BenchError(
                f"the model in {folder} has a module of its own, {module['type']}", "code that comes with a model is never run"
            )
        if kind not in UNDERSTOOD:
            raise BenchError(
                f"the model in {folder} has a {kind or 'nameless'} layer behind its transformer",
                f"understood: {', '.join(UNDERSTOOD)}; an encoder.json beside the model overrides its files",
            )
        if module.get("kwargs"):
            raise BenchError(f"{kind} in {path} wants {module['kwargs']} with every text", "nothing here could say them")
        if module.get("name") in names:
            raise BenchError(f"two modules in {path} have the name {module.get('name')!r}", "copy the model again")
        names.add(module.get("name"))
    kinds = [kind_of(module) for module in modules]
    if modules and (kinds[0] != "Transformer" or kinds.count("Transformer") > 1):
        raise BenchError(f"{path} lists {', '.join(kinds)}", "understood: one Transformer, and it comes first")
    return modules


def is_multi_vector(folder: Path) -> bool:
    """Whether the directory holds a model of token vectors: of PyLate, or a `MultiVectorEncoder`."""
    of_pylate = any(module["type"].startswith("pylate.") for module in modules_of(folder))
    return of_pylate or config_of(folder).get("model_type") in MULTI_VECTOR


def is_stanford(folder: Path) -> bool:
    """Whether this is a ColBERT checkpoint of Stanford's, and nobody listed its modules since."""
    path = folder / "config.json"
    return path.exists() and not (folder / MODULES).exists() and STANFORD in (read_json(path).get("architectures") or [])


def config_of(folder: Path) -> dict[str, Any]:
    """Settings of the whole model: prompts, and PyLate's own."""
    path = folder / CONFIG
    return read_json(path) if path.exists() else {}


def place_of(folder: Path, module: dict[str, Any], default: str = "") -> Path:
    """Where a module's files lie; raises `BenchError` for a place outside of `folder`."""
    path = str(module.get("path", default))
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise BenchError(f"{folder / MODULES} names files outside of its folder: {path!r}", "they are not read")
    return folder / path


def kind_of(module: dict[str, Any]) -> str:
    """Name of a module's class, without its package: both libraries moved theirs about."""
    return str(module.get("type", "")).rpartition(".")[2]


def read_json(path: Path, expected: type = dict) -> Any:
    """The JSON in a file; raises `BenchError` when it is not there, no JSON or of another type."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BenchError(f"cannot read {path}: {error}", "it must be a JSON file") from error
    if not isinstance(values, expected):
        raise BenchError(f"{path} holds a {type(values).__name__}", f"expected a JSON {expected.__name__}")
    return values


def only(values: Iterable[str], known: Iterable[str], path: Path) -> None:
    """Raise a `BenchError` for a key of a model's file that is not known here: it may change what the model computes."""
    for name in values:
        if name not in known:
            raise unknown("key", str(name), known, f"in {path}; what it does to the vectors is not known here")


def own_head(folder: Path) -> str | None:
    """File with the layers behind the transformer that `encoder.json` names; raises `BenchError` for anything but a name."""
    value = read_json(folder / OWN).get(HEAD)
    if value is not None and not (isinstance(value, str) and Path(value).name == value and (folder / value).is_file()):
        raise BenchError(f"{HEAD} is {value!r} in {folder / OWN}", "expected the name of a file beside it")
    return value
