"""Closed-form affine maps from one set of vectors onto another, drawn towards leaving vectors as they are.

`x -> W (x - m_x) + m_y` with the means of both sides. With centred rows X, Y (n, d):

    ridge        min_W |X W' - Y|^2 + p |W - I|^2        W' = (X'X + p I)^-1 (X'Y + p I)
    procrustes   the same among rotations                W' = U V' of U S V' = X'Y + p I

The penalty is as good as d further pairs, each axis with itself, times the root of p: with p = 0 these are least squares and the
orthogonal Procrustes problem (Schoenemann 1966), with p without bound W = I, and only the means are brought together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.base.errors import BenchError

# Times the number of pairs and the mean variance of a coordinate of x: about the weight of the axes against the pairs.
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)


@dataclass(frozen=True)
class Affine:
    """`W x + b` with weight (d, d) and bias (d,), float64."""

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """(..., d) in float32."""
        return np.asarray(x, dtype=np.float32) @ self.weight.T.astype(np.float32) + self.bias.astype(np.float32)


@dataclass(frozen=True)
class Side:
    """Vectors of pairs by language: x (n, d) and y (n, d) of each."""

    x: Mapping[str, np.ndarray]
    y: Mapping[str, np.ndarray]

    @classmethod
    def by(cls, languages: Sequence[str], x: np.ndarray, y: np.ndarray) -> Side:
        """Of rows whose languages are given."""
        named = np.asarray(languages)
        at = {str(name): np.flatnonzero(named == name) for name in dict.fromkeys(languages)}
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        return cls({name: x[rows] for name, rows in at.items()}, {name: y[rows] for name, rows in at.items()})

    def joined(self) -> Side:
        """All languages as one, called by the empty name."""
        return Side({"": np.concatenate(list(self.x.values()))}, {"": np.concatenate(list(self.y.values()))})


def affine(x: np.ndarray, y: np.ndarray, form: str, penalty: float) -> Affine:
    """The map of (n, d) float64 rows onto (n, d) rows; `penalty` is p of the formula, `form` `ridge` or `procrustes`."""
    mean_x, mean_y = x.mean(0), y.mean(0)
    X, Y = x - mean_x, y - mean_y
    d = x.shape[1]
    moments = X.T @ Y + penalty * np.eye(d)
    if form == "ridge":
        weight = np.linalg.solve(X.T @ X + penalty * np.eye(d), moments).T
    else:
        u, _, v = np.linalg.svd(moments)
        weight = (u @ v).T
    return Affine(weight, mean_y - weight @ mean_x)


def fit(pairs: Side, dev: Side, form: str, scope: str) -> tuple[dict[str, Affine], dict[str, Any]]:
    """Maps by language, and under the empty name the one for languages without pairs; and how well they do.

    The penalty with the least squared error on `dev` is taken, one for all languages.

    Args:
        scope: `each` language has a map of its own, or `all` have one.

    Raises:
        BenchError: there are fewer than two pairs, or no dev pairs.
    """
    count, held = (sum(map(len, side.x.values())) for side in (pairs, dev))
    if count < 2 or not held:
        raise BenchError(f"{count} training pairs and {held} dev pairs are too few for a linear map", "take more bitext")
    every = pairs.joined()
    own = {} if scope == "all" else dict(pairs.x)
    variance = float(np.mean([(x - x.mean(0)).var() for x in (own or every.x).values()])) or 1.0
    best: tuple[float, float, dict[str, Affine]] | None = None
    for share in PENALTIES:
        maps = {"": affine(every.x[""], every.y[""], form, share * count * variance)}
        maps |= {name: affine(x, pairs.y[name], form, share * len(x) * variance) for name, x in own.items()}
        error = sum(float(np.square(maps.get(name, maps[""])(x) - dev.y[name]).sum()) for name, x in dev.x.items())
        if best is None or error < best[0]:
            best = error, share, maps
    assert best is not None
    error, share, maps = best
    before = sum(float(np.square(x - dev.y[name]).sum()) for name, x in dev.x.items())
    return maps, {"penalty": share, "error": round(error / before, 4)}
