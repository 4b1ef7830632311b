"""The `data` section of a profile whose data is on disk: where its paths lead, and what it leaves to the data itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.base.paths import in_utf8
from bench.data.languages import Languages
from bench.data.settings import BUILTIN
from bench.experiment.profile.schema import Profile


def with_paths(data: Any, change: Callable[[str], str]) -> Any:
    """The section as written in YAML, with `change` applied to everything in it that is a path.

    Values of a wrong kind stay as they are: validation comes later and says what is wrong with them.
    """
    if not isinstance(data, dict):
        return data
    one = _one(change)
    changed = dict(data)
    if data.get("suite", BUILTIN) != BUILTIN:
        changed["suite"] = one(data["suite"])
    for name in ("languages_file", "folder"):
        if name in data:
            changed[name] = one(data[name])
    for section in ("bitext", "tasks"):
        if isinstance(data.get(section), list | tuple):
            changed[section] = [_entry(entry, one) for entry in data[section]]
    return changed


def beside(folder: Path) -> Callable[[str], str]:
    """Makes relative paths absolute: they start from `folder`."""

    def change(path: str) -> str:
        return str(in_utf8(Path(os.path.normpath(folder.absolute() / Path(path).expanduser()))))

    return change


def seen_from(folder: Path) -> Callable[[str], str]:
    """Makes absolute paths relative to `folder`, so that what is written there tells nobody where it lay."""
    return lambda path: os.path.relpath(path, folder.absolute()) if os.path.isabs(path) else path


def completed(profile: Profile, given: dict[str, Any]) -> Profile:
    """`profile` with what depends on the data, where it was not given: order, guard and tasks.

    The order is that of all languages with pairs that the profile does not name as guard, as the languages file lists them;
    guard languages are those with queries and without pairs; the tasks are all. Where a task's documents are streamed, the
    search is approximate unless it is said.

    Args:
        given: the profile as it was written.

    Raises:
        BenchError: data that is not there, files whose names say nothing, a task that the data does not have.
    """
    from bench.data.sources.hubs.tasks import STREAMED
    from bench.data.sources.own import reader_of

    languages = Languages.load(profile.data.languages_file)
    outline = reader_of(profile.data, languages).outline()
    said = given.get("data") or {}
    data: dict[str, Any] = {}
    kept = _guarded(profile.data.guard, languages) if said.get("guard") else set()
    trainable = [code for code in outline.trainable if code not in kept]
    if said.get("order") is None:
        data["order"] = ",".join(trainable)
    if "guard" not in said:
        queried = {code for codes in outline.queried.values() for code in codes}
        data["guard"] = ",".join(sorted(queried - {*outline.trainable, languages.english.code})) or None
    evaluation = profile.evaluation
    if (given.get("evaluation") or {}).get("tasks") is None:
        evaluation = evaluation.model_copy(update={"tasks": tuple(outline.queried)})
    if not outline.queried:
        raise BenchError("the data has no task", "add one: a folder under tasks/, or a task of `bench data list` to data.hubs")
    evaluation.check_tasks(outline.queried)
    if STREAMED & set(evaluation.tasks) and "late_mode" not in (given.get("evaluation") or {}):
        evaluation = evaluation.model_copy(update={"late_mode": "approximate"})  # millions of documents
    if not outline.trainable:
        raise BenchError("the data has no training pairs", "dev files alone do not train: give bitext/sw.tsv and the like")
    if not trainable and said.get("order") is None:
        raise BenchError("every language with training pairs is in data.guard, which is never trained on", "take one out of it")
    return profile.model_copy(update={"data": profile.data.model_copy(update=data), "evaluation": evaluation})


def _guarded(expression: str | None, languages: Languages) -> set[str]:
    """Codes of the guard group or a list of languages."""
    return {one.code for one in languages.resolve([part.strip() for part in (expression or "").split(",") if part.strip()])}


def _one(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: change(value) if isinstance(value, str) else value


def _entry(entry: Any, one: Callable[[Any], Any]) -> Any:
    """An entry of `bitext` or `tasks`."""
    if not isinstance(entry, dict):
        return one(entry)
    changed = dict(entry)
    for name in ("path", "english", "corpus", "queries", "qrels"):
        value = entry.get(name)
        if isinstance(value, dict):
            changed[name] = {key: one(inner) for key, inner in value.items()}
        elif isinstance(value, list | tuple):
            changed[name] = [one(inner) for inner in value]
        elif name in entry:
            changed[name] = one(value)
    return changed
