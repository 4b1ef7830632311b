"""Measures of a ranking, as trec_eval defines them, in our own order; self-checks and TREC run files."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bench.base.errors import BenchError
from bench.retrieval.ranking import Ranking, check_lengths, check_unique

# nDCG is trec_eval's: gain = grade (linear, not 2^grade - 1; none below 0), discount log2(rank + 1). A document counts as
# relevant for the other three when its grade is at least 1.
MEASURES = ("ndcg@10", "mrr@10", "recall@100", "success@1")
COMPARED = 1 << 24  # cells of (judgements x depth) that are compared at a time

Qrels = Mapping[str, Mapping[str, int]]


def score(ranking: Ranking, query_ids: Sequence[str], qrels: Qrels) -> pd.DataFrame:
    """Per-query measures, to the last bit those of trec_eval for a run in this order.

    All judgements are looked up in the ranks at once: per query there are few of them, and a run of ids as trec_eval
    reads it takes longer to write down than to score.

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
    sizes = np.fromiter(map(len, qrels.values()), np.int64, len(qrels))
    row = np.repeat(np.arange(len(qrels)), sizes)
    grade = np.fromiter((value for judged in qrels.values() for value in judged.values()), np.int64, len(row))
    rank = _ranks(ranking, query_ids, qrels, sizes)
    table = np.zeros((len(qrels), len(MEASURES)))
    table[:, 0] = _ndcg(row, rank, grade, len(qrels), 10)
    found = (grade >= 1) & (rank > 0)
    first = np.full(len(qrels), np.inf)
    np.minimum.at(first, row[found], rank[found])
    table[:, 1] = np.where(first <= 10, 1 / first, 0)
    relevant = np.bincount(row[grade >= 1], minlength=len(qrels))
    table[:, 2] = np.bincount(row[found & (rank <= 100)], minlength=len(qrels)) / np.maximum(relevant, 1)
    table[:, 3] = first == 1
    frame = pd.DataFrame(table, columns=list(MEASURES))
    frame.insert(0, "query_id", pd.Series(list(qrels), dtype="str"))
    return frame


def summarise(per_query: pd.DataFrame) -> pd.DataFrame:
    """Means over queries: one row a task, scorer and language, with the number of queries."""
    groups = per_query.groupby(["task", "scorer", "language"], sort=True)
    means = groups.mean(numeric_only=True)
    means.insert(0, "queries", groups.size())
    return means.reset_index()


def _ranks(ranking: Ranking, query_ids: Sequence[str], qrels: Qrels, sizes: np.ndarray) -> np.ndarray:
    """(judgements,) rank of each judged document, from 1; 0 where it was not found or its query not searched."""
    total = int(sizes.sum())
    place = {name: number for number, name in enumerate(ranking.doc_ids)}
    searched = {query: number for number, query in enumerate(query_ids)}
    document = np.fromiter((place.get(name, -2) for judged in qrels.values() for name in judged), np.int64, total)
    query = np.repeat(np.fromiter((searched.get(name, -1) for name in qrels), np.int64, len(qrels)), sizes)
    ranks = np.zeros(total, dtype=np.int64)
    step = max(1, COMPARED // max(1, ranking.index.shape[1]))
    known = np.flatnonzero((query >= 0) & (document >= 0))
    for start in range(0, len(known), step):
        part = known[start : start + step]
        which, at = np.nonzero(ranking.index[query[part]] == document[part, None])
        ranks[part[which]] = at + 1
    return ranks


def _ndcg(row: np.ndarray, rank: np.ndarray, grade: np.ndarray, queries: int, depth: int) -> np.ndarray:
    """(queries,) nDCG; 0 where no grade is above 0. Gains are added in the order of ranks, as trec_eval adds them."""
    gains = np.maximum(grade, 0).astype(np.float64)
    seen = np.flatnonzero((rank > 0) & (rank <= depth))
    seen = seen[np.lexsort((rank[seen], row[seen]))]
    gained = np.bincount(row[seen], gains[seen] / np.log2(rank[seen] + 1), minlength=queries)
    best = np.lexsort((-gains, row))
    starts = np.searchsorted(row[best], np.arange(queries))
    ideal_rank = np.arange(len(best)) - starts[row[best]] + 1
    best, ideal_rank = best[ideal_rank <= depth], ideal_rank[ideal_rank <= depth]
    ideal = np.bincount(row[best], gains[best] / np.log2(ideal_rank + 1), minlength=queries)
    return np.divide(gained, ideal, out=np.zeros(queries), where=ideal > 0)


def check(frame: pd.DataFrame, ranking: Ranking, query_ids: Sequence[str], qrels: Qrels) -> None:
    """Compare the measures with the ranking itself, query by query; a cell whose numbers fail this is not stored.

    Raises:
        BenchError: judged queries are missing, a value lies outside [0, 1], success@1, recall@100 or mrr@10
            do not follow from the ranking, or recall falls with depth.
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
    place = {name: number for number, name in enumerate(ranking.doc_ids)}
    row_of = dict(zip(query_ids, ranking.index.tolist(), strict=True))
    for query, ndcg, mrr, recall, success in zip(frame["query_id"], *values.T.tolist(), strict=True):
        relevant = {place.get(name, name) for name, grade in qrels[query].items() if grade >= 1}
        hits = [rank for rank, number in enumerate(row_of.get(query, ()), 1) if number in relevant]
        first = hits[0] if hits else 0
        recalls = [sum(rank <= depth for rank in hits) / max(len(relevant), 1) for depth in (1, 10, 100)]
        expected = {
            "mrr@10": (mrr, 1 / first if 0 < first <= 10 else 0.0),
            "recall@100": (recall, recalls[-1]),
            "success@1": (success, float(first == 1)),
            "ndcg@10 > 0": (float(ndcg > 0), float(0 < first <= 10)),
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
