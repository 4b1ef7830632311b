"""The original query and its translation together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from methods import registry
from methods.base import Method, TranslationText, option, register
from methods.declaration import ENCODED, MethodError
from methods.facts import facts


@dataclass
class FusedParams:
    method: TranslationText = option("lexical", "method that translates, such as lexical or nmt(model=DIR)")
    form: str = option(
        "standardised", "standardised: weighted sum of scores with mean 0 and deviation 1 a query; rrf: of reciprocal ranks",
        choices=("standardised", "rrf"),
    )  # fmt: skip
    weight: float = option(0.5, "share of the translation, from 0 to 1", search=(0.25, 0.5, 0.75))
    constant: int = option(60, "rrf: what is added to a rank before it is inverted")
    depth: int = option(1000, "documents of each of the two searches that are joined")


@register
class Fused(Method):
    """The original query searched by the untrained student, its translation by the teacher, their results joined.

    With w = `weight`, for a document d and one scorer (dense with dense, late with late):
    `standardised`: `(1 - w) z(d | query) + w z(d | translation)`, z the score less the mean of the documents found, over their
    standard deviation; a document that only one of the two searches has found has the other's lowest z there. `rrf`:
    `(1 - w) / (k + rank(d | query)) + w / (k + rank(d | translation))`, k = `constant`, 0 for a search that has not found d; at
    w = 0.5 this ranks as in the paper. Each search gives its first `depth` documents: all of them where there are no more.

    A language that the translator was not trained on is searched by the original query alone.
    """

    name = "fused"
    summary = "the original query (untrained student) and its translation (teacher), their scores or ranks joined"
    reference = (
        "reciprocal ranks: Cormack, Clarke, Buettcher 2009, SIGIR; standardised scores: Montague and Aslam 2001, CIKM (ZMUV)"
    )
    kind = "translate"
    Params = FusedParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        own = self.params
        if not 0 <= own.weight <= 1:
            raise MethodError(f"fused: weight={own.weight} is no share: give a number from 0 to 1")
        if own.constant < 0 or own.depth < 1:
            raise MethodError(f"fused: constant={own.constant}, depth={own.depth}: give a constant of 0 or more, a depth above 0")
        inner = registry.parse_spec(own.method)
        if facts(str(inner)).scorers != ENCODED:
            raise MethodError(f"fused: {inner} is searched by words alone: there is no score of an encoder to join it with")
        self._translation = registry.load(inner)

    @property
    def translation(self) -> Method:
        return self._translation
