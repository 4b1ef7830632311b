"""One total order of results, everywhere: score descending, then document id ascending."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.base.errors import BenchError

LOW_WORD = np.int64(0xFFFFFFFF)


@dataclass(frozen=True)
class Ranking:
    """The best documents of `Q` queries.

    Attributes:
        doc_ids: ids of all documents that were searched.
        index: (Q, k) int64 positions in `doc_ids`, best first; -1 where a query has fewer than k documents.
        scores: (Q, k) float32, descending in each row; -inf where `index` is -1.
    """

    doc_ids: Sequence[str]
    index: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    def ids(self, query: int) -> list[str]:
        """Document ids of one query (by its position), best first."""
        return [self.doc_ids[i] for i in self.index[query] if i >= 0]

    def part(self, start: int, stop: int) -> Ranking:
        """The rankings of queries `start` to `stop` (a view)."""
        return Ranking(self.doc_ids, self.index[start:stop], self.scores[start:stop])

    @classmethod
    def empty(cls, doc_ids: Sequence[str], k: int) -> Ranking:
        return cls(doc_ids, np.empty((0, k), np.int64), np.empty((0, k), np.float32))

    @classmethod
    def concatenate(cls, parts: Sequence[Ranking]) -> Ranking:
        """Rankings of consecutive query batches over the same documents and with the same k."""
        return cls(
            parts[0].doc_ids,
            np.concatenate([part.index for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )


class Order:
    """Documents with their place in the order of ids, which decides between equal scores.

    Args:
        doc_ids: unique ids.

    Raises:
        BenchError: an id occurs twice, or there are no documents.
    """

    def __init__(self, doc_ids: Sequence[str]) -> None:
        check_unique("document", doc_ids)
        if not len(doc_ids):
            raise BenchError("there are no documents to search", "check the documents of the task")
        self.doc_ids = list(doc_ids)
        self.by_id = np.array(sorted(range(len(self.doc_ids)), key=self.doc_ids.__getitem__), dtype=np.int64)
        self.place = np.empty_like(self.by_id)
        self.place[self.by_id] = np.arange(len(self.by_id))

    def __len__(self) -> int:
        return len(self.doc_ids)

    def top(
        self,
        scores: np.ndarray,
        k: int,
        query_ids: Sequence[str],
        documents: np.ndarray | None = None,
    ) -> Ranking:
        """The k best documents of every query; ties at the cut are settled like all others.

        Args:
            scores: (Q, n) float32.
            k: length of the ranking; rows are filled with -1 when there are fewer documents.
            query_ids: Q ids, for messages.
            documents: (Q, n) or (n,) position of the document that each score belongs to (-1: no document,
                the score is ignored); by default column j is document j.

        Raises:
            BenchError: a score is NaN or infinite (the message names the query), or k < 1.
        """
        check_depth(k)
        if documents is None:
            documents = np.arange(len(self), dtype=np.int64)
        absent = np.broadcast_to(documents < 0, scores.shape)
        check_finite(np.where(absent, np.float32(0), scores) if absent.any() else scores, query_ids)
        # Score and id in one integer: all keys differ, so a plain selection settles every tie.
        keys = (_ordered(scores).astype(np.int64) << 32) | (LOW_WORD - self.place[documents])
        if absent.any():
            keys[absent] = np.iinfo(np.int64).min
        found = min(k, scores.shape[1])
        if found < scores.shape[1]:
            keys = np.partition(keys, scores.shape[1] - found, axis=1)[:, scores.shape[1] - found :]
        keys = np.sort(keys, axis=1)[:, ::-1]
        index = np.full((len(scores), k), -1, dtype=np.int64)
        best = np.full((len(scores), k), -np.inf, dtype=np.float32)
        real = keys != np.iinfo(np.int64).min
        index[:, :found][real] = self.by_id[LOW_WORD - (keys[real] & LOW_WORD)]
        best[:, :found][real] = _scores(keys[real] >> 32)
        return Ranking(self.doc_ids, index, best)


def _ordered(scores: np.ndarray) -> np.ndarray:
    """float32 to int32 such that the integers sort like the numbers (-0.0 like 0.0)."""
    bits = (np.asarray(scores, dtype=np.float32) + np.float32(0)).view(np.int32)
    return bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))


def _scores(ordered: np.ndarray) -> np.ndarray:
    """The inverse of `_ordered`."""
    bits = ordered.astype(np.int32)
    return (bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))).view(np.float32)


def check_finite(scores: np.ndarray, query_ids: Sequence[str]) -> None:
    """Raise a `BenchError` that names the first query with a NaN or infinite score."""
    bad = ~np.isfinite(scores).all(axis=1)
    if bad.any():
        raise BenchError(
            f"query {query_ids[int(bad.argmax())]!r} has a score that is NaN or infinite"
            f" ({int(bad.sum())} of {len(bad)} queries are affected)",
            "its vectors are broken: look at the training log (loss NaN?), or lower the learning rate",
        )


def check_unique(kind: str, ids: Sequence[str]) -> None:
    """Raise a `BenchError` that names an id that occurs twice."""
    if len(set(ids)) != len(ids):
        twice = next(name for name, count in Counter(ids).items() if count > 1)
        raise BenchError(f"{kind} id {twice!r} occurs more than once", f"{kind} ids must be unique")


def check_depth(k: int) -> None:
    if k < 1:
        raise BenchError(f"ranking depth {k} is not allowed", "ask for at least one document per query")


def check_lengths(kind: str, ids: Sequence[str], items: int) -> None:
    """Raise a `BenchError` when there is not one id per item."""
    if len(ids) != items:
        raise BenchError(
            f"{len(ids)} {kind} ids for {items} {kind} encodings", "pass one id per encoded text"
        )


def without(ranking: Ranking, own: Sequence[int]) -> Ranking:
    """The ranking with one document fewer: of each query, the one at the position `own` (-1: none), else the last one.

    Args:
        ranking: (Q, k + 1) documents.
        own: Q positions in `doc_ids`.

    Returns:
        (Q, k) documents.
    """
    k = ranking.index.shape[1] - 1
    position = np.asarray(own, dtype=np.int64)[:, None]
    found = (ranking.index == position) & (position >= 0)
    place = np.where(found.any(axis=1), found.argmax(axis=1), k)[:, None]
    columns = np.arange(k)[None]
    take = columns + (columns >= place)
    index, scores = (np.take_along_axis(part, take, axis=1) for part in (ranking.index, ranking.scores))
    return Ranking(ranking.doc_ids, index, scores)
