"""Reference without training: each language centred on its own mean."""

from __future__ import annotations

from dataclasses import dataclass

from methods import registry
from methods.base import Method, option, register


@dataclass
class CentredParams:
    texts: int = option(100, "unlabelled texts of each language, at most")
    documents: str = option("own", "mean taken from documents: own, that of the task's; bitext, that of the English bitext, "
                            "as for every other method", choices=("own", "bitext"))  # fmt: skip


@register
class Centred(Method):
    """The student as it starts; from a query's vectors the mean of its own language is subtracted in place of the English one.

    `q = (x - m_l) / |x - m_l|`, for pooled and for token vectors; m_l is the mean of the untrained student's raw vectors of
    unlabelled texts in language l. With `documents=own` the English documents of a task are centred on their own mean. Not a
    sentence is translated, nothing is trained.

    Texts come from the text sides of the training bitext, so of a domain other than the queries'; of a language without
    bitext from its dev queries. A language with too few of both keeps the English mean; manifests say which.
    """

    name = "centred"
    summary = "the untrained student, each language centred on its own mean (no training)"
    reference = "Libovicky, Rosa, Fraser 2020, arXiv 2004.05160"
    kind = "none"
    placing = "own_mean"
    role = "no training"
    Params = CentredParams

    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        if self.params.texts < 1:
            raise registry.MethodError(f"centred: texts={self.params.texts} gives no mean: give at least 1")
