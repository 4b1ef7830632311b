"""Exact search with uncoded vectors, while passages are encoded: what a collection on disk is held against."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from bench.base.ragged import Ragged
from bench.cells.shared.context import Context
from bench.retrieval.large.best import Best
from bench.retrieval.large.build import CODEC_DOCUMENTS
from bench.retrieval.maxsim import maxima, mean_over_queries
from bench.retrieval.ranking import Order, Ranking

DEPTH = 100  # documents of a question that are compared


@dataclass
class Asked:
    """Questions of all tasks and languages, in the space of the context.

    Attributes:
        dense, late: (Q, d) and token vectors.
        names, languages: Q each; names are made unique over tasks and languages.
        qrels: name -> passage -> grade.
        dev: (D, d) of the dev questions that lists are chosen on; their languages.
    """

    dense: np.ndarray
    late: Ragged
    names: list[str]
    languages: list[str]
    qrels: dict[str, dict[str, int]]
    dev: tuple[np.ndarray, list[str]]

    @property
    def questions(self) -> list[str]:
        """What is the same question in all its languages, of each."""
        return [name.replace(f"/{language}/", "/") for name, language in zip(self.names, self.languages, strict=True)]


@dataclass
class Exact:
    """Encodes passages, and scores their vectors with all questions before they are coded.

    Attributes:
        sizes: after so many passages the best ones so far are kept.
    """

    context: Context
    asked: Asked
    sizes: Sequence[int]
    seen: int = field(init=False)  # below 0 while the quantiser sees the first ones, before they are written
    best: dict[str, Best] = field(init=False)
    kept: dict[int, dict[str, tuple[np.ndarray, np.ndarray]]] = field(default_factory=dict)
    seconds: float = 0.0  # of scoring

    def __post_init__(self) -> None:
        self.seen = -min(max(self.sizes), CODEC_DOCUMENTS)
        self.best = {scorer: Best(len(self.asked.names), DEPTH) for scorer in ("dense", "late")}

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, Ragged]:
        """Raw states of these passages."""
        states = self.context.teacher.encoder.encode(texts, "passage")
        if self.seen >= 0:
            start = time.process_time()
            self._score(states.pooled, states.tokens)
            self.seconds += time.process_time() - start
        self.seen += len(texts)
        if self.seen in self.sizes:
            self.kept[self.seen] = {name: (one.scores.copy(), one.documents.copy()) for name, one in self.best.items()}
        return states.pooled, states.tokens

    def _score(self, pooled: np.ndarray, tokens: Ragged) -> None:
        space, order = self.context.teacher.space, np.argsort(tokens.lengths, kind="stable")
        unit = Ragged(space.tokens(tokens.vectors), tokens.offsets).take(order)
        late = np.empty((len(self.asked.names), len(pooled)), dtype=np.float32)
        for start, stop, best in maxima(unit, self.asked.late.vectors, torch.device("cpu")):
            late[:, order[start:stop]] = mean_over_queries(best, self.asked.late)
        dense = (self.asked.dense.astype(np.float64) @ space.pooled(pooled).astype(np.float64).T).astype(np.float32)
        for scorer, scores in (("dense", dense), ("late", late)):
            self.best[scorer].add(scores, np.arange(self.seen, self.seen + len(pooled)))

    def rankings(self, ids: Sequence[str], size: int) -> dict[str, Ranking]:
        """The exact results of the first `size` passages; `ids` of all passages, in their order."""
        order = Order(ids[:size])
        return {scorer: order.top(scores, DEPTH, self.asked.names, found) for scorer, (scores, found) in self.kept[size].items()}
