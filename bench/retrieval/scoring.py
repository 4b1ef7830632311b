"""Measures of a ranking: ir_measures behind our own order, plus self-checks and TREC run files."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import ir_measures
import numpy as np
import pandas as pd
from ir_measures import RR, R, Success, nDCG

from bench.base.errors import BenchError
from bench.retrieval.ranking import Ranking, check_lengths, check_unique

# nDCG is trec_eval's: gain = grade (linear, not 2^grade - 1), discount log2(rank + 1). A document counts as
# relevant for the other three when its grade is at least 1.
MEASURES = {"ndcg@10": nDCG @ 10, "mrr@10": RR @ 10, "recall@100": R @ 100, "success@1": Success @ 1}

Qrels = Mapping[str, Mapping[str, int]]


def score(ranking: Ranking, query_ids: Sequence[str], qrels: Qrels) -> pd.DataFrame:
    """Per-query measures.

    Args:
        ranking: results of the queries, in the order of `query_ids`.
        query_ids: unique ids; a query without judgements is left out.
        qrels: query id -> document id -> grade. Every query in it gets a row; one that was not searched
            counts 0.

    Returns:
        Columns query_id, ndcg@10, mrr@10, recall@100, success@1; one row per judged query, in the order of
        `qrels`.

    Raises:
        BenchError: ids do not match the ranking or occur twice.
    """
    check_lengths("query", query_ids, len(ranking))
    check_unique("query", query_ids)
    ids = np.asarray(ranking.doc_ids, dtype=object)
    run: dict[str, dict[str, float]] = {}
    for query, row in zip(query_ids, ranking.index, strict=True):
        if query in qrels:
            found = ids[row[row >= 0]]
            # Whole numbers stand in for the scores: trec_eval keeps 32 bits and breaks ties by id
            # descending, other providers the other way round. With these they have no tie to break.
            run[query] = dict(zip(found, range(len(found), 0, -1), strict=True))
    # The reciprocal rank is asked for uncut (trec_eval) and cut here: `RR@10` goes through a slower provider.
    column_of = {RR if measure == RR @ 10 else measure: i for i, measure in enumerate(MEASURES.values())}
    row_of = {query: i for i, query in enumerate(qrels)}
    table = np.zeros((len(qrels), len(MEASURES)))
    judged = {query: dict(grades) for query, grades in qrels.items()}
    for metric in ir_measures.iter_calc(list(column_of), judged, run) if qrels else ():
        table[row_of[metric.query_id], column_of[metric.measure]] = metric.value
    reciprocal = table[:, column_of[RR]]
    reciprocal[reciprocal < 0.1 - 1e-9] = 0.0
    frame = pd.DataFrame(table, columns=list(MEASURES))
    frame.insert(0, "query_id", pd.Series(list(qrels), dtype="str"))
    return frame


def check(frame: pd.DataFrame, ranking: Ranking, query_ids: Sequence[str], qrels: Qrels) -> None:
    """Compare the measures with the ranking itself; a cell whose numbers fail this is not stored.

    Raises:
        BenchError: judged queries are missing, a value lies outside [0, 1], success@1, recall@100 or mrr@10
            do not follow from the ranking, P@1 and RR@1 differ, or recall falls with depth.
    """
    if list(frame["query_id"]) != list(qrels):
        raise _failed(f"{len(frame)} queries were scored, {len(qrels)} are judged", "the list of queries")
    values = frame[list(MEASURES)].to_numpy(dtype=float)
    outside = ~((values >= 0) & (values <= 1 + 1e-9))  # also true for NaN
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise _failed(
            f"{list(MEASURES)[column]} = {values[row, column]}", f"query {frame['query_id'][row]!r}"
        )
    position = {query: i for i, query in enumerate(query_ids)}
    for query, ndcg, mrr, recall, success in frame.itertuples(index=False):
        relevant = {doc for doc, grade in qrels[query].items() if grade >= 1}
        found = ranking.ids(position[query]) if query in position else []
        hits = np.array([doc in relevant for doc in found], dtype=bool)
        first = int(hits.argmax()) + 1 if hits.any() else 0
        recalls = [hits[:depth].sum() / max(len(relevant), 1) for depth in (1, 10, 100)]
        expected = {
            "mrr@10": (mrr, 1 / first if 0 < first <= 10 else 0.0),
            "recall@100": (recall, recalls[-1]),
            "success@1": (success, float(hits[:1].any())),
            "P@1 = RR@1": (success, float(first == 1)),
            "ndcg@10 > 0": (float(ndcg > 0), float(hits[:10].any())),
            "recall@1 <= recall@10 <= recall@100": (float(recalls == sorted(recalls)), 1.0),
        }
        for name, (given, wanted) in expected.items():
            if abs(given - wanted) > 1e-6:
                raise _failed(f"{name} is {given:.6f}, the ranking says {wanted:.6f}", f"query {query!r}")


def _failed(what: str, where: str) -> BenchError:
    return BenchError(
        f"self-check of the scores failed for {where}: {what}", "this is a bug, please report it"
    )


def trec_run(ranking: Ranking, query_ids: Sequence[str], tag: str) -> str:
    """The ranking as TREC run text: `query Q0 document rank score tag` lines.

    Equal scores are written one float32 step apart: trec_eval, which would order them by id descending, then
    computes the measures of this very ranking from the file.

    Raises:
        BenchError: an id or the tag contains white space, which the format cannot hold.
    """
    return "".join(_run_lines(ranking, query_ids, tag))


def write_run(path: Path, ranking: Ranking, query_ids: Sequence[str], tag: str) -> None:
    """`trec_run` into a gzip file; the same ranking gives the same bytes."""
    with open(path, "wb") as file, gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed:
        for lines in _run_lines(ranking, query_ids, tag):
            packed.write(lines.encode("utf-8"))


def _run_lines(ranking: Ranking, query_ids: Sequence[str], tag: str) -> Iterator[str]:
    check_lengths("query", query_ids, len(ranking))
    for name in (*ranking.doc_ids, *query_ids, tag):
        if not name or any(character.isspace() for character in name):
            raise BenchError(
                f"id {name!r} is empty or contains white space, which a TREC run file cannot hold",
                "rename it in the data set (documents, queries and judgements alike)",
            )
    scores = ranking.scores.copy()
    for column in range(1, scores.shape[1]):
        below = np.nextafter(scores[:, column - 1], np.float32(-np.inf))
        np.minimum(scores[:, column], below, out=scores[:, column])
    ids = np.asarray(ranking.doc_ids, dtype=object)
    escaped = tag.replace("%", "%%")
    template = [f" Q0 %s {rank} %.9g {escaped}\n" for rank in range(1, scores.shape[1] + 1)]
    whole = "".join("%s" + line for line in template)
    for query, index, row in zip(query_ids, ranking.index, scores, strict=True):
        found = int((index >= 0).sum())
        if not found:
            continue
        fields: list[object] = [query] * (3 * found)
        fields[1::3] = ids[index[:found]]
        fields[2::3] = row[:found].tolist()
        lines = whole if found == len(template) else "".join("%s" + line for line in template[:found])
        yield lines % tuple(fields)
