"""Two rankings of the same queries as one: weighted sums of standardised scores, or of reciprocal ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.base.errors import BenchError
from bench.retrieval.ranking import Order, Ranking, check_depth, check_lengths

FORMS = ("standardised", "rrf")


@dataclass(frozen=True)
class Fusion:
    """A way to join rankings.

    `standardised`: `(1 - w) z1 + w z2`, z a score less the mean of the scores found for its query, over their standard deviation
    (0 where that is 0): ZMUV of Montague and Aslam 2001, CIKM. A document that a ranking does not hold has its lowest z there.
    `rrf`: `(1 - w) / (k + rank 1) + w / (k + rank 2)`, ranks from 1, 0 where a ranking does not hold the document: at w = 0.5 the
    order of Cormack, Clarke, Buettcher 2009, SIGIR.

    Attributes:
        form: `standardised` or `rrf`.
        weight: w, the share of the second ranking, from 0 to 1.
        constant: k of `rrf`; 60 in the paper.

    Raises:
        BenchError: another form, or a weight that is no share.
    """

    form: str = "standardised"
    weight: float = 0.5
    constant: int = 60
    _joined: dict[tuple[int, int], _Documents] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.form not in FORMS or not 0 <= self.weight <= 1:
            said = f"rankings cannot be joined with form={self.form!r}, weight={self.weight}"
            raise BenchError(said, f"forms are {', '.join(FORMS)}; a weight lies from 0 to 1")

    def join(self, first: Ranking, second: Ranking, k: int, query_ids: Sequence[str]) -> Ranking:
        """The k best documents of each query by both rankings.

        Args:
            first, second: of the same Q queries; their depths, and the documents that they know, may differ.
            query_ids: Q ids, for messages.
        """
        check_depth(k)
        check_lengths("query", query_ids, len(first))
        check_lengths("query", query_ids, len(second))
        documents = self._documents(first.doc_ids, second.doc_ids)
        index = [places[ranking.index] for places, ranking in zip(documents.places, (first, second), strict=True)]
        worth, absent = zip(*(self._worth(ranking) for ranking in (first, second)), strict=True)
        there = [_found(index[0], index[1], worth[1], absent[1]), _found(index[1], index[0], worth[0], absent[0])]
        w = self.weight
        scores = np.concatenate([(1 - w) * worth[0] + w * there[0][0], (1 - w) * there[1][0] + w * worth[1]], axis=1)
        twice = np.concatenate([np.zeros_like(there[0][1]), there[1][1]], axis=1)
        found = np.where(twice, -1, np.concatenate(index, axis=1))
        return documents.order.top(scores.astype(np.float32), k, query_ids, found)

    def _documents(self, first: Sequence[str], second: Sequence[str]) -> _Documents:
        key = id(first), id(second)
        if key not in self._joined:
            self._joined[key] = _Documents(first, second)
        return self._joined[key]

    def _worth(self, ranking: Ranking) -> tuple[np.ndarray, np.ndarray]:
        """(Q, depth) what each document is worth, and (Q, 1) one that is not in the ranking."""
        held = ranking.index >= 0
        if self.form == "rrf":
            ranks = np.arange(1, held.shape[1] + 1, dtype=np.float64)
            return np.where(held, 1 / (self.constant + ranks), 0.0), np.zeros((len(held), 1))
        count = np.maximum(held.sum(axis=1, keepdims=True), 1)
        scores = np.where(held, ranking.scores, 0).astype(np.float64)
        mean = scores.sum(axis=1, keepdims=True) / count
        far = np.where(held, scores - mean, 0)
        deviation = np.sqrt((far**2).sum(axis=1, keepdims=True) / count)
        # Equal scores leave a rest of the rounding of their mean, which must not become a deviation of 1.
        equal = deviation <= 1e-9 * (1 + np.abs(mean))
        z = np.where(equal, 0, far / np.where(equal, 1, deviation))
        return z, z.min(axis=1, keepdims=True, initial=0)


class _Documents:
    """The documents of two rankings in one list.

    Attributes:
        order: of all of them.
        places: for each of the two, (documents + 1,) their positions in it; the last, which stands for none, is -1.
    """

    def __init__(self, first: Sequence[str], second: Sequence[str]) -> None:
        self.of = first, second  # kept: the two are told by their identity
        place = {name: number for number, name in enumerate(dict.fromkeys([*first, *second]))}
        self.order = Order(list(place))
        self.places = [np.array([*(place[name] for name in names), -1], dtype=np.int64) for names in self.of]


def _found(index: np.ndarray, other: np.ndarray, worth: np.ndarray, absent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What documents are worth in the other ranking, and whether they are in it.

    Args:
        index: (Q, n) documents, -1: none.
        other, worth: (Q, m) those of the other ranking, and what they are worth there.
        absent: (Q, 1) what one is worth that is not there.

    Returns:
        (Q, n) each.
    """
    values, held = np.broadcast_to(absent, index.shape).copy(), np.zeros(index.shape, dtype=bool)
    for row in range(len(index)):
        order = np.argsort(other[row], kind="stable")
        known = other[row][order]
        at = np.minimum(np.searchsorted(known, index[row]), len(known) - 1)
        held[row] = (known[at] == index[row]) & (index[row] >= 0)
        values[row][held[row]] = worth[row][order[at]][held[row]]
    return values, held
