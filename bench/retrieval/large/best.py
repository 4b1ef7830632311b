"""The best documents of many queries while scores of more and more documents come in."""

from __future__ import annotations

import numpy as np


class Best:
    """Running top k of `queries` queries.

    Args:
        queries: Q.
        k: documents kept a query; where there are fewer, documents of -1 with scores of -inf fill the rows.
    """

    def __init__(self, queries: int, k: int) -> None:
        self.k = k
        self.scores = np.full((queries, k), -np.inf, dtype=np.float32)
        self.documents = np.full((queries, k), -1, dtype=np.int64)

    def add(self, scores: np.ndarray, documents: np.ndarray, start: int = 0) -> None:
        """Take in scores (Q', n) of the documents at positions (n,). Of equal scores at the cut any may stay.

        Args:
            start: the scores are those of the queries from this one on.
        """
        rows = slice(start, start + len(scores))
        if scores.shape[1] > self.k:
            chosen = np.argpartition(-scores, self.k - 1, axis=1)[:, : self.k]
            scores, found = np.take_along_axis(scores, chosen, 1), documents[chosen]
        else:
            found = np.broadcast_to(documents, scores.shape)
        scores = np.concatenate([self.scores[rows], scores], axis=1)
        found = np.concatenate([self.documents[rows], found], axis=1)
        chosen = np.argpartition(-scores, self.k - 1, axis=1)[:, : self.k]
        self.scores[rows] = np.take_along_axis(scores, chosen, 1)
        self.documents[rows] = np.take_along_axis(found, chosen, 1)
