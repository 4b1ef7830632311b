"""What the key of a cell says of texts and models: their content, wherever they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.base.errors import unknown
from bench.data.languages import Languages
from bench.data.sources.own import reader_of
from bench.data.suite import keys
from bench.encoders.builtin.names import BUILTIN
from bench.experiment.profile.schema import Profile
from methods import registry


def suite_key(profile: Profile, languages: Languages, codes: Iterable[str]) -> str:
    """Identity of the suite of these languages, known before it is built."""
    if profile.data.own:
        choices = keys.Choices.of(profile.data)
        return keys.own_key(reader_of(profile.data, languages), sorted(set(codes)), choices)
    sources = [name for name in keys.SOURCE_PACKAGES if name not in profile.data.without]
    return keys.suite_key([languages.get(code) for code in sorted(set(codes))], sources)


def folder_keys(models: Mapping[str, str]) -> dict[str, str]:
    """Content hashes of the models that are local folders: the same path may hold other weights tomorrow."""
    keys = {}
    for name, value in models.items():
        folder = Path(value).expanduser()
        if value and not value.startswith("builtin:") and folder.is_dir():
            digest = hashlib.sha256()
            for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
                digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
            keys[name] = digest.hexdigest()
    return keys


def own_model_key(spec: registry.MethodSpec) -> dict[str, str]:
    """Content of the model that a method names itself (`nmt(model=DIR)`, `teacher_query(encoder=...)`), if it does.

    Raises:
        BenchError: a built-in model that does not exist.
    """
    params = registry.all_params(spec)
    name = str(params.get("model") or params.get("encoder") or "")
    if name.startswith("builtin:") and name not in BUILTIN:
        raise unknown("built-in model", name, BUILTIN, f"in {spec}")
    return {"method": BUILTIN[name].content} if name in BUILTIN else folder_keys({"method": name})
