"""Search the shared indexes with one side's queries and score what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.base.errors import BenchError
from bench.base.progress import Report
from bench.cells.asking.own_documents import left_out, own_ids
from bench.cells.asking.queries import QuerySet
from bench.cells.asking.search import Asked, Vectors, search
from bench.cells.asking.translated import Joined, Translated
from bench.cells.shared.context import Context
from bench.cells.shared.views import Encodes, View
from bench.retrieval.candidates import recall_against
from bench.retrieval.large.index import LargeIndex
from bench.retrieval.ranking import Ranking
from bench.retrieval.scoring import check, score, write_run

RECALL_AT = 10
RECALL_QUERIES = 10  # a task and language, unless the profile says another number


def evaluate(
    context: Context, encoder: Encodes | None, sets: list[QuerySet], mode: str, depth: int, report: Report,
    runs: Path | None = None, tag: str = "bench", recalls: list[dict[str, Any]] | None = None,
    views: Sequence[View] = (), translated: Translated | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Search each task's indexes with every scorer that there is something for, score every query.

    Args:
        context: gives the space and the indexes.
        encoder: of the queries, for the scorers dense and late; None: without these.
        sets: what to search; those of a task have `words`, for the scorer sparse, all or none.
        mode: of late interaction, `exact` or `approximate`.
        depth: documents ranked a query.
        report: is told how far it is.
        runs: folder for TREC run files; None writes none.
        tag: run tag in those files.
        recalls: is given one row a task, language and scorer in the approximate mode: the share of the exact top
            10 that it finds, on the first queries, in the first view. It differs by language, and could pass for a language gap.
        views: the spaces to compare in, each with scorers of its own name; default: the English one.
        translated: the same queries in English; what both find is joined (`recalls` are those of the queries as they are).

    Returns:
        One row a query and scorer: task, scorer, language, query_id and the measures.

    Raises:
        BenchError: there is no query at all (own data whose English queries are all of the other split).
    """
    if not sets:
        raise BenchError("there is no query to search with", "look at evaluation.split; the ceiling needs English queries in it")
    if runs is not None:
        runs.mkdir(parents=True, exist_ok=True)
    asked = context.key.retrieval.recall_queries
    sampled = mode == "approximate" and recalls is not None and encoder is not None
    keep = (RECALL_QUERIES if asked is None else asked) if sampled else 0
    views = views or (View.english(context),)
    own_documents = [own_ids(context.suite.task(one.task), [one]) for one in sets]
    deep = depth + any(own_documents)  # one more where one may be left out
    searched = deep if translated is None else max(deep, translated.depth)
    found, kept = search(context, encoder, sets, mode, searched, report, keep, views)
    if sampled and recalls is not None:
        for task in found:
            recalls += _recalls(context, task, found[task], kept, views[0])
    joined = translated.joined(context, found, mode, deep, report) if translated is not None else None
    results: Mapping[str, Asked | Joined] = joined or found
    frames: list[pd.DataFrame] = []
    scored: dict[tuple, list[tuple[QuerySet, dict[str, pd.DataFrame]]]] = {}
    for done, one in enumerate(sets):
        rankings = {name: left_out(ranking, own_documents[done], depth) for name, ranking in results[one.task].of(one).items()}
        # The same questions may have other judgements in another language.
        known = scored.setdefault(results[one.task].key(one), [])
        own = next((frame for other, frame in known if other.qrels == one.qrels), None)
        if own is None:
            own = {scorer: _scored(ranking, scorer, one) for scorer, ranking in rankings.items()}
            known.append((one, own))
        for scorer, ranking in rankings.items():
            frames.append(own[scorer].assign(language=one.language))
            if runs is not None:
                write_run(runs / f"{one.task}.{scorer}.{one.language}.trec.gz", ranking, one.ids, tag)
        report("score", (done + 1) / len(sets))
    columns = ["task", "scorer", "language", "query_id"]
    table = pd.concat(frames, ignore_index=True)
    return table[columns + [c for c in table.columns if c not in columns]]


def _recalls(context: Context, task: str, asked: Asked, kept: Vectors, view: View) -> list[dict[str, Any]]:
    """What the approximate search of a task finds of the exact one, on the first queries of each language.

    One exhaustive search for all of them: on disk, reading the documents is what takes time.

    Args:
        asked: what was asked of the task, and its approximate ranks.
        kept: vectors of the first queries of each query set, in the view.
    """
    index = view.index(task)
    distinct = {asked.key(one): one for one in asked.sets}
    many = context.key.retrieval.recall_queries
    if many is None:
        many = RECALL_QUERIES
        if isinstance(index, LargeIndex):
            likely = list(dict.fromkeys(question for one in distinct.values() for question in asked.of_set(one, many)))
            many = min(many, index.affordable(kept.of(likely)[1]) // len(distinct))
    first = {key: asked.of_set(one, many) for key, one in distinct.items()}
    places = {question: row for row, question in enumerate(dict.fromkeys(q for own in first.values() for q in own))}
    if not places:
        return []
    exact = index.search(*kept.of(list(places)), RECALL_AT, [asked.names[question] for question in places], "exact")
    shares: dict[tuple, list[dict[str, Any]]] = {}
    for key, own in first.items():
        rows, at = np.array([places[one] for one in own]), np.array([asked.questions[one] for one in own])
        shares[key] = []
        for scorer, ranking in exact.items():
            wanted = Ranking(ranking.doc_ids, ranking.index[rows], ranking.scores[rows])
            share = recall_against(wanted, asked.ranks[scorer + view.suffixes[0]].of(at), RECALL_AT)
            shares[key].append({"scorer": scorer, "queries": len(own), f"recall@{RECALL_AT}": float(share.mean())})
    return [{"task": task, "language": one.language, **share} for one in asked.sets for share in shares[asked.key(one)]]


def _scored(ranking: Ranking, scorer: str, one: QuerySet) -> pd.DataFrame:
    frame = score(ranking, one.ids, one.qrels)
    check(frame, ranking, one.ids, one.qrels)
    return frame.assign(task=one.task, scorer=scorer)
