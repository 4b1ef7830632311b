"""Opens data on disk: a folder laid out as docs/your-data.md says, or the files that a profile lists."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.base.errors import BenchError, no_file
from bench.base.paths import in_utf8
from bench.data.languages import Language, Languages
from bench.data.settings import BitextEntry, TaskEntry
from bench.data.sources.local.found.belonging import settled
from bench.data.sources.local.found.kinds import PairFile, TaskFile, TaskFiles
from bench.data.sources.local.found.layout import checked, find_pairs, find_task, stem
from bench.data.sources.local.found.names import SPLITS, parse, unknown_language
from bench.data.sources.local.found.walking import entries
from bench.data.sources.local.problems import SHOWN, Problems, true_name
from bench.data.sources.local.reader import Local


def open_local(
    folder: Path | None,
    bitext: Sequence[BitextEntry],
    tasks: Sequence[TaskEntry],
    languages: Languages,
    shown: int = SHOWN,
    whole: bool = True,
    merge: bool = False,
) -> Local:
    """Find all files. What is wrong with their names is in the `problems` of what comes back.

    Args:
        folder: with `bitext/` and `tasks/<name>/` in it.
        bitext, tasks: more of both; a task replaces one of the same name in the folder. Paths are absolute.
        shown: problems of one kind in a file that are told in words.
        merge: documents of one text become one (`data.duplicates`).
        whole: there must be both bitext and a task; False where the rest comes from elsewhere.

    Raises:
        BenchError: a folder or file that was named does not exist.
    """
    for path in [folder, *map(_path, _named(bitext, tasks))]:
        if path is not None and not in_utf8(path).exists():
            raise no_file("data:", path, "paths in a profile are relative to its file")
        if path is not None and not path.is_file() and not path.is_dir():
            raise BenchError(f"data: {str(path)!r} is a pipe, a socket or a device", "name a file: it is read more than once")
    if folder is not None and not folder.is_dir():
        raise BenchError(f"data: {str(folder)!r} is a file", "name the folder that holds bitext/ and tasks/")
    root = folder or _common(list(map(_path, _named(bitext, tasks))))
    problems = Problems(root, shown)
    pair_files, found = _in_folder(folder, languages, problems) if folder else ([], {})
    for pair in bitext:
        pair_files += _listed_pairs(pair, languages, problems)
    for task in tasks:
        one = _listed_task(task, languages, problems)
        found[one.name] = one
    if whole and not pair_files:
        problems.error(root, 0, "no bitext", "there is no bitext: bitext/sw.tsv, or en-sw.en beside en-sw.sw")
    if whole and not found:
        problems.error(root, 0, "no task", "there is no task: tasks/<name>/ with corpus, queries and qrels")
    return Local(root, languages, tuple(pair_files), tuple(found.values()), problems, merge)


def _in_folder(folder: Path, languages: Languages, problems: Problems) -> tuple[list[PairFile], dict[str, TaskFiles]]:
    inside = {path.name: path for path in entries(folder, folder, problems)}
    found = find_pairs(inside["bitext"], languages, problems, boundary=folder) if "bitext" in inside else []
    tasks = {}
    places = entries(inside["tasks"], folder, problems) if "tasks" in inside and inside["tasks"].is_dir() else []
    for path in places:
        if path.is_dir():
            tasks[path.name] = find_task(path, languages, problems, boundary=folder)
        else:
            problems.warning(path, 0, "not used", "is not used: every task has a folder of its own")
    for name, path in inside.items():
        if path.is_dir() and name not in ("bitext", "tasks"):
            problems.warning(path, 0, "not used", "is not used: data lies in bitext/ and tasks/")
    return found, tasks


def _listed_pairs(entry: BitextEntry, languages: Languages, problems: Problems) -> list[PairFile]:
    path = _path(entry.path)
    if path.is_dir():
        found = find_pairs(path, languages, problems, entry.source or "")
        if entry.source:  # what is said outright goes before what names say
            found = [replace(file, source=entry.source) for file in found]
        if entry.language:
            code = _language(entry.language, languages).code
            found = [file for file in found if file.language == code]
        return found
    said = parse([stem(path)], languages)
    language = _language(entry.language, languages) if entry.language else said.language
    if language is None or language == languages.english:
        hint = unknown_language(said.rest[-1], languages) if said.rest else "its name holds none"
        raise BenchError(f"data.bitext: which language is {path.name!r}? ({hint})", "give it: {path: ..., language: sw}")
    english = _path(entry.english) if entry.english else None
    source = entry.source or "-".join(said.rest) or true_name(path.parent.name) or "bitext"
    order = None if entry.english else said.english_first
    return [PairFile(language.code, source, entry.split or said.split, path, english, order)]


def _listed_task(entry: TaskEntry, languages: Languages, problems: Problems) -> TaskFiles:
    name = entry.name or (Path(entry.path).name if entry.path else "")
    if not name:
        raise BenchError("data.tasks: a task without a name", "give it: {name: news, corpus: ..., queries: ..., qrels: ...}")
    if entry.path:
        found = find_task(_path(entry.path), languages, problems, name)
        return TaskFiles(name, found.folder, found.files, entry.parallel, entry.topic_fields)
    files = [TaskFile("corpus", _path(path)) for path in entry.corpus]
    for spelled, path in entry.queries.items():
        files.append(TaskFile("queries", _path(path), _language(spelled, languages).code))
    for scope, path in entry.qrels.items():
        split = SPLITS.get(scope.lower(), "")
        code = "" if split or scope == "all" else _language(scope, languages).code
        files.append(TaskFile("qrels", _path(path), code, split))
    paths = [file.path for file in files]
    task = TaskFiles(name, _common(paths) if paths else Path(name), tuple(files), entry.parallel, entry.topic_fields)
    return checked(settled(task, languages, problems), problems)


def _language(spelled: str, languages: Languages) -> Language:
    try:
        return languages.get(spelled)
    except BenchError as error:
        raise BenchError(f"data: {error.message}", f"{error.hint}; a new one goes into data.languages_file") from None


def _named(bitext: Sequence[BitextEntry], tasks: Sequence[TaskEntry]) -> list[str]:
    named = [path for entry in bitext for path in (entry.path, entry.english) if path]
    for task in tasks:
        named += [*([task.path] if task.path else []), *task.corpus, *task.queries.values(), *task.qrels.values()]
    return named


def _path(written: str) -> Path:
    return Path(written).expanduser()


def _common(paths: Sequence[Path]) -> Path:
    common = Path(os.path.commonpath([str(path.absolute()) for path in paths]))
    return common if common.is_dir() else common.parent
