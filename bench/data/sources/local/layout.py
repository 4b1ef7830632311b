"""Which files of a folder hold what; nothing is opened here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data.languages import Languages
from bench.data.sources.local.names import Name, parse, unknown_language
from bench.data.sources.local.problems import Problems
from bench.data.sources.local.records import RECORDS, extension

TABLES = (*RECORDS, ".tsv", ".txt")
TOPICS = (*TABLES, ".xml", ".sgml", ".topics", ".trec")
QRELS = (*TABLES, ".qrels", ".qrel", ".trec")
PAIRS = (*RECORDS, ".tsv")
NOT_DATA = re.compile(r"(readme|licen[cs]e|copying|citation|notice|changelog)\b.*|.*\.(md|py|sh|yaml|yml)", re.IGNORECASE)
TASK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class PairFile:
    """Bitext of one language: one file with both sides, or (Moses) two files line by line."""

    language: str
    source: str
    split: str
    path: Path
    english: Path | None = None

    def paths(self) -> tuple[Path, ...]:
        return (self.path,) if self.english is None else (self.path, self.english)


@dataclass(frozen=True)
class TaskFile:
    """One file of a task; `language` and `split` are "" where it belongs to all."""

    role: str  # corpus, queries or qrels
    path: Path
    language: str = ""
    split: str = ""


@dataclass(frozen=True)
class TaskFiles:
    """The files of a task, and what a profile says of it."""

    name: str
    folder: Path
    files: tuple[TaskFile, ...]
    parallel: bool | None = None
    topic_fields: tuple[str, ...] = ("title",)

    def of(self, role: str) -> list[TaskFile]:
        return [file for file in self.files if file.role == role]

    def languages(self) -> tuple[str, ...]:
        """Codes of languages with queries, sorted."""
        return tuple(sorted({file.language for file in self.of("queries")}))


def find_pairs(folder: Path, languages: Languages, problems: Problems, source: str = "") -> list[PairFile]:
    """The bitext in a folder; a folder in it is a source of its own, and so is what a name says before the language."""
    found: list[PairFile] = []
    moses: dict[str, dict[str, tuple[Path, Name]]] = {}  # what two names have in common -> side -> file
    for path in _files(folder):
        inside = path.relative_to(folder).parts[:-1]
        own = "-".join((source, *inside) if source else inside)
        if extension(path) in PAIRS:
            name = parse([stem(path)], languages)
            if name.language in (None, languages.english):
                _no_language(path, name, languages, problems)
            else:
                assert name.language is not None
                file = PairFile(name.language.code, "-".join(name.rest) or own or "bitext", name.split, path)
                found += [file] if _wanted(file, problems) else []
        elif (side := parse([extension(path)[1:]], languages).language) is not None:
            plain = path.name.removesuffix(".gz")
            common = path.with_name(plain[: plain.rindex(".")]).as_posix()
            moses.setdefault(common, {})[side.code] = path, parse([Path(common).name], languages)
        elif not NOT_DATA.fullmatch(path.name):
            problems.warning(path, 0, "not used", "is not used: its name tells no kind of bitext")
    for common, sides in moses.items():
        english = sides.pop(languages.english.code, None)
        for code, (path, name) in sides.items():
            if english is None:
                problems.error(path, 0, "one side missing", f"has no English side beside it ({Path(common).name}.en)")
                continue
            inside = path.relative_to(folder).parts[:-1]
            own = "-".join((source, *inside) if source else inside)
            file = PairFile(code, "-".join(name.rest) or own or "bitext", name.split, path, english[0])
            found += [file] if _wanted(file, problems) else []
        if english is not None and not sides:
            problems.error(english[0], 0, "one side missing", "is an English side without the other language beside it")
    return sorted(found, key=lambda file: (file.language, file.source, file.split, file.path))


def find_task(folder: Path, languages: Languages, problems: Problems, name: str = "") -> TaskFiles:
    """The files of a task by their names, folders of languages included."""
    files = []
    for path in _files(folder):
        inside = path.relative_to(folder)
        said = parse([*inside.parts[:-1], stem(path)], languages)
        allowed = {"corpus": TABLES, "queries": TOPICS, "qrels": QRELS}.get(said.role, ())
        if extension(path) not in allowed:
            if not NOT_DATA.fullmatch(path.name):
                why = f"{extension(path) or 'no extension'} is none of {', '.join(allowed)}" if allowed else "no role in its name"
                problems.warning(path, 0, "not used", f"is not used: {why}")
        elif said.rest and said.role != "corpus":
            problems.error(path, 0, "unknown language", f"{unknown_language(said.rest[-1], languages)}")
        elif (split := _split(said, path.name)) == "train":
            problems.warning(path, 0, "not used", f"is not used: the bench trains on bitext, not on {said.role} of a task")
        else:
            code = said.language.code if said.language else ""
            if said.role == "queries" and not code:
                problems.warning(path, 0, "no language", "names no language: its queries are taken as English, as in BEIR")
                code = languages.english.code
            files.append(TaskFile(said.role, path, code, split))
    return checked(TaskFiles(name or folder.name, folder, tuple(files)), problems)


def checked(task: TaskFiles, problems: Problems) -> TaskFiles:
    """`task`, with a problem noted for each kind of file that it lacks."""
    if not TASK_NAME.fullmatch(task.name) or task.name == "mean":
        what = "is no name for a task: letters, digits, _ and - (and not 'mean', which stands for all tasks)"
        problems.error(task.folder, 0, "task name", f"{task.name!r} {what}")
    for role, example in (("corpus", "corpus.jsonl, collection.tsv"), ("queries", "queries/sw.jsonl, topics.sw.tsv"),
                          ("qrels", "qrels/test.tsv, qrels.txt")):  # fmt: skip
        if not task.of(role):
            problems.error(task.folder, 0, f"no {role}", f"task {task.name} has no {role} ({example})")
    return task


def stem(path: Path) -> str:
    """The name without `.gz` and extension."""
    name = path.name.removesuffix(".gz")
    return name[: len(name) - len(extension(path))] if extension(path) else name


def _files(folder: Path) -> list[Path]:
    hidden = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in hidden if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _split(name: Name, file: str) -> str:
    """Of a corpus none; and shards of queries are called `test-00000-of-00001` or `train-...` whatever their split is."""
    return "" if name.role == "corpus" or (name.role == "queries" and "-of-" in file) else name.split


def _wanted(file: PairFile, problems: Problems) -> bool:
    if file.split == "test":
        problems.warning(file.path, 0, "not used", "is not used: the bench tests on tasks, not on bitext")
    return file.split != "test"


def _no_language(path: Path, name: Name, languages: Languages, problems: Problems) -> None:
    if name.language is not None:
        problems.error(path, 0, "unknown language", "names English alone: which language is its other side?")
        return
    words: Sequence[str] = name.rest or (stem(path),)
    problems.error(path, 0, "unknown language", unknown_language(words[-1], languages) or f"names no language: {path.name}")
