"""Reads a profile: file, then `--set a.b=c`, then validation that names the key and its neighbours."""

from __future__ import annotations

import copy
import re
import typing
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from bench.base.errors import BenchError, did_you_mean, no_file, unknown
from bench.base.yamlfile import quoted, read_mapping
from bench.base.yamltext import parsed
from bench.data.settings import Data
from bench.experiment.profile import models
from bench.experiment.profile.data import beside, completed, with_paths
from bench.experiment.profile.schema import Profile

FOLDER = Path(__file__).resolve().parent / "shipped"


def profile_names() -> list[str]:
    """Names of the profiles that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_profile(name_or_path: str, changes: Iterable[str] = ()) -> Profile:
    """The profile of that name, or in that YAML file, with `a.b=c` changes applied.

    Raises:
        BenchError: no such profile, not YAML, an unknown key, a value that is not allowed.
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = FOLDER / f"{name_or_path}.yaml"
        if not path.is_file():
            raise unknown("profile", name_or_path, profile_names(), "or the path of a .yaml file")
    if not path.exists():
        near = did_you_mean(path.stem, profile_names())
        raise no_file("profile", path, f"shipped profiles are called by name alone{near}" if near else "check the path")
    content = read_mapping(path, "profile")
    content.pop("resolved", None)  # an experiment's own profile.yaml can be run again
    # Paths in a file start from it, those of the command line from where it is typed.
    _data_paths(content, path.parent)
    models.with_folders(content, beside(path.parent))
    written = copy.deepcopy(content)
    for change in changes:
        _apply(content, change)
    _data_paths(content, Path())
    before = written["models"] if isinstance(written.get("models"), dict) else {}
    models.with_folders(content, beside(Path()), before)
    models.check_beside(before, content.get("models"), path.parent)
    profile = validated(content, f"profile {name_or_path}")
    profile = models.with_places(profile, _methods(written), path.parent, check=True)
    profile = models.with_places(profile, (entry.method for entry in profile.grid.methods), Path())
    return completed(profile, content) if profile.data.own else profile


def _methods(content: dict[str, Any]) -> list[str]:
    """Methods of the grid as written."""
    grid = content.get("grid")
    entries = grid.get("methods") if isinstance(grid, dict) else None
    texts = [one.get("method") if isinstance(one, dict) else one for one in entries] if isinstance(entries, list) else []
    return [text for text in texts if isinstance(text, str)]


def _data_paths(content: dict[str, Any], folder: Path) -> None:
    if "data" in content:
        content["data"] = with_paths(content["data"], beside(folder))


def data_section(path: Path) -> Data:
    """The `data` section of the profile in that file, its paths made absolute; nothing else of it is looked at.

    Raises:
        BenchError: no such file, not YAML, a wrong key or value in the section.
    """
    content = read_mapping(path, "profile")
    _data_paths(content, path.parent)
    try:
        return Data.model_validate(content.get("data") or {})
    except ValidationError as error:
        raise profile_error(error, f"profile {path}: data", Data) from error


def validated(content: dict[str, Any], origin: str) -> Profile:
    """`content` as a `Profile`; a `BenchError` for the first thing that is wrong in it."""
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        raise profile_error(error, origin) from error


def profile_error(error: ValidationError, origin: str, model: type[BaseModel] = Profile) -> BenchError:
    """What is wrong, by key: unknown keys with their nearest matches, values with what is allowed."""
    # A misspelt key is often a missing one as well: the spelling is what to tell.
    first = next((one for one in error.errors() if one["type"] == "extra_forbidden"), error.errors()[0])
    location = [str(part) for part in first["loc"]]
    key = ".".join(location)
    if first["type"] == "extra_forbidden":
        allowed = _keys(model, location[:-1])
        found = unknown("profile key", key, [".".join([*location[:-1], name]) for name in allowed])
        return BenchError(f"{origin}: {found.message}", found.hint)
    more = len(error.errors()) - 1
    hint = f"key {key}" + (f"; {more} more wrong value(s) after it" if more else "")
    if first["type"] == "missing":
        return BenchError(f"{origin}: key {key} is missing", hint)
    wrong = f"{origin}: {key} = {first['input']!r}"
    if first["type"] == "literal_error":
        wrong += did_you_mean(str(first["input"]), re.findall(r"'([^']*)'", first["ctx"]["expected"]))
        return BenchError(wrong, f"allowed: {first['ctx']['expected']}\n  {hint}")
    said = f"{wrong}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    return BenchError(said + (quoted(first["input"]) if first["type"] == "string_type" else ""), hint)


def _keys(root: type[BaseModel], location: Sequence[str]) -> list[str]:
    """Names allowed below `location`."""
    model: Any = root
    for part in location:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = model.model_fields[part].annotation
        # Step into containers (tuple of entries) until a model or a plain value is left.
        while typing.get_args(model):
            model = next((a for a in typing.get_args(model) if a is not Ellipsis), None)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return list(model.model_fields)
    return []


def _apply(content: dict[str, Any], change: str) -> None:
    """One `a.b=c`; dots inside parentheses belong to a method's parameters, not to the path."""
    # The first `=` outside of parentheses ends the key: `method_settings.contrastive(form=late).clip=1`.
    match = re.match(r"((?:\([^)]*\)|[^=(])+)=(.*)$", change, re.DOTALL)
    if match is None:
        raise BenchError(
            f"--set {change!r} is not of the form key=value", "for example --set training.pairs=3000"
        )
    keys = [key.strip() for key in re.split(r"\.(?![^(]*\))", match.group(1))]
    try:
        value = parsed(match.group(2))
    except yaml.YAMLError:
        value = match.group(2)
    here: Any = content
    for depth, key in enumerate(keys[:-1]):
        here = here.setdefault(key, {})
        if not isinstance(here, dict):
            path = ".".join(keys[: depth + 1])
            raise BenchError(f"--set {change!r}: {path} is a single value", f"set it whole: --set {path}=...")
    here[keys[-1]] = value
