"""Search in a collection on disk: exhaustive, or documents found by pooled vectors and then ranked by every scorer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.base.errors import BenchError
from bench.base.ragged import Ragged
from bench.encoders.space import Space
from bench.retrieval.dense import MARGIN, check_dimension
from bench.retrieval.large.best import Best
from bench.retrieval.large.coded import PIECE, CodedTokens, pieces
from bench.retrieval.large.lists import Lists
from bench.retrieval.large.probing import Probing
from bench.retrieval.large.shards import Shards
from bench.retrieval.late import MODES, check_tokens, part_of
from bench.retrieval.maxsim import full_precision
from bench.retrieval.ranking import Order, Ranking, check_depth, check_finite, check_lengths

PRODUCTS = {"cpu": 2e14, "gpu": 2e16}  # multiplications in half an hour, roughly
TOGETHER = 64  # queries whose candidates' pooled vectors are in memory at a time
CELLS = 1 << 24  # scores of queries and documents that are in memory at a time (some 400 MB with what ranks them)
Probes = int | Callable[["LargeIndex"], Probing]


class LargeIndex:
    """Both scorers over a collection that does not fit into memory.

    Args:
        shards: the documents.
        derived: folder of what was computed for this space: inverse lengths and inverted lists.
        space: of the queries; documents are brought into it when they are read.
        candidates: documents that the approximate mode ranks a query.
        probes: inverted lists that it visits for them; or what chooses their number, at the first approximate search.
        device: where late interaction is computed.
    """

    def __init__(
        self, shards: Shards, derived: Path, space: Space, candidates: int, probes: Probes, device: str = "cpu"
    ) -> None:
        self.shards = shards
        self.derived = derived
        self.space = space
        self.candidates = candidates
        self.lists = Lists(derived)
        self.probes = probes
        self.tokens = CodedTokens(shards.codec, space, derived / "lengths", device)

    @cached_property
    def probing(self) -> Probing:
        """How many lists an approximate search visits, and what is known of it."""
        if isinstance(self.probes, int):
            return Probing(min(self.probes, self.lists.count), self.lists.count)
        return self.probes(self)

    def search(
        self, dense: np.ndarray, late: Ragged, k: int, query_ids: Sequence[str], mode: str = "approximate"
    ) -> dict[str, Ranking]:
        """The k best documents of each query by scorer.

        Args:
            dense, late: unit vectors of Q queries in the space, one each and one a token.
            mode: `exact` reads and scores every document. `approximate` takes the `candidates` that the inverted lists
                give for the pooled vector, and ranks these alone, with the same scores as `exact`.

        Returns:
            `dense` and `late`. Their `doc_ids` are those of found documents, not of the collection. Equal scores are in the
            order of ids; which of more than 16 equal documents at the end of an exact ranking are seen is left open.

        Raises:
            BenchError: dimensions differ, or a query has no token or is NaN (names the query).
        """
        check_depth(k)
        for items in (dense, late):
            check_lengths("query", query_ids, len(items))
        if mode not in MODES:
            raise BenchError(f"unknown late mode {mode!r}", "allowed: " + ", ".join(MODES))
        if not len(query_ids):
            return {scorer: Ranking.empty([], k) for scorer in ("dense", "late")}
        check_dimension(dense.shape[1], self.shards.codec.dimension)
        check_finite(dense, query_ids)
        check_tokens("query", query_ids, late)
        with full_precision(self.tokens.device):
            found = self._all(dense, late, k) if mode == "exact" else self._candidates(dense, late, k)
        return {scorer: self._ranking(*one, k, query_ids) for scorer, one in found.items()}

    def affordable(self, late: Ragged) -> int:
        """How many queries like these can be searched exhaustively in about half an hour: on two cores, or on a GPU."""
        tokens = sum(int(shard.offsets[-1]) for shard in self.shards.shards)
        each = tokens * self.shards.codec.dimension * len(late.vectors) / max(1, len(late))
        return int(PRODUCTS["cpu" if self.tokens.device.type == "cpu" else "gpu"] / max(1.0, each))

    def _all(self, dense: np.ndarray, late: Ragged, k: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        best = {scorer: Best(len(dense), k + MARGIN) for scorer in ("dense", "late")}
        for shard in self.shards.shards:
            for start, stop in pieces(shard, PIECE):
                rows = np.arange(start, stop)
                pooled = self.space.pooled(shard.pooled(rows)).astype(np.float64)
                tokens = self.tokens.read(shard, rows)
                step = max(1, CELLS // len(rows))
                for at in range(0, len(dense), step):
                    wide = dense[at : at + step].astype(np.float64)
                    best["dense"].add((wide @ pooled.T).astype(np.float32), rows + shard.first, at)
                    best["late"].add(self.tokens.scores(tokens, part_of(late, at, at + len(wide))), rows + shard.first, at)
        return {scorer: (one.scores, one.documents) for scorer, one in best.items()}

    def _candidates(self, dense: np.ndarray, late: Ragged, k: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        many = min(max(self.candidates, k), len(self.shards))
        kept: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {"dense": [], "late": []}
        for start in range(0, len(dense), TOGETHER):
            queries = range(start, min(start + TOGETHER, len(dense)))
            found = np.sort(self.lists.search(dense[queries.start : queries.stop], many, self.probing.probes), axis=1)
            scores = {scorer: np.full(found.shape, -np.inf, dtype=np.float32) for scorer in kept}
            union = np.unique(found[found >= 0])
            pooled = self.space.pooled(self.shards.pooled(union))
            for row, query in enumerate(queries):
                known = found[row] >= 0
                vectors = pooled[np.searchsorted(union, found[row, known])].astype(np.float64)
                scores["dense"][row, known] = vectors @ dense[query].astype(np.float64)
                scores["late"][row, known] = self._late(found[row, known], Ragged.from_list([late[query]]))
            for scorer, parts in kept.items():
                parts.append(_cut(scores[scorer], found, k))
        return {scorer: _stacked(parts) for scorer, parts in kept.items()}

    def _late(self, positions: np.ndarray, query: Ragged) -> np.ndarray:
        scores = np.empty(len(positions), dtype=np.float32)
        for start, shard, rows in self.shards.split(positions):
            scores[start : start + len(rows)] = self.tokens.scores(self.tokens.read(shard, rows), query)[0]
        return scores

    def _ranking(self, scores: np.ndarray, documents: np.ndarray, k: int, query_ids: Sequence[str]) -> Ranking:
        """In the one order of all results, which needs the ids of the documents that can be among the k best."""
        scores, documents = _cut(scores, documents, k)
        union = np.unique(documents[documents >= 0])
        places = np.where(documents >= 0, np.searchsorted(union, documents), -1)
        return Order(self.shards.ids(union)).top(scores, k, query_ids, places)


def _cut(scores: np.ndarray, documents: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns enough for the k best of each row; those that tie with the last one stay."""
    if scores.shape[1] <= k:
        return scores, documents
    last = np.partition(scores, -k, axis=1)[:, -k, None]
    documents = np.where(scores >= last, documents, -1)
    kept = np.argsort(documents < 0, axis=1, kind="stable")[:, : int((documents >= 0).sum(axis=1).max())]
    return np.take_along_axis(scores, kept, axis=1), np.take_along_axis(documents, kept, axis=1)


def _stacked(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of all parts, filled to the widest."""
    widest = max(scores.shape[1] for scores, _ in parts)
    fill = [((0, 0), (0, widest - scores.shape[1])) for scores, _ in parts]
    scores = [np.pad(one, width, constant_values=-np.inf) for (one, _), width in zip(parts, fill, strict=True)]
    documents = [np.pad(one, width, constant_values=-1) for (_, one), width in zip(parts, fill, strict=True)]
    return np.concatenate(scores), np.concatenate(documents)
