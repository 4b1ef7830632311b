"""A reader of data sets of the hubs: the bitext and the tasks that a profile names under `data.hubs`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from bench.base.content import content_hash
from bench.base.errors import BenchError
from bench.data.documents import DocumentStream
from bench.data.languages import ENGLISH, Languages
from bench.data.sources.collection import PAIR_COLUMNS, Outline, OwnData, OwnTask, Progress, task_frames
from bench.data.sources.hubs.catalogue import HUB_DATA, HubData
from bench.data.sources.hubs.files import copy_of
from bench.data.sources.hubs.languages import own_codes
from bench.data.sources.hubs.pairs import pairs
from bench.data.sources.hubs.revisions import ELSEWHERE, commit_of, data_set
from bench.data.sources.hubs.tasks import ENGLISH_QUESTIONS, STREAMED, open_task
from bench.data.stored.spool import Spool

VERSION = 1  # raised by hand when other texts come out of the same files
MOST_PAIRS = 200_000  # rows of a language and data set that are read: the first ones


class HubReader:
    """Data sets by name; nothing is opened before `read`.

    Args:
        names: of the catalogue, perhaps with `@revision`.
        languages: whose codes are used.

    Raises:
        BenchError: an unknown name, a task that is not about English documents, or bitext that holds a task.
    """

    def __init__(self, names: Sequence[str], languages: Languages) -> None:
        self.data = [data_set(name) for name in dict.fromkeys(names)]
        known = [one.name for one in self.data]
        if twice := next((name for name in known if known.count(name) > 1), None):
            raise BenchError(f"data.hubs names {twice} at two revisions", "keep one of them")
        for one in self.data:
            if not one.usable:
                fit = sorted(other.name for other in HUB_DATA.values() if other.kind == "task" and other.usable)
                raise BenchError(
                    f"{one.name} cannot be evaluated: {one.direction}",
                    f"the bench searches English documents with queries in X, as in {', '.join(fit)}\n"
                    f"  bench data show {one.name} reads what it holds",
                )
        if {"flores", "belebele"} <= {one.name for one in self.data}:
            raise BenchError(
                "flores cannot be trained on where belebele is evaluated: the passages of belebele are FLORES passages",
                "take other bitext (ntrex, opus-100, tatoeba, webfaq-bitexts), or another task",
            )
        self.languages = languages
        self.codes = {one.name: own_codes(one, languages) for one in self.data}

    def outline(self) -> Outline:
        """Languages and tasks, as the catalogue states them."""
        pairs_in = {code for one in self.data if one.kind == "bitext" for code in self.codes[one.name]}
        trainable = [language.code for language in self.languages if language.code in pairs_in]
        queried = {one.name: tuple(sorted(self._asked(one))) for one in self.data if one.kind == "task"}
        return Outline(tuple(trainable), queried)

    def _asked(self, one: HubData) -> set[str]:
        return set(self.codes[one.name]) | ({ENGLISH.code} if one.name in ENGLISH_QUESTIONS else set())

    def key(self, codes: Collection[str]) -> Any:
        """Names, versions, languages with their own codes, and the files of a copy on disk by name and content."""
        return [
            [VERSION, one.name, one.id, one.revision, [[code, self.codes[one.name][code]] for code in sorted(set(codes))
             if code in self.codes[one.name]], _copied(one)]
            for one in self.data
        ]  # fmt: skip

    def read(self, codes: Collection[str], progress: Progress) -> OwnData:
        """Everything of these languages. Raises `BenchError` for data that cannot be had."""
        notes: list[str] = []
        found = Spool(PAIR_COLUMNS)
        tasks = []
        for one in self.data:
            own = {code: self.codes[one.name][code] for code in sorted(codes) if code in self.codes[one.name]}
            one, said = _of_one_revision(one)
            notes += said
            if one.kind == "task":
                tasks.append(self._task(one, own, progress))
                if one.name in STREAMED:
                    notes.append(f"task {one.name}: pairs that hold a query are left out, pairs that hold a document are not")
                continue
            for code, name in own.items():
                progress(f"reading {one.name}, {code}")
                before = len(found)
                found.extend((code, one.name, *row) for row in islice(pairs(one, name), MOST_PAIRS))
                if len(found) - before == MOST_PAIRS:
                    notes.append(f"{one.name}: the first {MOST_PAIRS:,} pairs of {code} were read")
        return OwnData(found, tasks, notes)

    def _task(self, one: HubData, own: dict[str, str], progress: Progress) -> OwnTask:
        task = open_task(one)
        asked = dict(own)
        if one.name in ENGLISH_QUESTIONS:
            asked[ENGLISH.code] = ""
        questions, judgements = [], []
        for code, name in asked.items():
            progress(f"reading {one.name}, {code}")
            found = [(split, code, query_id, text) for split, query_id, text in task.questions(name)]
            known = {(split, query_id) for split, _, query_id, _ in found}
            questions += found
            judgements += [
                (split, code, query_id, doc_id, grade)
                for split, query_id, doc_id, grade in task.judgements(name)
                if grade > 0 and (split, query_id) in known
            ]
        # Where each language asks questions of its own, English has those of languages that nobody asked for.
        wanted = {(split, query_id) for split, code, query_id, _ in questions if code != ENGLISH.code or not own}
        questions = [row for row in questions if (row[0], row[2]) in wanted]
        judgements = [row for row in judgements if (row[0], row[2]) in wanted]
        streamed = one.name in STREAMED
        documents = [] if streamed else list(task.documents("").read())
        return OwnTask(
            one.name, **task_frames(documents, questions, judgements),
            parallel=True if one.name in ENGLISH_QUESTIONS else None, stream={"hub": one.name} if streamed else None,
        )  # fmt: skip


def _of_one_revision(one: HubData) -> tuple[HubData, list[str]]:
    """The data set with a commit, and a sentence where that is not the pinned one: all its files are then of one version."""
    pinned = HUB_DATA[one.name].revision
    if one.library != "datasets" or one.name in ELSEWHERE:
        return one, []
    if copy_of(one.id).is_dir():
        asked = one.revision if one.revision != pinned else None
        return one, [f"{one.name}: the copy on this machine is read, whatever its revision; {asked} was named"] if asked else []
    found = replace(one, revision=commit_of(one, ask=True))
    if found.revision == pinned:
        return one, []
    which = f"the pinned one is {pinned}" if pinned else "none is pinned"
    return found, [f"{one.name}: {one.id}, revision {found.revision} ({which})"]


def _copied(one: HubData) -> list[list[Any]]:
    folder = copy_of(one.id)
    if one.library != "datasets" or not folder.is_dir():
        return []
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return [[name, content_hash(found[name])] for name in sorted(found) if not name.startswith(".")]


def stream_of(described: Mapping[str, Any]) -> DocumentStream:
    """The documents that a task's `stream` names, read from their source."""
    return open_task(HUB_DATA[described["hub"]]).documents("")


def preview(name: str, own: str, shown: int) -> Iterator[tuple[str, int, list[str]]]:
    """What there is of one data set and language: kind, how many were counted, and the first of them.

    Args:
        name: of the catalogue, perhaps with `@revision`.
        own: the data set's own code of the language.
        shown: documents, queries and the like that are looked at; counting all documents would read gigabytes.
    """
    one = data_set(name)
    if one.kind == "bitext":
        found = list(islice(pairs(one, own), shown))
        yield "pairs", len(found), [f"{english} | {text}" for _, english, text in found]
        return
    task = open_task(one)
    questions = list(task.questions(own))
    yield "queries", len(questions), [f"{query.query_id}: {query.text}" for query in questions[:shown]]
    judged = list(task.judgements(own))
    yield "judgements", len(judged), [f"{found.query_id} {found.doc_id} {found.grade}" for found in judged[:shown]]
    documents = list(islice(task.documents(own).read(), shown))
    yield "documents", len(documents), [f"{doc_id}: {text}" for doc_id, text in documents]
