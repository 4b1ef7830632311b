"""What the key of a cell says of texts and models: their content, wherever they lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.base.content import content_hash
from bench.base.errors import unknown
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.sources.lexicons import RULES, lexicon_reader
from bench.data.sources.own import reader_of
from bench.data.suite import keys
from bench.encoders.builtin.names import BUILTIN
from bench.encoders.fingerprint import READING, reading
from bench.encoders.hub import directory_of, is_hub_name, split
from bench.encoders.settings import Models
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import FOLDER_KEY, CellSpec
from methods import registry


def suite_key(profile: Profile, languages: Languages, codes: Iterable[str]) -> str:
    """Identity of the suite of these languages, known before it is built."""
    if profile.data.own:
        choices = keys.Choices.of(profile.data)
        return keys.own_key(reader_of(profile.data, languages), sorted(set(codes)), choices)
    sources = [name for name in keys.SOURCE_PACKAGES if name not in profile.data.without]
    return keys.suite_key([languages.get(code) for code in sorted(set(codes))], sources)


def model_keys(models: Models) -> dict[str, str]:
    """What teacher and student hold: nothing for a built-in one, whose name says it, or a hub name whose commit is not known."""
    found = {side: content_key(models.place(getattr(models, side))) for side in ("teacher", "student")}
    return {side: key for side, key in found.items() if key}


def content_key(name: str) -> str:
    """sha256 of the files of a folder, or the commit of a hub name; with the way the bench reads them. Empty for other names.

    The same path, and the same name on the hub, may lead to other weights tomorrow.
    """
    folder = directory_of(name)
    if folder is None:
        revision = split(name)[1] if is_hub_name(name) else ""
        return f"{revision}/{READING}" if len(revision) == 40 else ""
    digest, root = hashlib.sha256(), Path(name).expanduser()
    for path in sorted(p for p in root.rglob("*") if p.is_file() and not p.name.startswith(".")):
        digest.update(path.relative_to(root).as_posix().encode("utf-8", "surrogateescape") + b"\0")
        digest.update(bytes.fromhex(content_hash(path)))
    digest.update(reading(folder))
    return digest.hexdigest()


def own_model_key(spec: registry.MethodSpec, models: Models) -> dict[str, str]:
    """Content of the model that a method names itself (`nmt(model=DIR)`, `teacher_query(encoder=...)`), if it does.

    Raises:
        BenchError: a built-in model that does not exist.
    """
    name = registry.named_model(registry.all_params(spec))
    if name.startswith("builtin:") and name not in BUILTIN:
        raise unknown("built-in model", name, BUILTIN, f"in {spec}")
    key = BUILTIN[name].content if name in BUILTIN else content_key(models.place(name)) if name else ""
    return {"method": key} if key else {}


def lexicon_key(spec: registry.MethodSpec, data: Data, languages: Languages, codes: Sequence[str]) -> dict[str, str]:
    """Content of the lexicon that a method (or the one whose translations it uses) asks, as far as these languages have it.

    Args:
        codes: the languages that are trained.

    Raises:
        BenchError: `data.folder` does not hold it.
    """
    name = registry.named(registry.all_params(spec), "lexicon")
    if not name:
        return {}
    described = [RULES, name, lexicon_reader(name, data, languages).key(sorted(set(codes)))]
    return {"lexicon": hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()}


def models_record(spec: CellSpec) -> dict[str, dict[str, str]]:
    """What a manifest says of the models of a cell: name (of a folder its last part) with package, commit or content."""
    named = {side: getattr(spec.models, side) for side in ("teacher", "student")}
    if own := registry.named_model(spec.params):
        named["method"] = own
    found = {}
    for side, name in named.items():
        key = spec.model_keys.get(side, "")
        if name in BUILTIN:
            found[side] = {"name": name, "content": BUILTIN[name].content}
        elif len(key) == FOLDER_KEY:
            found[side] = {"name": Path(name).name, "sha256": key}
        else:
            found[side] = {"name": split(name)[0], "revision": key.partition("/")[0] or "unknown"}
    return found
