"""Exact search with one vector per text: FAISS finds where there are many documents, float64 decides."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import faiss
import numpy as np
import torch

from bench.base.errors import BenchError
from bench.retrieval.ranking import Order, Ranking, check_depth, check_finite, check_lengths

MARGIN = 16  # documents fetched beyond k, so that ties at the cut can be seen
BATCH = 512  # queries per FAISS call
# Documents up to which all are scored in float64 at once: that is faster than to gather candidates (488 documents, 384
# dimensions, one core: 0.02 ms a query in place of 0.3).
FEW = 4096
GATHER = 1 << 24  # numbers gathered at a time when candidates are scored again (64 MB)
_threshold_lock = threading.Lock()


class DenseIndex:
    """Inner-product index over the documents of a task.

    FAISS scores of a pair change by some 2e-7 with the number of queries searched together, so they only
    select candidates: the final score is the float64 inner product rounded to float32, whatever the batch.

    Args:
        doc_ids: n unique ids.
        vectors: (n, d) document vectors, normalised by the caller when cosine is wanted.

    Raises:
        BenchError: ids and vectors do not match, an id occurs twice, or a vector is not finite.
    """

    def __init__(self, doc_ids: Sequence[str], vectors: np.ndarray) -> None:
        check_lengths("document", doc_ids, len(vectors))
        self.order = Order(doc_ids)
        # By id: the order in which documents were handed in leaves no trace, not even in the last bit.
        self.vectors = np.ascontiguousarray(vectors[self.order.by_id], dtype=np.float32)
        if not (finite := np.isfinite(self.vectors).all(axis=1)).all():
            name = self.order.doc_ids[self.order.by_id[int((~finite).argmax())]]
            raise BenchError(f"the vector of document {name!r} is not finite", "check the teacher")
        self.largest = float(np.linalg.norm(self.vectors, axis=1).max(initial=0.0))
        self.index = faiss.IndexFlatIP(vectors.shape[1])
        self.index.add(self.vectors)
        self.wide: torch.Tensor | None = None
        if len(self.vectors) <= FEW:
            # Equal vectors once: in two columns of a product their scores could differ in the last bit.
            distinct, self.column = np.unique(self.vectors + np.float32(0), axis=0, return_inverse=True)
            self.wide = torch.from_numpy(distinct.astype(np.float64))

    def search(self, vectors: np.ndarray, k: int, query_ids: Sequence[str]) -> Ranking:
        """The k best documents of each query.

        Args:
            vectors: (Q, d) query vectors.
            k: depth; may exceed the number of documents.
            query_ids: Q ids, for messages.

        Raises:
            BenchError: dimensions differ, or a query vector is NaN or infinite (names the query).
        """
        check_depth(k)
        check_lengths("query", query_ids, len(vectors))
        if len(vectors) == 0:
            return Ranking.empty(self.order.doc_ids, k)
        check_dimension(vectors.shape[1], self.vectors.shape[1])
        queries = np.ascontiguousarray(vectors, dtype=np.float32)
        check_finite(queries, query_ids)
        parts = [
            self._search(queries[start : start + BATCH], k, query_ids[start : start + BATCH])
            for start in range(0, len(queries), BATCH)
        ]
        return Ranking.concatenate(parts)

    def _search(self, queries: np.ndarray, k: int, query_ids: Sequence[str]) -> Ranking:
        if self.wide is not None:
            scores = (torch.from_numpy(queries).double() @ self.wide.T).float().numpy()
            return self.order.top(scores[:, self.column], k, query_ids, self.order.by_id)
        fetch = min(k + MARGIN, len(self.order))
        ranking, unsettled = self._fetch(queries, k, fetch, query_ids)
        while len(unsettled):  # ties, or nearly, across the cut: look deeper for these queries only
            fetch = min(4 * fetch, len(self.order))
            again, still = self._fetch(queries[unsettled], k, fetch, [query_ids[i] for i in unsettled])
            ranking.index[unsettled], ranking.scores[unsettled] = again.index, again.scores
            unsettled = unsettled[still]
        return ranking

    def _fetch(
        self, queries: np.ndarray, k: int, fetch: int, query_ids: Sequence[str]
    ) -> tuple[Ranking, np.ndarray]:
        """Ranking from `fetch` FAISS candidates, and the queries for which that was not deep enough."""
        with small_batches_fast():
            rough, found = self.index.search(queries, fetch)
        ranking = self.order.top(self._exact(queries, found), k, query_ids, self.order.by_id[found])
        if fetch == len(self.order):
            return ranking, np.empty(0, dtype=np.int64)
        # A document that was not fetched scores at most the last rough score, plus float32 rounding.
        slack = 4e-6 * self.largest * np.linalg.norm(queries, axis=1)
        return ranking, np.flatnonzero(ranking.scores[:, k - 1] <= rough[:, -1] + slack)

    def _exact(self, queries: np.ndarray, found: np.ndarray) -> np.ndarray:
        """(Q, f) float32 scores of the candidates `found` (Q, f), summed in float64."""
        scores = np.empty(found.shape, dtype=np.float32)
        step = max(1, GATHER // (found.shape[1] * queries.shape[1]))
        for start in range(0, len(queries), step):
            part = slice(start, start + step)
            documents = self.vectors[found[part]].astype(np.float64)
            scores[part] = np.matmul(documents, queries[part, :, None].astype(np.float64))[:, :, 0]
        return scores


@contextmanager
def small_batches_fast() -> Iterator[None]:
    """Keep FAISS from its matrix product on small batches.

    Between 20 queries (its default threshold) and about 400 that path is up to 17 times slower than the
    plain loop (330 queries x 50,000 documents, d = 384, one thread: 1.88 s against 0.11 s).
    """
    with _threshold_lock:  # the threshold is global to the process
        before = faiss.cvar.distance_compute_blas_threshold
        faiss.cvar.distance_compute_blas_threshold = 800
        try:
            yield
        finally:
            faiss.cvar.distance_compute_blas_threshold = before


def check_dimension(queries: int, documents: int) -> None:
    if queries != documents:
        raise BenchError(
            f"query vectors have {queries} dimensions, document vectors {documents}",
            "encode queries and documents into the same space",
        )
