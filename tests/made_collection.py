"""Raw states of made-up texts: what a text says is its own seed, so that encoding one again gives the same."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from bench.base.ragged import Ragged
from bench.encoders.space import Space
from bench.retrieval.large.shards import States

D = 16


def encode(texts: Sequence[str]) -> States:
    """Tokens around a common mean, as many as the text has words; the pooled vector is their mean."""
    tokens = []
    for text in texts:
        random = np.random.default_rng(zlib.crc32(text.encode()))
        topic = random.standard_normal(D)
        tokens.append((2 + 0.5 * topic + random.standard_normal((len(text.split()), D))).astype(np.float32))
    return np.stack([one.mean(axis=0) for one in tokens]), Ragged.from_list(tokens)


def documents(count: int) -> list[tuple[str, str]]:
    """(id, text); ids are not in the order of the documents, lengths differ."""
    return [(f"d{(7 * i) % 1009:04d}", f"text {i}" + " word" * (i % 7)) for i in range(count)]


def made_space() -> Space:
    """The space of the first texts."""
    pooled, tokens = encode([text for _, text in documents(200)])
    return Space.fit(tokens.vectors, pooled)


def questions(space: Space, count: int = 12) -> tuple[np.ndarray, Ragged, list[str]]:
    """Queries in the space: pooled vectors, tokens, ids."""
    pooled, tokens = encode([f"question {i} about this" for i in range(count)])
    return space.pooled(pooled), Ragged(space.tokens(tokens.vectors), tokens.offsets), [f"q{i}" for i in range(count)]
