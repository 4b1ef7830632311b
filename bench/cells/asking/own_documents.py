"""Queries that are documents: where a query has the id of a document, that document is no answer to it.

BEIR and MTEB leave it out of the query's own ranking (`ignore_identical_ids`), as in ArguAna, whose queries are documents. A
document that is judged relevant to the query of its id stays: there, equal ids stand for a translation, not for the same text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from bench.cells.asking.queries import QuerySet
from bench.data.suite.types import Suite, Task
from bench.retrieval.ranking import Ranking, without

_LANGUAGE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}:")  # before the ids of languages that ask questions of their own


def own_ids(task: Task, sets: Sequence[QuerySet]) -> list[str] | None:
    """The id of each query's own document, "" where it has none; None where no query of these sets has one.

    Streamed collections are left as they are: their ids are not known beforehand.
    """
    if task.streamed is not None:
        return None
    there = frozenset(task.documents["doc_id"])
    found = [own for one in sets for own in _own(one, there)]
    return found if any(found) else None


def left_out(ranking: Ranking, own: Sequence[str] | None, depth: int) -> Ranking:
    """The first `depth` documents of a ranking that may be one longer, without the own ones."""
    if ranking.index.shape[1] <= depth:
        return ranking
    if own is None:
        return Ranking(ranking.doc_ids, ranking.index[:, :depth], ranking.scores[:, :depth])
    wanted = set(own) - {""}
    places = {name: at for at, name in enumerate(ranking.doc_ids) if name in wanted}
    return without(ranking, [places.get(name, -1) for name in own])


def record(suite: Suite, sets: Sequence[QuerySet]) -> dict[str, Any]:
    """What a manifest says: of how many queries of each task the own document was left out; nothing where of none."""
    counts: dict[str, int] = {}
    for one in sets:
        if own := own_ids(suite.task(one.task), [one]):
            counts[one.task] = counts.get(one.task, 0) + sum(map(bool, own))
    return {"own_documents_left_out": counts} if counts else {}


def _own(one: QuerySet, documents: Collection[str]) -> list[str]:
    names = [_LANGUAGE.sub("", query, count=1) for query in one.ids]
    return [
        name if name in documents and one.qrels[query].get(name, 0) <= 0 else ""
        for query, name in zip(one.ids, names, strict=True)
    ]
