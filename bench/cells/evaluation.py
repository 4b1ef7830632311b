"""Search the shared indexes with one side's queries and score what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.base.errors import BenchError
from bench.base.ragged import Ragged
from bench.cells.shared.context import Context
from bench.data.suite.types import ENGLISH
from bench.encoders.encoder import Encoder
from bench.experiment.spec import CellSpec
from bench.retrieval.candidates import recall_against
from bench.retrieval.large.index import LargeIndex
from bench.retrieval.ranking import Ranking
from bench.retrieval.scoring import check, score, write_run
from bench.retrieval.sparse import WordQuery, plain
from methods.declaration import SPARSE

Report = Callable[[str, float], None]
RECALL_AT = 10
RECALL_QUERIES = 10  # a task and language, unless the profile says another number


@dataclass(frozen=True)
class QuerySet:
    """Queries of one task in one language.

    Attributes:
        task, language: whose they are.
        ids: query ids, as in the judgements.
        texts: what is encoded: the query itself, its translation or its English version.
        qrels: query id -> document id -> grade.
        words: the queries as they are searched by words; None if they are not.
    """

    task: str
    language: str
    ids: list[str]
    texts: list[str]
    qrels: dict[str, dict[str, int]] = field(repr=False)
    words: list[WordQuery] | None = field(default=None, repr=False)


def query_sets(
    context: Context, tasks: tuple[str, ...], limits: dict[str, int], split: str, languages: tuple[str, ...]
) -> list[QuerySet]:
    """Queries of all tasks in these languages, as far as a task has them; the first `limits[task]` of each."""
    found = []
    for name in tasks:
        task = context.suite.tasks.get(name)
        if task is None:  # left out with the source that it is made from
            continue
        for language in languages:
            if language in task.languages(split):
                queries = task.queries(split, language, limits.get(name))
                judged = task.qrels(split, language)
                ids = queries["query_id"].tolist()
                found.append(QuerySet(name, language, ids, queries["text"].tolist(), {q: judged[q] for q in ids}))
    return found


def english_sets(context: Context, sets: list[QuerySet], limits: dict[str, int], split: str) -> list[QuerySet]:
    """The human English queries that stand for each query set, as far as there are any.

    Where a task is parallel these are the same questions; where it is not (symbol search, whose
    queries are gathered in each language on its own), the English queries of the task, for every language.
    """
    found = []
    for one in sets:
        task = context.suite.task(one.task)
        if ENGLISH not in task.languages(split):
            continue
        if task.parallel:
            english = task.queries(split, ENGLISH).set_index("query_id")["text"]
            ids = [query for query in one.ids if query in english.index]
            if ids:
                judged = {query: one.qrels[query] for query in ids}
                found.append(QuerySet(one.task, one.language, ids, [english[query] for query in ids], judged))
        else:
            [own] = query_sets(context, (one.task,), limits, split, (ENGLISH,))
            found.append(QuerySet(one.task, one.language, own.ids, own.texts, own.qrels))
    return found


def with_words(context: Context, sets: list[QuerySet]) -> list[QuerySet]:
    """The query sets, to be searched by the words of their texts too: each word stands for itself."""
    return [replace(one, words=[plain(context.documents.words(text)) for text in one.texts]) for one in sets]


def evaluate(
    context: Context, encoder: Encoder | None, sets: list[QuerySet], mode: str, depth: int, report: Report,
    runs: Path | None = None, tag: str = "bench", recalls: list[dict[str, Any]] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Search each task's indexes with every scorer that there is something for, score every query.

    Args:
        context: gives the space and the indexes.
        encoder: of the queries, for the scorers dense and late; None: without these.
        sets: what to search; those of a task have `words`, for the scorer sparse, all or none.
        mode: of late interaction, `exact` or `approximate`.
        depth: documents ranked a query.
        report: is told how far encoding and searching are.
        runs: folder for TREC run files; None writes none.
        tag: run tag in those files.
        recalls: is given one row a task, language and scorer in the approximate mode: the share of the exact top
            10 that it finds, on the first queries. It differs by language, and could pass for a language gap.

    Returns:
        One row a query and scorer: task, scorer, language, query_id and the measures.

    Raises:
        BenchError: there is no query at all (own data whose English queries are all of the other split).
    """
    if not sets:
        raise BenchError("there is no query to search with", "look at evaluation.split; the ceiling needs English queries in it")
    if runs is not None:
        runs.mkdir(parents=True, exist_ok=True)
    vectors = _Vectors(context, encoder, sets, report) if encoder is not None else None
    # All languages of a task are searched at once: few large products are much faster than many small ones.
    found: dict[tuple, dict[str, Ranking]] = {}
    for task in dict.fromkeys(one.task for one in sets):
        asked = [one for one in sets if one.task == task]
        distinct = {_key(one): one for one in asked}
        ids = [name for one in distinct.values() for name in one.ids]
        report("search", len(found) / len(sets))
        rankings: dict[str, Ranking] = {}
        if vectors is not None:
            dense, late = vectors.of([text for one in distinct.values() for text in one.texts])
            rankings |= context.documents.index(task).search(dense, late, depth, ids, mode)
            if mode == "approximate" and recalls is not None:
                recalls += _recalls(context, asked, list(distinct.values()), dense, late, rankings)
        queries = [query for one in distinct.values() for query in one.words or ()]
        if queries and context.suite.task(task).streamed is None:  # an index of words needs all documents at once
            rankings[SPARSE] = context.documents.word_index(task).search(queries, depth, ids)
        if not rankings:
            raise BenchError(
                f"the documents of task {task} are streamed, and there is no index of words for them",
                "leave out methods that search by words alone, or the task",
            )
        at = 0
        for key, one in distinct.items():
            found[key] = {scorer: ranking.part(at, at + len(one.ids)) for scorer, ranking in rankings.items()}
            at += len(one.ids)
    frames = []
    scored: dict[tuple, list[tuple[QuerySet, dict[str, pd.DataFrame]]]] = {}
    for done, one in enumerate(sets):
        key = _key(one)
        known = scored.setdefault(key, [])  # the same questions may have other judgements in another language
        own = next((frame for other, frame in known if other.qrels == one.qrels), None)
        if own is None:
            own = {scorer: _scored(ranking, scorer, one) for scorer, ranking in found[key].items()}
            known.append((one, own))
        for scorer, ranking in found[key].items():
            frames.append(own[scorer].assign(language=one.language))
            if runs is not None:
                write_run(runs / f"{one.task}.{scorer}.{one.language}.trec.gz", ranking, one.ids, tag)
        report("score", (done + 1) / len(sets))
    columns = ["task", "scorer", "language", "query_id"]
    table = pd.concat(frames, ignore_index=True)
    return table[columns + [c for c in table.columns if c not in columns]]


