"""What names of models in a profile stand for: folders beside the profile, and commits of the hub."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.data.sources.hubs import revisions
from bench.encoders.builtin.names import BUILTIN
from bench.encoders.directory.files import check_folder
from bench.encoders.hub import check_resolved, directory_of, is_hub_name, revision_of
from bench.experiment.method_specs import method_spec
from bench.experiment.profile.schema import Profile
from methods import registry

SIDES = ("teacher", "student")


def with_folders(content: dict[str, Any], change: Callable[[str], str], before: Mapping[str, Any] | None = None) -> None:
    """Applies `change` to the folders in the `models` section of a profile as written in YAML, in place.

    Args:
        before: the section as it was; what it has already stays.
    """
    models = content.get("models")
    if not isinstance(models, dict):
        return
    content["models"] = models = dict(models)
    for side in SIDES:
        name = models.get(side)
        if isinstance(name, str) and (before is None or before.get(side) != name) and _is_folder(name, change):
            models[side] = _dotted(change(name))
    if isinstance(places := models.get("places"), dict) and before is None:
        models["places"] = {k: _dotted(change(v)) if isinstance(v, str) and _is_path(v) else v for k, v in places.items()}


def check_beside(written: Mapping[str, Any], now: Any, folder: Path) -> None:
    """Raise a `BenchError` for a model of a profile that is no folder beside it, but one in the working directory.

    Args:
        written: the `models` section as it stands in the file.
        now: after changes on the command line, whose paths start from the working directory.
        folder: of the profile.
    """
    for side in SIDES if isinstance(now, dict) else ():
        if written.get(side) == now.get(side):
            refuse_elsewhere(f"models.{side}", now.get(side), folder)


def refuse_elsewhere(what: str, name: Any, folder: Path) -> None:
    """Raise a `BenchError` for a name that leads nowhere from `folder`, and to a folder from the working directory."""
    if isinstance(name, str) and not _is_path(name) and name not in BUILTIN and Path(name).is_dir():
        raise BenchError(
            f"{what} is {name!r}: no such folder beside the profile (in {folder.absolute()}), but one in the working directory",
            f"paths in a profile start from the profile; on the command line from here: --set models.teacher={name}",
        )


def with_places(profile: Profile, texts: Iterable[str], folder: Path, check: bool = False) -> Profile:
    """`profile` with the folders that methods name (`nmt(model=DIR)`) found from `folder`; what is known already stays.

    Args:
        texts: methods as written.
        check: refuse folders that are only in the working directory.
    """
    found = dict(profile.models.places)
    for name in dict.fromkeys(model for text in texts if (model := model_of(text))):
        if name not in found and not name.startswith("builtin:"):
            place = folder.absolute() / Path(name).expanduser()
            if place.is_dir():
                found[name] = str(place)
            elif check:
                refuse_elsewhere("the model of a method", name, folder)
    return _placed(profile, found)


def with_revisions(profile: Profile, ask: bool = False) -> Profile:
    """`profile` with the commit of every hub name in it, where one is known; what is known already stays.

    Data sets of the hubs become `name@commit` where the catalogue pins none; copies in `data.folder` have no revision.

    Args:
        ask: ask the hub, and raise a `BenchError` for a name that stands for no known commit.
    """
    if profile.data.hubs and profile.data.folder is None:
        data = profile.data.model_copy(update={"hubs": revisions.with_revisions(profile.data.hubs, ask)})
        profile = profile.model_copy(update={"data": data})
    if profile.data.folder is None:  # what the hub says is kept, and is in the keys of cells (`identity.lexicon_key`)
        lexicons = {name for entry in profile.grid.methods if (name := lexicon_of(entry.method))}
        revisions.with_revisions(sorted(lexicons), ask)
    found = dict(profile.models.places)
    names = [getattr(profile.models, side) for side in SIDES]
    names += [model for entry in profile.grid.methods if (model := model_of(entry.method))]
    for name in dict.fromkeys(names):
        if name not in found and is_hub_name(name):
            revision = revision_of(name, ask)
            if revision is None and ask:
                raise check_resolved(name)
            if revision is not None:
                found[name] = revision
    return _placed(profile, found)


def model_of(text: str) -> str:
    """The model that a method names itself, or nothing."""
    try:
        params = registry.all_params(method_spec(text))
    except (BenchError, registry.MethodError):
        return ""  # what is wrong with it is told where methods are checked
    return registry.named_model(params)


def lexicon_of(text: str) -> str:
    """The bilingual lexicon that a method asks, or nothing."""
    try:
        return registry.named(registry.all_params(method_spec(text)), "lexicon")
    except (BenchError, registry.MethodError):
        return ""


def check_there(name: str, folder: Path) -> None:
    """Raise a `BenchError`, with the nearest names, for the model of a method that is meant as a directory and is none.

    A path is meant that begins like one, or whose parent is a directory; anything else may be a name on the hub.

    Args:
        folder: that paths of the profile start from; others start from the working directory.
    """
    if name in BUILTIN or name.startswith("builtin:"):
        return
    places = [(start / Path(name).expanduser()) for start in (folder, Path())]
    inside = "/" in name and any(place.parent.is_dir() for place in places)
    if any(place.is_dir() for place in places) or not (_is_path(name) or inside):
        return
    known = {path.name: str(Path(name).parent / path.name) for place in places if place.parent.is_dir()
             for path in sorted(place.parent.iterdir()) if path.is_dir() and not path.name.startswith(".")}  # fmt: skip
    near = [known[one] for one in difflib.get_close_matches(places[0].name, known, n=3, cutoff=0.5)]
    question = f": did you mean {' or '.join(map(repr, near))}?" if near else ""
    hint = (
        f"there are: {', '.join(list(known.values())[:20]) or 'none'}" if inside else f"{places[0].parent} does not exist either"
    )
    raise BenchError(f"there is no model directory {name!r}{question}", hint)


def _placed(profile: Profile, places: Mapping[str, str]) -> Profile:
    models = profile.models.model_copy(update={"places": dict(places)})
    return profile.model_copy(update={"models": models})


def _dotted(path: str) -> str:
    """A relative path so that it cannot be taken for a name on the hub."""
    return path if _is_path(path) else f"./{path}"


def _is_path(name: str) -> bool:
    return name.startswith((".", "/", "~"))


def _is_folder(name: str, change: Callable[[str], str]) -> bool:
    return name not in BUILTIN and (_is_path(name) or Path(change(name)).is_dir())


def check_models(profile: Profile, folder: Path) -> None:
    """Raise a `BenchError` for models that are not there, and for teachers and students that cannot be read rightly.

    Args:
        folder: that paths of the profile start from.
    """
    for name in dict.fromkeys(model for entry in profile.grid.methods if (model := model_of(entry.method))):
        if name not in profile.models.places:
            check_there(name, folder)
        elif (place := directory_of(profile.models.place(name))) and not (place / "config.json").exists():
            raise BenchError(
                f"the model directory {name!r} of a method has no config.json",
                "give the directory that holds it, with the weights",
            )
    for side in SIDES:
        given = directory_of(profile.models.place(getattr(profile.models, side)))
        if given is not None:
            check_folder(given)
