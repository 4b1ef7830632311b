"""Late interaction: score(q, d) = mean over query tokens i of max over document tokens j of <q_i, d_j>."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from bench.base.errors import BenchError, unknown
from bench.base.ragged import Ragged
from bench.retrieval.bounds import Bounds, worthwhile
from bench.retrieval.candidates import Candidates, TokenIndex
from bench.retrieval.dense import check_dimension
from bench.retrieval.maxsim import PAIR_TOKENS, full_precision, maxima, mean_over_queries, score_pairs
from bench.retrieval.ranking import Order, Ranking, check_depth, check_lengths

SCORE_CELLS = 1 << 23  # cells of the (queries x documents) matrices held at a time (32 MB each)
MODES = ("exact", "approximate")


class LateIndex:
    """Token vectors of the documents of a task.

    Args:
        doc_ids: n unique ids.
        tokens: token vectors of the n documents (float32 or float16), normalised by the caller.
        device: where the products run; documents are moved there block by block.
        block_rows: document tokens per product. None: chosen for the device.
        batch_tokens: query tokens per product. None: chosen for the device.
        bounded: find the exact top k through 8-bit bounds (see `bounds.py`). None: where that is faster.

    Raises:
        BenchError: ids and encodings do not match, an id occurs twice, a document has no token or is not
            finite.
    """

    def __init__(
        self,
        doc_ids: Sequence[str],
        tokens: Ragged,
        device: str = "cpu",
        block_rows: int | None = None,
        batch_tokens: int | None = None,
        bounded: bool | None = None,
    ) -> None:
        check_lengths("document", doc_ids, len(tokens))
        self.order = Order(doc_ids)
        check_tokens("document", self.order.doc_ids, tokens)
        self.device = torch.device(device)
        self.sizes = (block_rows, batch_tokens)
        # Documents of the same length lie together, so that blocks need next to no padding; by id among
        # them, so that the order in which they were handed in leaves no trace. Documents with equal vectors
        # are scored once: in two places of a block their scores could differ in the last bit, and a tie
        # would be lost.
        first: dict[bytes, int] = {}
        self.distinct = np.empty(len(tokens), dtype=np.int64)  # document -> its place in `self.tokens`
        kept: list[int] = []
        for document in self.order.by_id[np.argsort(tokens.lengths[self.order.by_id], kind="stable")]:
            place = first.setdefault(tokens[int(document)].tobytes(), len(kept))
            if place == len(kept):
                kept.append(int(document))
            self.distinct[document] = place
        self.tokens = as_float32(tokens.take(kept))
        self.bounded = worthwhile(self.tokens, self.device) if bounded is None else bounded
        self._bounds: Bounds | None = None
        self._token_index: TokenIndex | None = None

    def search(
        self,
        queries: Ragged,
        k: int,
        query_ids: Sequence[str],
        mode: str = "exact",
        candidates: Candidates | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Ranking:
        """The k best documents of each query.

        Args:
            queries: token vectors of Q queries.
            k: depth; may exceed the number of documents.
            query_ids: Q ids, for messages.
            mode: 'exact' ranks all documents. 'approximate' ranks those that FAISS finds for single tokens:
                the scores are the same, but documents may be missing and rankings shorter than k.
            candidates: settings of the approximate mode.
            progress: called with the number of queries done since the last call.

        Raises:
            BenchError: unknown mode, dimensions differ, a query has no token or is NaN (names the query).
        """
        if mode not in MODES:
            raise unknown("late mode", mode, MODES)
        check_depth(k)
        check_lengths("query", query_ids, len(queries))
        if len(queries) == 0:
            return Ranking.empty(self.order.doc_ids, k)
        check_dimension(queries.vectors.shape[1], self.tokens.vectors.shape[1])
        check_tokens("query", query_ids, queries)
        parts = []
        for start, stop in self._steps(queries, k, mode):
            names = query_ids[start:stop]
            part = as_float32(part_of(queries, start, stop))
            with full_precision(self.device):
                scores, known = self._scores(part, k, mode, candidates or Candidates())
            documents = np.arange(len(self.order))
            if known is not None:
                documents = np.where(known[:, self.distinct], documents, -1)
            parts.append(self.order.top(scores[:, self.distinct], k, names, documents))
            if progress:
                progress(len(names))
        return Ranking.concatenate(parts)

    def _scores(
        self, queries: Ragged, k: int, mode: str, settings: Candidates
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """(Q, distinct documents) scores, and which of them are known (None: all)."""
        if mode == "approximate":
            if self._token_index is None or self._token_index.settings != settings:
                self._token_index = TokenIndex(self.tokens, settings)
            known = self._token_index.documents(queries)
            return score_pairs(self.tokens, queries, known, self.device), known
        if self._bounds_help(k):
            return self._bounded(queries, k)
        scores = np.empty((len(queries), len(self.tokens)), dtype=np.float32)
        for start, stop, best in maxima(self.tokens, queries.vectors, self.device, *self.sizes):
            scores[:, start:stop] = mean_over_queries(best, queries)
        return scores, None

    def _steps(self, queries: Ragged, k: int, mode: str) -> Iterator[tuple[int, int]]:
        """Ranges of queries that are searched together: few enough for memory, and for the cache where pairs are scored."""
        most = max(1, SCORE_CELLS // len(self.order))
        pairs = self.device.type == "cpu" and (mode == "approximate" or self._bounds_help(k))
        start = 0
        while start < len(queries):
            stop = min(start + most, len(queries))
            if pairs:
                full = int(np.searchsorted(queries.offsets, queries.offsets[start] + PAIR_TOKENS, side="right")) - 1
                stop = min(stop, max(full, start + 1))
            yield start, stop
            start = stop

    def _bounds_help(self, k: int) -> bool:
        return self.bounded and 4 * k <= len(self.tokens)  # a deep ranking needs most documents anyway

    def _bounded(self, queries: Ragged, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Exact scores of every document that can be among the k best."""
        self._bounds = self._bounds or Bounds(self.tokens)
        rough, difference = self._bounds.scores(queries, *self.sizes)
        likely = np.zeros(rough.shape, dtype=bool)
        np.put_along_axis(likely, np.argpartition(rough, -k, axis=1)[:, -k:], True, axis=1)
        scores = score_pairs(self.tokens, queries, likely, self.device)
        # k documents score at least this much, so whatever cannot reach it is not among the k best.
        reached = np.where(likely, scores, np.inf).min(axis=1, keepdims=True)
        others = (rough + difference >= reached) & ~likely
        scores += score_pairs(self.tokens, queries, others, self.device)
        return scores, likely | others


def as_float32(tokens: Ragged) -> Ragged:
    return Ragged(np.ascontiguousarray(tokens.vectors, dtype=np.float32), tokens.offsets)


def part_of(items: Ragged, start: int, stop: int) -> Ragged:
    """Items `start` to `stop` (a view)."""
    offsets = items.offsets[start : stop + 1]
    return Ragged(items.vectors[offsets[0] : offsets[-1]], offsets - offsets[0])


def check_tokens(kind: str, ids: Sequence[str], tokens: Ragged) -> None:
    """Raise a `BenchError` that names a text without tokens or with a broken vector."""
    if not (lengths := tokens.lengths).all():
        raise BenchError(
            f"{kind} {ids[int((lengths == 0).argmax())]!r} has no token vectors",
            "give each text at least one token (the encoder keeps a special token when there is no other)",
        )
    if np.isfinite(tokens.vectors).all():
        return
    for i in range(len(tokens)):
        if not np.isfinite(tokens[i]).all():
            raise BenchError(
                f"{kind} {ids[i]!r} has a token vector that is NaN or infinite",
                "its encoder is broken: look at the training log (loss NaN?), or lower the learning rate",
            )
