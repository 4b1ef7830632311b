"""Which files of a folder hold what; nothing is opened here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

from bench.data.languages import Languages
from bench.data.sources.local.files.records import RECORDS, extension
from bench.data.sources.local.found.belonging import settled
from bench.data.sources.local.found.kinds import PairFile, TaskFile, TaskFiles
from bench.data.sources.local.found.names import Name, parse, unknown_language
from bench.data.sources.local.found.regions import is_tag
from bench.data.sources.local.found.walking import NOT_DATA, walk
from bench.data.sources.local.problems import Problems, printable, true_name

TABLES = (*RECORDS, ".tsv", ".txt")
TOPICS = (*TABLES, ".xml", ".sgml", ".topics", ".trec")
QRELS = (*TABLES, ".qrels", ".qrel", ".trec")
PAIRS = (*RECORDS, ".tsv")
# Forms in which data comes and which are not read: a file of this kind with a telling name is meant to be used.
UNREAD = re.compile(r"\.(csv|tmx|xlsx?|ods|arrow|feather|avro|zst|bz2|xz|lzma|zip|7z|rar|tar|tgz|xml|txt)", re.IGNORECASE)
TASK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
NEAR = 0.8  # likeness of a word to a language's name, from which on it is one that was mistyped


def find_pairs(
    folder: Path, languages: Languages, problems: Problems, source: str = "", boundary: Path | None = None
) -> list[PairFile]:
    """The bitext in a folder; a folder in it is a source of its own, and so is what a name says before the language.

    Args:
        boundary: the data folder, which symbolic links must not leave; default: `folder`.
    """
    found: list[PairFile] = []
    moses: dict[str, dict[str, tuple[Path, Name]]] = {}  # what two names have in common -> side -> file
    for path in walk(folder, boundary or folder, problems) if folder.is_dir() else ():
        own = _source(path, folder, source)
        if extension(path) in PAIRS:
            name = parse([stem(path)], languages)
            if name.language in (None, languages.english):
                _no_language(path, name, languages, problems)
            else:
                assert name.language is not None
                _remark(path, name, languages, problems)
                own = "-".join(name.rest) or own or "bitext"
                file = PairFile(name.language.code, own, name.split, path, english_first=name.english_first)
                found += [file] if _wanted(file, problems) else []
        elif (side := parse([extension(path)[1:]], languages).language) is not None:
            plain = path.name.removesuffix(".gz")
            common = path.with_name(plain[: plain.rindex(".")]).as_posix()
            moses.setdefault(common, {})[side.code] = path, parse([Path(common).name], languages)
        elif UNREAD.fullmatch(extension(path) or path.suffix) and parse([stem(path)], languages).language is not None:
            problems.error(path, 0, "form that is not read", f"is not read: {extension(path)} is none of {', '.join(PAIRS)}")
        elif not NOT_DATA.fullmatch(path.name):
            problems.warning(path, 0, "not used", "is not used: its name tells no kind of bitext")
    for common, sides in moses.items():
        english = sides.pop(languages.english.code, None)
        for code, (path, name) in sides.items():
            if english is None:
                beside = f"{printable(Path(common).name)}.en"
                problems.error(path, 0, "one side missing", f"has no English side beside it ({beside})")
                continue
            own = "-".join(name.rest) or _source(path, folder, source) or "bitext"
            file = PairFile(code, own, name.split, path, english[0])
            found += [file] if _wanted(file, problems) else []
        if english is not None and not sides:
            problems.error(english[0], 0, "one side missing", "is an English side without the other language beside it")
    return sorted(found, key=lambda file: (file.language, file.source, file.split, file.path))


def find_task(
    folder: Path, languages: Languages, problems: Problems, name: str = "", boundary: Path | None = None
) -> TaskFiles:
    """The files of a task by their names, folders of languages included; `boundary` as for `find_pairs`."""
    files = []
    for path in walk(folder, boundary or folder, problems):
        said = parse([*path.relative_to(folder).parts[:-1], stem(path)], languages)
        allowed = {"corpus": TABLES, "queries": TOPICS, "qrels": QRELS}.get(said.role, ())
        if extension(path) not in allowed:
            why = f"{extension(path) or 'no extension'} is none of {', '.join(allowed)}" if allowed else "no role in its name"
            if allowed and UNREAD.fullmatch(extension(path) or path.suffix):
                problems.error(path, 0, "form that is not read", f"is not read: {why}")
            elif not NOT_DATA.fullmatch(path.name):
                problems.warning(path, 0, "not used", f"is not used: {why}")
        elif word := _language_like(said, languages):
            problems.error(path, 0, "unknown language", f"{unknown_language(word, languages)}")
        elif (split := _split(said, path.name)) == "train":
            problems.warning(path, 0, "not used", f"is not used: the bench trains on bitext, not on {said.role} of a task")
        else:
            _remark(path, said, languages, problems)
            code = said.language.code if said.language else ""
            if said.role == "queries" and not code:
                problems.warning(path, 0, "no language", "names no language: its queries are taken as English, as in BEIR")
                code = languages.english.code
            files.append(TaskFile(said.role, path, code, split))
    return checked(settled(TaskFiles(name or folder.name, folder, tuple(files)), languages, problems), problems)


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


def _source(path: Path, folder: Path, source: str) -> str:
    inside = [true_name(part) or part for part in path.relative_to(folder).parts[:-1]]
    return "-".join((source, *inside) if source else inside)


def _language_like(said: Name, languages: Languages) -> str:
    """A word of the name that nobody knows and that may be meant as a language; "" if there is none.

    TREC puts the name of a track there (`qrels.robust04.txt`). Beside a language that is known a word says nothing more, and
    judgements without a language are for all, unless the word is nearly one. Queries must say whose they are.
    """
    if not said.rest or said.language is not None or said.role == "corpus":
        return ""
    names = [one.casefold() for language in (*languages, languages.english) for one in (language.name, language.code)]
    for word in said.rest:
        plain = word.isalpha() or is_tag(word) or difflib.get_close_matches(word.casefold(), names, 1, NEAR)
        if plain and (said.role == "queries" or difflib.get_close_matches(word.casefold(), names, 1, NEAR)):
            return word
    return ""


def _remark(path: Path, said: Name, languages: Languages, problems: Problems) -> None:
    for word in said.locales:
        assert said.language is not None
        what = f"{word!r} is read as {said.language.name} of a region; the pair with English is written in small letters"
        problems.warning(path, 0, "language and region", f"{what} ({word.lower()})")


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
