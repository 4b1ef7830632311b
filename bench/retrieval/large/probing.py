"""How many inverted lists a query visits: as few as hold, on dev queries, what a search of all lists would find.

A number that is enough for one collection is not for a larger one: there are four lists for each root of the documents, and
1,024 of them are half of those of 200,000 documents and a twelfth of those of ten million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.encoders.space import Space
from bench.retrieval.large.best import Best
from bench.retrieval.large.coded import PIECE, pieces
from bench.retrieval.large.lists import Lists
from bench.retrieval.large.shards import Shards

CELLS = 1 << 24  # scores in memory at a time


@dataclass(frozen=True)
class Probing:
    """What was chosen, and on what.

    Attributes:
        probes: lists that a query visits.
        lists: that there are.
        target: share of the exact best documents that the visited lists were to hold, for every group of queries. None: the
            number was given, and what follows is not known.
        recall: share that they hold, mean over groups.
        worst, worst_recall: the group of which they hold least.
        queries, depth: on which it was measured, and of how many best documents each.
    """

    probes: int
    lists: int
    target: float | None = None
    recall: float | None = None
    worst: str | None = None
    worst_recall: float | None = None
    queries: int | None = None
    depth: int | None = None

    def record(self) -> dict[str, Any]:
        """For a manifest: what is known."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items() if value is not None
        }  # fmt: skip


def choose(
    lists: Lists, shards: Shards, space: Space, dense: np.ndarray, groups: Sequence[str], target: float, candidates: int
) -> Probing:
    """The smallest number of lists that hold the target's share of the best documents for every group of queries.

    That is the worst group, not the mean: what is missed in one language alone would pass for a gap between languages.

    Args:
        dense: (Q, d) unit vectors of at least one query in the space.
        groups: of each query, such as its language.
        target: above 0, up to 1.
        candidates: how many documents by pooled vectors are the best ones of a query: what a search takes from the lists.
    """
    depth = min(candidates, len(shards))
    visited = visits(lists, dense, exact(shards, space, dense, depth))
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    held = np.zeros((len(names), lists.count))
    np.add.at(held, (np.repeat(group, depth), visited.ravel()), 1.0)
    shares = np.cumsum(held, axis=1) / (np.bincount(group, minlength=len(names)) * depth)[:, None]
    least = shares.min(axis=0)
    at = int(np.argmax(least >= target - 1e-12)) if least[-1] >= target - 1e-12 else lists.count - 1
    worst = int(shares[:, at].argmin())
    return Probing(
        at + 1, lists.count, target, float(shares[:, at].mean()), str(names[worst]), float(shares[worst, at]), len(dense), depth
    )


def visits(lists: Lists, dense: np.ndarray, documents: np.ndarray) -> np.ndarray:
    """(Q, k) int32: of each query's documents (Q, k), after how many other lists theirs is visited."""
    list_of, found = lists.list_of(), np.empty(documents.shape, dtype=np.int32)
    step = max(1, CELLS // lists.count)
    for start in range(0, len(dense), step):
        order = lists.order(dense[start : start + step])
        rank = np.empty(order.shape, dtype=np.int32)
        np.put_along_axis(rank, order, np.arange(lists.count, dtype=np.int32)[None], axis=1)
        found[start : start + step] = np.take_along_axis(rank, list_of[documents[start : start + step]], axis=1)
    return found


def exact(shards: Shards, space: Space, dense: np.ndarray, depth: int) -> np.ndarray:
    """(Q, depth) positions of the best documents by pooled vectors, of all that there are; in no order."""
    best = Best(len(dense), depth)
    for shard in shards.shards:
        for start, stop in pieces(shard, PIECE):
            rows = np.arange(start, stop)
            pooled = space.pooled(shard.pooled(rows))
            step = max(1, CELLS // len(rows))
            for at in range(0, len(dense), step):
                best.add(dense[at : at + step] @ pooled.T, rows + shard.first, at)
    return best.documents
