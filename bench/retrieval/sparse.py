"""Search by words: BM25, for queries whose words may each stand for several words of the documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from bench.base.errors import BenchError
from bench.retrieval.ranking import Order, Ranking, check_depth, check_lengths

Term = tuple[tuple[str, float], ...]  # words of the documents that stand for one word of the query, and their weights
WordQuery = tuple[Term, ...]  # one term for each word of the query; a word that occurs twice is there twice
BATCH = 256  # queries scored at a time


def plain(words: Sequence[str]) -> WordQuery:
    """The query in which every word stands for itself."""
    return tuple(((word, 1.0),) for word in words)


class SparseIndex:
    """BM25 over the words of a task's documents.

    For a term f that stands for the words e with weights t(e | f), `tf(f, d) = sum_e t(e | f) tf(e, d)` and
    `df(f) = sum_e t(e | f) df(e)`: probabilistic structured queries (Darwish and Oard 2003, SIGIR). The score is

        sum over terms f of  ln(1 + (N - df + 0.5) / (df + 0.5))  tf / (tf + k1 (1 - b + b |d| / mean |d|))

    With every word for itself it is the usual BM25, as Lucene has it. A document without any word of the query
    scores 0 and is not retrieved.

    Args:
        doc_ids: n unique ids.
        documents: the words of each.
        k1, b: of BM25; common values, the same for every method, floor and ceiling, and not tuned.

    Raises:
        BenchError: ids and documents do not match, or an id occurs twice.
    """

    def __init__(self, doc_ids: Sequence[str], documents: Sequence[Sequence[str]], k1: float = 1.2, b: float = 0.75) -> None:
        check_lengths("document", doc_ids, len(documents))
        self.order = Order(doc_ids)
        lengths = np.array([len(words) for words in documents], dtype=np.float64)
        self.saturation = k1 * (1 - b + b * lengths / max(lengths.mean(), 1e-9))
        found: dict[str, list[tuple[int, int]]] = {}
        for number, words in enumerate(documents):
            for word, count in Counter(words).items():
                found.setdefault(word, []).append((number, count))
        # (documents, 2): numbers of the documents that have the word, and how often.
        self.postings = {word: np.array(pairs, dtype=np.int64) for word, pairs in found.items()}

    def search(self, queries: Sequence[WordQuery], k: int, query_ids: Sequence[str]) -> Ranking:
        """The k best documents of each query that have a word of it.

        Raises:
            BenchError: not one id per query, k < 1, or the weights of a term are negative or sum to more than 1.
        """
        check_lengths("query", query_ids, len(queries))
        check_depth(k)
        parts = [Ranking.empty(self.order.doc_ids, k)]
        for start in range(0, len(queries), BATCH):
            stop = min(start + BATCH, len(queries))
            scores = self._scores(queries[start:stop])
            there = np.where(scores > 0, np.arange(len(self.order)), -1)
            parts.append(self.order.top(scores.astype(np.float32), k, query_ids[start:stop], there))
        return Ranking.concatenate(parts)

    def _scores(self, queries: Sequence[WordQuery]) -> np.ndarray:
        """(Q, n) float64."""
        scores = np.zeros((len(queries), len(self.order)))
        known: dict[Term, tuple[np.ndarray, np.ndarray]] = {}
        for row, query in enumerate(queries):
            for term in query:
                if term not in known:
                    known[term] = self._term(term)
                where, values = known[term]
                scores[row, where] += values
        return scores

    def _term(self, term: Term) -> tuple[np.ndarray, np.ndarray]:
        """(m,) documents in which a term occurs and (m,) what it adds to their scores."""
        weights = [weight for _, weight in term]
        if min(weights, default=0.0) < 0 or sum(weights) > 1 + 1e-6:
            raise BenchError(f"the weights of a query term are {weights}", "they are probabilities: none below 0, sum at most 1")
        frequency, documents = np.zeros(len(self.order)), 0.0
        for word, weight in term:
            if (pairs := self.postings.get(word)) is not None:
                frequency[pairs[:, 0]] += weight * pairs[:, 1]
                documents += weight * len(pairs)
        rarity = np.log(1 + (len(self.order) - documents + 0.5) / (documents + 0.5))
        where = np.flatnonzero(frequency)
        return where, rarity * frequency[where] / (frequency[where] + self.saturation[where])
