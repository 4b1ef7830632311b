"""Unlabelled texts of a language: what its mean and its directions are estimated from. Test queries are never among them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from bench.data.suite.types import Suite

T = TypeVar("T")
LEAST = 20  # texts; fewer say little of a mean in some hundred dimensions
BITEXT, DEV_QUERIES = "training bitext", "dev queries"


@dataclass(frozen=True)
class OwnTexts:
    """Texts in one language, and where they come from: BITEXT or DEV_QUERIES; empty where there are too few."""

    texts: list[str]
    origin: str = ""


def own_texts(suite: Suite, fits: np.ndarray, language: str, most: int, split: str) -> OwnTexts:
    """Texts in a language: the text sides of its training bitext; without enough of these its dev queries.

    Of the bitext only pairs that are trained on count: the English mean is that of the same, and none of them is cut. A source
    gives as many as any other, as far as it has them, or the largest (scripture) would be all.

    Args:
        fits: (rows of the bitext,) bool, see `Texts.fits`.
        most: texts, at most; the same ones for every cell.
        split: that is scored. Of `dev` the queries are not looked at: they would be centred on themselves.
    """
    column = suite.bitext["text"]
    parts = suite.bitext.groups("source", suite.bitext.rows("train", [language], fits)).values()
    # Codes of different texts, ascending: as the texts themselves.
    codes = [_shuffled(np.unique(column.codes[rows]).tolist(), language) for rows in parts]
    found = column.values.take(_evenly(codes, most))
    if len(found) >= min(LEAST, most):
        return OwnTexts(found, BITEXT)
    asked: set[str] = set()
    if split != "dev":
        for task in suite.tasks.values():
            if language in task.languages("dev"):
                asked |= set(task.queries("dev", language)["text"])
    found = _shuffled(sorted(asked), language)[:most]
    return OwnTexts(found, DEV_QUERIES) if len(found) >= min(LEAST, most) else OwnTexts([])


def _shuffled(texts: list[T], language: str) -> list[T]:
    rng = np.random.default_rng([0x3EA5, zlib.crc32(language.encode())])
    return [texts[i] for i in rng.permutation(len(texts))]


def _evenly(sources: list[list[T]], most: int) -> list[T]:
    """One text of each source in turn, each text once, until there are enough or no more."""
    found: dict[T, None] = {}
    for turn in range(max(map(len, sources), default=0)):
        for source in sources:
            if turn < len(source) and len(found) < most:
                found.setdefault(source[turn])
    return list(found)
