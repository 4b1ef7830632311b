"""Tasks out of somebody's own collection: dev and test, the same question in several languages, order of queries."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from bench.data.english import ENGLISH
from bench.data.sources.collection import OwnTask
from bench.data.suite.cleaning import one_line
from bench.data.suite.splits import digest
from bench.data.suite.tasks.rows import TaskRows

DEV_SHARE = 0.2  # of the queries of a task that names no split
LARGEST = 127  # grade
AGREE = 0.9  # share of common ids whose judgements share a document, in a parallel task
Row = tuple[str, str, str, str]  # split, language, query id, text


def own_task(task: OwnTask, dev_share: float | None = None, merge: bool = False) -> tuple[TaskRows, list[str]]:
    """The task as rows of the suite, and what was decided, one sentence each.

    Args:
        task: as a reader gives it.
        dev_share: share of the queries that becomes dev where a task has one set of queries only; None: a fifth where the
            data names no split, nothing where it names the test split.
        merge: documents of one text become one, with the judgements of all of them.
    """
    rows: list[Row] = [
        (split, language, query_id, line)
        for split, language, query_id, text in task.queries.itertuples(index=False, name=None)
        if (line := one_line(text))
    ]
    made = TaskRows(task.name, parallel=False)
    made.documents = dict(task.documents.itertuples(index=False, name=None))
    made.documents = {doc_id: line for doc_id, text in made.documents.items() if (line := one_line(text))}
    judged: dict[tuple[str, str, str], dict[str, int]] = {}
    same = _same(made.documents, set(task.qrels["doc_id"])) if merge else {}
    made.documents = {doc_id: text for doc_id, text in made.documents.items() if doc_id not in same}
    # Relevant documents that are not there stay among the judgements: they count as never found, as in trec_eval.
    for split, language, query_id, doc_id, grade in task.qrels.itertuples(index=False, name=None):
        if grade > 0:
            grades = judged.setdefault((split, language, query_id), {})
            name = same.get(doc_id, doc_id)
            grades[name] = max(min(int(grade), LARGEST), grades.get(name, 0))
    rows = [row for row in rows if row[:3] in judged]
    parallel = same_questions(judged) if task.parallel is None else task.parallel
    how = "" if task.parallel is None else " (as the profile says)"
    notes = [
        f"task {task.name}: an id is the same question in every language{how}"
        if parallel
        else f"task {task.name}: the languages ask questions of their own{how}"
    ]
    if lost := _lost(task, made.documents, judged):
        notes.append(lost)
    if same:
        notes.append(f"task {task.name}: {len(same):,} documents with the text of another one were merged into it")
    dev, said = _dev(task.name, rows, parallel, dev_share)
    notes += said + _english(task.name, rows, parallel)
    # Statistics take an id that two languages share for one question.
    shared = not parallel and _shared({(language, query_id) for _, language, query_id, _ in rows}) > 0
    made.parallel = parallel
    found: dict[tuple[str, str], list[tuple[str, str, dict[str, int]]]] = {}
    for row in rows:
        split, language, query_id, text = row
        name = f"{language}:{query_id}" if shared else query_id
        to = "dev" if _unit(row, parallel) in dev else split or "test"
        found.setdefault((to, language), []).append((name, text, judged[split, language, query_id]))
    for (split, language), queries in sorted(found.items()):
        made.add_queries(split, language, queries)
    return made, notes


def _lost(task: OwnTask, documents: Mapping[str, str], judged: Mapping[tuple[str, str, str], Mapping[str, int]]) -> str:
    """A sentence on relevant documents that are not in the corpus; "" where all are, or where the corpus is streamed."""
    names = [name for grades in judged.values() for name in grades]
    lost = sum(name not in documents for name in names) if task.stream is None else 0
    what = "name documents that are not in the corpus: they count as never found"
    return f"task {task.name}: {lost:,} of {len(names):,} relevant judgements {what}" if lost else ""


def _same(documents: Mapping[str, str], judged: set[str]) -> dict[str, str]:
    """Id of a document -> id of the one with the same text that stands for it: the first that is judged, else the first."""
    by_text: dict[str, list[str]] = {}
    for doc_id, text in documents.items():
        by_text.setdefault(text, []).append(doc_id)
    found: dict[str, str] = {}
    for ids in by_text.values():
        kept = next((one for one in ids if one in judged), ids[0])
        found |= {one: kept for one in ids if one != kept}
    return found


def same_questions(judged: Mapping[tuple[str, str, str], Mapping[str, int]]) -> bool:
    """Whether ids stand for the same questions in all languages: most are shared, and share relevant documents.

    English questions that no language asks say nothing: where languages ask questions of their own, each with an English version,
    they are those of languages that were left out.

    Args:
        judged: (split, language, query id) -> relevant documents.
    """
    asked = {(split, query_id) for split, language, query_id in judged if language != ENGLISH}
    by_question: dict[tuple[str, str], list[set[str]]] = {}
    for (split, _, query_id), grades in judged.items():
        if not asked or (split, query_id) in asked:
            by_question.setdefault((split, query_id), []).append(set(grades))
    common = [sets for sets in by_question.values() if len(sets) > 1]
    agree = sum(bool(set.intersection(*sets)) for sets in common)
    return len(common) > 0.5 * len(by_question) and agree >= AGREE * len(common)


def _dev(name: str, rows: list[Row], parallel: bool, dev_share: float | None) -> tuple[set[tuple[str, str, str]], list[str]]:
    """Units (see `_unit`) that become dev, and a sentence on it."""
    splits = {split for split, *_ in rows}
    if splits not in ({""}, {"test"}):
        count = {split: sum(row[0] == split for row in rows) for split in ("dev", "test")}
        plain = "" in splits
        more = "; queries without a split count as test" if plain else ""
        return set(), [f"task {name}: splits as the data names them (dev {count['dev']:,}, test {count['test']:,} queries){more}"]
    share = dev_share if dev_share is not None else DEV_SHARE if splits == {""} else 0.0
    blocks: dict[str, set[tuple[str, str, str]]] = {}
    for row in rows:
        blocks.setdefault("" if parallel else row[1], set()).add(_unit(row, parallel))
    held: set[tuple[str, str, str]] = set()
    total = 0
    for units in blocks.values():
        ordered = sorted(units, key=lambda unit: digest("\0".join(unit), "own queries"))
        held.update(ordered[: int(share * len(ordered))])
        total += len(ordered)
    if not held:
        return held, [f"task {name}: all {total:,} questions are for test, none for dev (data.dev_share holds some out)"]
    named = "no split is named" if splits == {""} else "only test is named"
    return held, [f"task {name}: {named}: {len(held):,} of {total:,} questions are held out for dev, by a hash of their ids"]


def _unit(row: Row, parallel: bool) -> tuple[str, str, str]:
    """What is split as one: a question in all languages of a parallel task, else a query of one language."""
    return row[0], "" if parallel else row[1], row[2]


def _english(name: str, rows: list[Row], parallel: bool) -> list[str]:
    english = {(split, query_id) for split, language, query_id, _ in rows if language == ENGLISH}
    if not english:
        return [f"task {name}: no English queries, so it has no ceiling"]
    others = {(split, query_id) for split, language, query_id, _ in rows if language != ENGLISH}
    lacking = len(others - english)
    if parallel and lacking:
        return [f"task {name}: {lacking:,} of {len(others):,} questions have no English version; the ceiling goes without them"]
    return []


def _shared(pairs: set[tuple[str, str]]) -> int:
    """How many ids occur in several languages."""
    return int((pd.Series([query_id for _, query_id in sorted(pairs)], dtype="str").value_counts() > 1).sum())
