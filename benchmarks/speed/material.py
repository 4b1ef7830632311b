"""Texts and vectors that the races run on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.base.errors import BenchError
from bench.base.ragged import Ragged
from bench.encoders.encoder import Encoder
from bench.encoders.space import Space

PASSAGE = 450  # characters: some 100 tokens, like a paragraph of an encyclopedia


@dataclass(frozen=True)
class Material:
    """Queries of many languages, and English passages.

    Attributes:
        model: name or folder of the encoder.
        queries, passages: the texts.
    """

    model: str
    queries: list[str]
    passages: list[str]


@dataclass(frozen=True)
class Vectors:
    """Unit vectors of queries and passages, one a token and one a text."""

    queries: Ragged
    passages: Ragged
    query: np.ndarray
    passage: np.ndarray


def from_profile(name: str, queries: int, passages: int) -> Material:
    """Test queries of all tasks and languages of a profile, mixed; its English sentences, joined to passages.

    Raises:
        BenchError: the profile has too few of either.
    """
    from bench.cells.asking.queries import query_sets
    from bench.cells.shared.context import context_of
    from bench.data.languages import Languages
    from bench.experiment.grid import cells
    from bench.experiment.profile.file import load_profile

    spec = next(iter(cells(load_profile(name), Languages.load())))
    context = context_of(spec)
    sets = query_sets(context, spec.evaluation.tasks, {}, "test", spec.suite_languages)
    asked = sorted({text for one in sets for text in one.texts})
    joined = join(list(context.suite.bitext["english"].values))
    if len(asked) < queries or len(joined) < passages:
        raise BenchError(f"profile {name} has {len(asked):,} queries and {len(joined):,} passages", "ask for fewer, or --quick")
    order = np.random.default_rng(0)
    chosen = [[items[i] for i in sorted(order.permutation(len(items))[:many])] for items, many in
              ((asked, queries), (joined, passages))]  # fmt: skip
    return Material(spec.models.teacher, *chosen)


def join(sentences: list[str]) -> list[str]:
    """Consecutive sentences as passages of `PASSAGE` characters or a bit more."""
    found, part = [], ""
    for sentence in sentences:
        part = f"{part} {sentence}".strip()
        if len(part) >= PASSAGE:
            found.append(part)
            part = ""
    return found


def vectors(encoder: Encoder, material: Material) -> Vectors:
    """The texts in a space that is centred on the passages."""
    queries, passages = encoder.encode(material.queries, "query"), encoder.encode(material.passages, "passage")
    space = Space.fit(passages.tokens.vectors, passages.pooled)
    asked, searched = (Ragged(space.tokens(one.tokens.vectors), one.tokens.offsets) for one in (queries, passages))
    return Vectors(asked, searched, space.pooled(queries.pooled), space.pooled(passages.pooled))
