"""The suite of somebody's own data: the same tables, checks and cache folder as the built-in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.base.errors import BenchError
from bench.base.paths import cache_dir
from bench.data.english import ENGLISH
from bench.data.languages import Languages
from bench.data.sources.collection import OwnData, Progress, Reader
from bench.data.stored.pair_table import FIRST, pair_spool, tally
from bench.data.stored.spool import Spool, Table, parts
from bench.data.suite import inside, leakage
from bench.data.suite.build import CHECKING, CLEANING, REMOVING, Frames, content_hash, counts, task_frames, write_suite
from bench.data.suite.keys import FORMAT, Choices, own_key
from bench.data.suite.own_pairs import own_bitext
from bench.data.suite.own_tasks import own_task
from bench.data.suite.types import Suite, tasks_from

SHOWN = 3  # pairs that hold a text of a task, as examples


@dataclass(frozen=True)
class Assembled:
    """What is made of the data before it is written.

    Attributes:
        pairs: as `pair_table.pair_spool`.
        frames: the other tables as in `types.TABLES`.
        parallel: task -> its ids are the same questions in all languages.
        rejected: source -> rule -> pairs that fell to it; `leak` counts pairs that hold a text of a task.
        notes: what was decided, one sentence each.
        streams: task -> what names its documents, where they are too many for a table.
        leaks: (language, English side, text) of some of the pairs that hold a text of a task.
    """

    pairs: Spool
    frames: Frames
    parallel: dict[str, bool]
    rejected: dict[str, dict[str, int]]
    notes: tuple[str, ...]
    leaks: tuple[tuple[str, str, str], ...]
    streams: dict[str, dict[str, Any]]

    @property
    def tables(self) -> dict[str, Table]:
        """All tables as in `types.TABLES`; that of the pairs need not be in memory."""
        return {"bitext": self.pairs, **self.frames}


def own_suite(reader: Reader, languages: Languages, codes: Sequence[str], choices: Choices, progress: Progress) -> Suite:
    """The suite of these languages; made once, then loaded from the cache folder.

    Raises:
        BenchError: data that cannot be used, a task without queries, leakage, a full disk.
    """
    codes = sorted({languages.get(code).code for code in codes} - {ENGLISH})
    key = own_key(reader, codes, choices)
    path = cache_dir() / "suite" / key
    if not (path / "suite.json").exists():
        made = assemble(reader.read(codes, progress), choices, progress)
        info = {
            "key": key, "hash": content_hash(made.tables), "format": FORMAT, "parallel": made.parallel, "languages": codes,
            "streams": made.streams, "counts": counts(made.tables), "rejected": made.rejected, "notes": list(made.notes),
        }  # fmt: skip
        write_suite(path, made.tables, info)
    return Suite.load(path)


def assemble(data: OwnData, choices: Choices, progress: Progress) -> Assembled:
    """Clean pairs, split queries, and take out of the bitext what holds a text of a task."""
    progress(CLEANING)
    pairs, rejected = own_bitext(data.pairs, choices.max_pairs)
    notes = list(data.notes)
    tasks = []
    for task in data.tasks:
        progress(f"making task {task.name}")
        rows, said = own_task(task, choices.dev_share, choices.duplicates == "merge")
        tasks.append(rows)
        notes += said
    streams = {task.name: task.stream for task in data.tasks if task.stream is not None}
    frames = task_frames(tasks)
    progress(REMOVING)
    standing = inside.find(pairs, frames)
    inside.refuse_made_of(pairs, standing)
    notes += inside.notes(standing)
    kept, leaks = remove_leaks(pairs, frames, standing.leaks)
    rejected["leak"] = {"pairs": len(pairs) - len(kept)}
    left = tally(kept, "language", "split")
    for (language,) in sorted(tally(pairs, "language")):
        if not left[language, "train"]:
            raise BenchError(
                f"all training pairs of {language} hold a text of a task", "take bitext that was not made from the tasks"
            )
    progress(CHECKING)
    leakage.check(kept, protect(frames))
    parallel = {task.name: task.parallel for task in tasks}
    return Assembled(kept, frames, parallel, rejected, tuple(notes), leaks, streams)


def remove_leaks(
    pairs: Spool, tasks: Frames, inside_documents: Mapping[str, tuple[int, str]]
) -> tuple[Spool, tuple[tuple[str, str, str], ...]]:
    """Pairs (in all languages alike) without those that hold a text of a task or, if for training, a dev pair's text.

    Args:
        inside_documents: pair id -> (level, key) of those whose English side is a part of a relevant document.
    """
    found = leakage.leaking(pairs, protect(tasks, _dev_texts(pairs)))
    for pair, hit in inside_documents.items():
        found[pair] = max(hit, found.get(pair, (0, "")))
    kept, levels = pair_spool(), leakage.levels(found)
    shown: dict[str, tuple[str, str, str]] = {}  # pair id -> the first of its pairs
    for part in pairs.parts(*pairs.columns, FIRST):
        gone = leakage.forbidden(part, levels)
        kept.add(part[~gone])
        if len(shown) < SHOWN:
            for pair, *said in part.loc[gone, ["pair_id", "language", "english", "text"]].itertuples(index=False, name=None):
                shown.setdefault(pair, (said[0], said[1], said[2]))
    return kept, tuple(shown.values())[:SHOWN]


def _dev_texts(pairs: Table) -> list[str]:
    """Both sides of the dev pairs, the English ones each once."""
    english: dict[str, None] = {}
    texts: list[str] = []
    for part in parts(pairs, "split", "english", "text"):
        dev = part[part["split"] == "dev"]
        english |= dict.fromkeys(dev["english"])
        texts += dev["text"].tolist()
    return [*english, *texts]


def protect(tasks: Mapping[str, pd.DataFrame], dev_texts: Sequence[str] = ()) -> leakage.Finder:
    """A finder for the queries of all languages, English among them, and the documents called relevant."""
    sentences: dict[str, int] = dict.fromkeys(dev_texts, leakage.DEV)
    queries, qrels = tasks["queries"], tasks["qrels"]
    relevant = qrels.merge(tasks["documents"], on=["task", "doc_id"])[["split", "text"]].drop_duplicates()
    for frame in (queries, relevant):
        for split, text in zip(frame["split"], frame["text"], strict=True):
            sentences[text] = max(sentences.get(text, 0), leakage.TEST if split == "test" else leakage.DEV)
    return leakage.Finder.of(sentences)


def tasks_of(made: Assembled) -> dict[str, Any]:
    """The tasks as the bench will see them."""
    return tasks_from(made.frames, made.parallel, made.streams)
