"""The best documents of many queries while scores of more and more documents come in."""

from __future__ import annotations

import numpy as np


class Best:
    """Running top k of `queries` queries.

    Args:
        queries: Q.
        k: documents kept a query.
    """

    def __init__(self, queries: int, k: int) -> None:
        self.k = k
        self.scores = np.full((queries, 0), -np.inf, dtype=np.float32)
        self.documents = np.full((queries, 0), -1, dtype=np.int64)

    def add(self, scores: np.ndarray, documents: np.ndarray) -> None:
        """Take in scores (Q, n) of the documents at positions (n,). Of equal scores at the cut any may stay."""
        if scores.shape[1] > self.k:
            chosen = np.argpartition(-scores, self.k - 1, axis=1)[:, : self.k]
            scores, found = np.take_along_axis(scores, chosen, 1), documents[chosen]
        else:
            found = np.broadcast_to(documents, scores.shape)
        self.scores = np.concatenate([self.scores, scores], axis=1)
        self.documents = np.concatenate([self.documents, found], axis=1)
        if self.scores.shape[1] > self.k:
            chosen = np.argpartition(-self.scores, self.k - 1, axis=1)[:, : self.k]
            self.scores = np.take_along_axis(self.scores, chosen, 1)
            self.documents = np.take_along_axis(self.documents, chosen, 1)