def nothing_asked(spec: CellSpec) -> BenchError:
    """The error of an evaluation without a single query."""
    return BenchError(
        f"no task of {', '.join(spec.evaluation.tasks)} has {spec.evaluation.split} queries in the languages of {spec.id}",
        "look at evaluation.split, evaluation.tasks and the languages; `bench data check` counts queries of data on disk",
    )


def summarise(per_query: pd.DataFrame) -> pd.DataFrame:
    """Means over queries: one row a task, scorer and language, with the number of queries."""
    groups = per_query.groupby(["task", "scorer", "language"], sort=True)
    means = groups.mean(numeric_only=True)
    means.insert(0, "queries", groups.size())
    return means.reset_index()


def _key(one: QuerySet) -> tuple:
    """Equal for sets that search the same: the English queries of a task stand for many languages."""
    return one.task, tuple(one.ids), tuple(one.texts), tuple(one.words or ())


class _Vectors:
    """All texts of the query sets by one encoder. Equal texts are encoded once: English queries stand for many languages."""

    def __init__(self, context: Context, encoder: Encoder, sets: list[QuerySet], report: Report) -> None:
        texts = list(dict.fromkeys(text for one in sets for text in one.texts))
        self.row = {text: i for i, text in enumerate(texts)}
        states = encoder.encode(texts, "query", progress=lambda done: report("encode queries", done))
        self.dense = context.teacher.space.pooled(states.pooled)
        self.late = Ragged(context.teacher.space.tokens(states.tokens.vectors), states.tokens.offsets)

    def of(self, texts: list[str]) -> tuple[np.ndarray, Ragged]:
        """Vectors of these texts: one each, and one a token."""
        rows = np.array([self.row[text] for text in texts])
        return self.dense[rows], self.late.take(rows)


def _recalls(
    context: Context, asked_in: list[QuerySet], sets: list[QuerySet], dense: np.ndarray, late: Ragged,
    approximate: dict[str, Ranking],
) -> list[dict[str, Any]]:  # fmt: skip
    """What the approximate search of a task finds of the exact one, on the first queries of each language.

    One exhaustive search for all of them: on disk, reading the documents is what takes time.

    Args:
        asked_in: all query sets of the task, one row of each and scorer.
        sets: those of them that search something different, with their vectors end to end in `dense` and `late`.
    """
    index = context.documents.index(sets[0].task)
    first = np.cumsum([0, *(len(one.ids) for one in sets)])
    asked = context.key.retrieval.recall_queries
    if asked is None:
        asked = min(RECALL_QUERIES, index.affordable(late) // len(sets)) if isinstance(index, LargeIndex) else RECALL_QUERIES
    rows = [np.arange(start, start + min(asked, len(one.ids))) for start, one in zip(first, sets, strict=False)]
    sample = np.concatenate(rows)
    if not len(sample):
        return []
    ids = [name for one in sets for name in one.ids]
    exact = index.search(dense[sample], late.take(sample), RECALL_AT, [ids[i] for i in sample], "exact")
    shares: dict[tuple, list[dict[str, Any]]] = {}
    at = 0
    for one, own in zip(sets, rows, strict=True):
        shares[_key(one)] = []
        for scorer, ranking in exact.items():
            part = approximate[scorer].part(own[0], own[-1] + 1)
            share = recall_against(ranking.part(at, at + len(own)), part, RECALL_AT)
            shares[_key(one)].append({"scorer": scorer, "queries": len(own), f"recall@{RECALL_AT}": float(share.mean())})
        at += len(own)
    return [{"task": one.task, "language": one.language, **share} for one in asked_in for share in shares[_key(one)]]


def _scored(ranking: Ranking, scorer: str, one: QuerySet) -> pd.DataFrame:
    frame = score(ranking, one.ids, one.qrels)
    check(frame, ranking, one.ids, one.qrels)
    return frame.assign(task=one.task, scorer=scorer)
