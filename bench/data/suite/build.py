"""Build the suite from the packages into the cache folder, or load it if it is there."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.base.errors import BenchError, unknown
from bench.base.paths import atomic_dir, cache_dir
from bench.base.progress import steps
from bench.data.english import ENGLISH
from bench.data.languages import Language, Languages
from bench.data.sources.packages import cldr, django, home_assistant, kolibri, quran, scratch, udhr
from bench.data.sources.packages.releases import fetch
from bench.data.stored.pair_table import tally
from bench.data.stored.spool import Spool, Table, parts
from bench.data.suite import leakage
from bench.data.suite.bitext import INTERFACE, Bitext, Texts, interface_english, interface_splits
from bench.data.suite.keys import FORMAT, SOURCE_PACKAGES, packages_of, suite_key
from bench.data.suite.tasks import faq as tasks_faq
from bench.data.suite.tasks.parallel import declaration_task, strings_task
from bench.data.suite.tasks.passages import Verses, passages_task, read_verses
from bench.data.suite.tasks.rows import TaskRows
from bench.data.suite.tasks.symbols import symbols_task
from bench.data.suite.types import TABLES, Suite, table

Progress = Callable[[str], None]
READERS: dict[str, Any] = {
    "quran": quran.read,
    "kolibri": kolibri.read,
    "scratch": scratch.read,
    "django": django.read,
    "home_assistant": home_assistant.read,
    "cldr": cldr.read,
    "udhr": udhr.read,
}
Frames = dict[str, pd.DataFrame]
READING, CLEANING, MAKING = "reading sources", "cleaning bitext", "making tasks"  # phases of progress
REMOVING, CHECKING = "removing pairs that hold a text of a task", "checking for leakage"
# With their share of the time: seconds of one core for the suite of the profile `default` without quran.
PHASES = {READING: 3.0, CLEANING: 1.0, MAKING: 3.1, REMOVING: 2.1, CHECKING: 1.7}


def build_suite(
    languages: Languages,
    codes: Sequence[str],
    without: Sequence[str] = (),
    progress: Progress | None = None,
) -> Suite:
    """The suite for these languages; built once, then loaded from the cache folder.

    Args:
        codes: language codes to include; their order does not matter, English is always there.
        without: sources to leave out, with the tasks made from them.
        progress: called with one line before each step.

    Raises:
        BenchError: unknown language or source, a package that cannot be had, leakage, or a full disk.
    """
    chosen = [languages.get(code) for code in sorted(set(codes) - {ENGLISH})]
    for name in without:
        if name not in READERS:
            raise unknown("source", name, READERS)
    sources = [name for name in READERS if name not in set(without)]
    if not chosen or not set(sources) & {"quran", *INTERFACE}:
        raise BenchError(
            f"a suite of {len(chosen)} languages without {', '.join(without) or 'nothing'} has no bitext",
            "Name at least one language, and keep at least one of " + ", ".join(("quran", *INTERFACE)) + ".",
        )
    key = suite_key(chosen, sources)
    path = cache_dir() / "suite" / key
    if (path / "suite.json").exists():
        return Suite.load(path)
    _write(path, key, chosen, sources, progress or (lambda line: None))
    return Suite.load(path)


def content_hash(frames: Mapping[str, Table]) -> str:
    """sha256 over all rows of all tables, whatever the file format."""
    digest = hashlib.sha256()
    for name in sorted(frames):
        digest.update(f"\x1d{name}\x1d".encode())
        for column in frames[name].columns:
            between = ""
            for part in parts(frames[name], column):
                digest.update((between + "\x1f".join(map(str, part[column].tolist()))).encode())
                between = "\x1f"
            digest.update(b"\x1e")
    return digest.hexdigest()


def _write(path: Path, key: str, chosen: list[Language], sources: list[str], progress: Progress) -> None:
    start = time.perf_counter()
    for source in sources:  # all downloads first: a missing package shows before minutes of work
        for package in SOURCE_PACKAGES[source]:
            fetch(package, progress)
    progress(READING)
    texts = {source: _read(source, chosen) for source in steps(READING, sources)}
    frames, parallel, rejected = make_frames(texts, {one.code: one.script for one in chosen}, progress)
    info = {
        "key": key,
        "hash": content_hash(frames),
        "format": FORMAT,
        "parallel": parallel,
        "languages": [one.code for one in chosen],
        "without": [name for name in READERS if name not in sources],
        "packages": packages_of(sources),
        "counts": counts(frames),
        "rejected": rejected,
    }
    write_suite(path, frames, info)
    progress(f"suite built in {time.perf_counter() - start:.0f} s")


def write_suite(path: Path, frames: Mapping[str, Table], info: Mapping[str, Any]) -> None:
    """Write the files of a suite, all or none of them."""
    try:
        with atomic_dir(path) as folder:
            for name, frame in frames.items():
                if isinstance(frame, Spool):
                    frame.write(folder / f"{name}.parquet")
                else:
                    frame.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
            (folder / "suite.json").write_text(
                json.dumps(info, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
            )
    except OSError as error:
        hint = "Free some space, or move the cache folder with XLSD_CACHE."
        raise BenchError(f"cannot write the suite to {path}: {error}", hint) from error


def make_frames(
    texts: Mapping[str, Any], scripts: Mapping[str, str], progress: Progress
) -> tuple[Frames, dict[str, bool], dict[str, dict[str, int]]]:
    """Tables of the suite, which tasks are parallel, and how many candidate pairs fell to which rule.

    Args:
        texts: source -> what its reader returned.
        scripts: language code -> script.
    """
    progress(CLEANING)
    questions = tasks_faq.find_questions(texts["scratch"][ENGLISH]) if "scratch" in texts else []
    verses = read_verses(texts["quran"]) if "quran" in texts else None
    bitext, strings = _bitext(texts, tasks_faq.withheld(texts["scratch"][ENGLISH], questions) if questions else set(), verses)

    progress(MAKING)
    tasks: list[TaskRows] = []
    if "cldr" in texts:
        tasks.append(symbols_task(texts["cldr"], scripts))
    answers: list[str] = []
    others: list[str] = []
    if questions:
        faq = tasks_faq.faq_task(texts["scratch"], questions)
        tasks.append(faq)
        answers = tasks_faq.answers(texts["scratch"], questions)
        judged = {row[3] for row in faq.qrels}
        others = [text for doc_id, text in faq.documents.items() if doc_id not in judged]
    if verses:
        tasks.append(passages_task(texts["quran"], verses))
    if "udhr" in texts:
        tasks.append(declaration_task(texts["udhr"], others))

    progress(REMOVING)
    pairs = table(sorted(bitext.rows, key=lambda row: (row[1], row[2], row[0])), TABLES["bitext"])
    before = len(pairs)
    pairs = remove_leaks(pairs, task_frames(tasks), answers, strings)
    rejected = {source: dict(sorted(found.items())) for source, found in bitext.rejected.items()}
    rejected["leak"] = {"rows": before - len(pairs)}
    if any(source in texts for source in INTERFACE):
        tasks.append(strings_task(pairs.itertuples(index=False, name=None), strings))

    progress(CHECKING)
    frames = {"bitext": pairs, **task_frames(tasks)}
    also = dict.fromkeys(answers, leakage.TEST)
    leakage.check(pairs, leakage.protect(frames["documents"], frames["queries"], also))
    return frames, {task.name: task.parallel for task in tasks}, rejected


def remove_leaks(pairs: pd.DataFrame, tasks: Frames, answers: Sequence[str], documents: Sequence[str] = ()) -> pd.DataFrame:
    """Without pairs (in all languages) that hold a text of a task or, if for training, a dev string.

    Args:
        documents: of the task `strings`, which is made of what is left.
    """
    is_dev = (pairs["split"] == "dev") & pairs["source"].isin(INTERFACE)
    strings = [*pairs.loc[is_dev, "english"].unique(), *pairs.loc[is_dev, "text"], *documents]
    also = dict.fromkeys(strings, leakage.DEV) | dict.fromkeys(answers, leakage.TEST)
    finder = leakage.protect(tasks["documents"], tasks["queries"], also)
    return pairs[~leakage.forbidden(pairs, leakage.levels(leakage.leaking(pairs, finder)))].reset_index(drop=True)


def _bitext(texts: Mapping[str, Texts], withheld: set[str], verses: Verses | None) -> tuple[Bitext, list[str]]:
    """The pairs, and the strings that are kept out of them to be documents."""
    bitext = Bitext()
    if verses:
        split = {verse: split for verse, split in verses.split.items() if split != "test"}
        bitext.add("quran", texts["quran"], verses.english, split)
    english = {
        source: interface_english(texts[source], withheld if source == "scratch" else ())
        for source in INTERFACE
        if source in texts
    }
    splits, others = interface_splits(english)
    for source, split in splits.items():
        bitext.add(source, texts[source], english[source], split)
    return bitext, others


def _read(source: str, chosen: Sequence[Language]) -> Any:
    return READERS[source]({one.code: one.sources[source] for one in chosen if source in one.sources})


def task_frames(tasks: Sequence[TaskRows]) -> Frames:
    """Tables of documents, queries and judgements of all tasks."""
    documents = [(task.name, *row) for task in tasks for row in task.documents.items()]
    queries = [(task.name, *row) for task in tasks for row in task.queries]
    qrels = [(task.name, *row) for task in tasks for row in task.qrels]
    rows: dict[str, list[Any]] = {"documents": documents, "queries": queries, "qrels": qrels}
    return {name: table(found, TABLES[name]) for name, found in rows.items()}


def counts(frames: Mapping[str, Table]) -> dict[str, Any]:
    """Rows by language, source and split; queries by task, split and language; documents by task."""
    return {
        "pairs": _nested(frames["bitext"], "language", "source", "split"),
        "queries": _nested(frames["queries"], "task", "split", "language"),
        "documents": _nested(frames["documents"], "task"),
    }


def _nested(table: Table, *columns: str) -> dict[str, Any]:
    counted: dict[str, Any] = {}
    for path, count in sorted(tally(table, *columns).items()):
        inner = counted
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = count
    return counted
