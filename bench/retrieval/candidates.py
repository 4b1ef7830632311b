"""Candidate documents for late interaction: what FAISS finds for the single tokens of a query."""

from __future__ import annotations

from dataclasses import dataclass

import faiss
import numpy as np

from bench.base.errors import BenchError, unknown
from bench.base.ragged import Ragged
from bench.retrieval.dense import small_batches_fast
from bench.retrieval.ranking import Ranking

KINDS = ("auto", "flat", "ivf")
SEARCH_TOKENS = 512  # query tokens per FAISS call


@dataclass(frozen=True)
class Candidates:
    """Settings of the candidate stage.

    Attributes:
        per_token: document tokens fetched for each query token.
        kind: 'flat' (exact neighbours), 'ivf' (inverted lists), 'auto' (ivf above `ivf_above` document
            tokens).
        probes: inverted lists visited by 'ivf'.
        seed: of the k-means that makes the lists.
    """

    per_token: int = 128
    kind: str = "auto"
    ivf_above: int = 200_000
    probes: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown("candidate index", self.kind, KINDS)
        if self.per_token < 1 or self.probes < 1:
            raise BenchError(
                f"candidates per token ({self.per_token}) and probes ({self.probes}) must be at least 1"
            )


class TokenIndex:
    """FAISS index over all token vectors of the documents.

    Args:
        tokens: float32 token vectors of the documents.
        settings: see `Candidates`.
    """

    def __init__(self, tokens: Ragged, settings: Candidates) -> None:
        self.settings = settings
        self.document_of = np.repeat(np.arange(len(tokens)), tokens.lengths)
        total, dimension = tokens.vectors.shape
        if settings.kind == "ivf" or (settings.kind == "auto" and total > settings.ivf_above):
            lists = max(1, min(int(4 * total**0.5), total // 39))  # k-means wants 39 points a list
            quantizer = faiss.IndexFlatIP(dimension)
            inverted = faiss.IndexIVFFlat(quantizer, dimension, lists, faiss.METRIC_INNER_PRODUCT)
            inverted.cp.seed = settings.seed
            inverted.cp.spherical = True
            inverted.nprobe = settings.probes
            inverted.train(tokens.vectors)
            self.index: faiss.Index = inverted
        else:
            self.index = faiss.IndexFlatIP(dimension)
        self.index.add(tokens.vectors)

    def documents(self, queries: Ragged) -> np.ndarray:
        """(Q, n) bool: documents of which any token was found by any token of the query."""
        vectors = np.ascontiguousarray(queries.vectors, dtype=np.float32)
        fetch = min(self.settings.per_token, len(self.document_of))
        query_of = np.repeat(np.arange(len(queries)), queries.lengths)
        found = np.zeros((len(queries), self.document_of[-1] + 1), dtype=bool)
        with small_batches_fast():
            for start in range(0, len(vectors), SEARCH_TOKENS):
                part = slice(start, start + SEARCH_TOKENS)
                rows = self.index.search(vectors[part], fetch)[1]
                query, place = np.nonzero(rows >= 0)  # -1: too few tokens in the visited lists
                found[query_of[part][query], self.document_of[rows[query, place]]] = True
        return found


def recall_against(exact: Ranking, approximate: Ranking, k: int) -> np.ndarray:
    """(Q,) share of each query's exact top k that the approximate top k contains.

    Raises:
        BenchError: the rankings are not of the same queries, or are shorter than k.
    """
    if len(exact) != len(approximate):
        raise BenchError("the rankings are not of the same queries", "search both alike")
    if k < 1 or k > exact.index.shape[1] or k > approximate.index.shape[1]:
        depths = f"{exact.index.shape[1]} and {approximate.index.shape[1]}"
        raise BenchError(f"recall at {k} needs rankings of that depth, these have {depths}")
    shares = np.empty(len(exact))
    for query in range(len(exact)):  # by id: a ranking may know only the documents that it found
        wanted = exact.ids(query)[:k]
        shares[query] = len(set(wanted) & set(approximate.ids(query)[:k])) / len(wanted)
    return shares
