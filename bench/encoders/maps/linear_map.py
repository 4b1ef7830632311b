"""The closed-form linear map from a student's space to its teacher's, fitted on texts in the one language both know.

Ridge regression with an intercept, `min_W,b sum_i |W x_i + b - y_i|^2 + lambda |W|^2`, over English texts: x_i is a state of
the student, y_i the teacher's. The map of pooled vectors is fitted on pooled vectors; that of token vectors on the means
of the tokens of a text, as the two cut texts into different tokens. lambda is the one with the least error on held-out texts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from bench.base.errors import BenchError
from bench.encoders.encoder import Encoded
from bench.encoders.head import Head, Layer

# Times the mean variance of a coordinate of x and the number of texts.
PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)


@dataclass(frozen=True)
class Map:
    """`W x + b`.

    Attributes:
        weight, bias: (out, in) and (out,) float64.
        penalty: the one chosen of `PENALTIES`.
        explained: share of the variance of y on the held-out texts; 1 is a perfect map, 0 is no better than the mean.
    """

    weight: np.ndarray
    bias: np.ndarray
    penalty: float
    explained: float

    def layer(self) -> Layer:
        """As a layer in float32."""
        parts = {"linear.weight": self.weight, "linear.bias": self.bias}
        return Layer({name: torch.from_numpy(values.astype(np.float32)) for name, values in parts.items()})


def fit(x: np.ndarray, y: np.ndarray, held_x: np.ndarray, held_y: np.ndarray) -> Map:
    """Fit on (n, in) and (n, out), choose the penalty on (m, in) and (m, out).

    Raises:
        BenchError: there are too few texts.
    """
    if len(x) < 2 or len(held_x) < 2:
        raise BenchError(
            f"{len(x)} English training texts and {len(held_x)} dev texts are too few for a linear map",
            "take more bitext, or models.head=none with a student in the teacher's own space",
        )
    x, y, held_x, held_y = (np.asarray(part, dtype=np.float64) for part in (x, y, held_x, held_y))
    mean_x, mean_y = x.mean(0), y.mean(0)
    centred = x - mean_x
    values, vectors = np.linalg.eigh(centred.T @ centred)
    values = np.maximum(values, 0.0)
    projected = vectors.T @ (centred.T @ (y - mean_y))
    variance = np.square(held_y - held_y.mean(0)).sum()
    best: Map | None = None
    for penalty in PENALTIES:
        weight = (vectors @ (projected / (values + penalty * values.mean())[:, None])).T
        bias = mean_y - weight @ mean_x
        explained = float(1 - np.square(held_x @ weight.T + bias - held_y).sum() / variance)
        if best is None or explained > best.explained:
            best = Map(weight, bias, penalty, explained)
    assert best is not None
    return best


def fit_head(
    student: Encoded, student_held_out: Encoded, teacher: Encoded, teacher_held_out: Encoded
) -> tuple[Head, dict[str, float]]:
    """Maps for token vectors and for pooled vectors, and how well they do.

    Args:
        student, teacher: their raw states of the training texts.
        student_held_out, teacher_held_out: of the texts on which penalties are chosen.
    """
    parts = (student, teacher, student_held_out, teacher_held_out)
    tokens = fit(*map(token_means, parts))
    pooled = fit(*(np.asarray(states.pooled) for states in parts))
    facts = {
        "tokens_explained": tokens.explained, "tokens_penalty": tokens.penalty,
        "pooled_explained": pooled.explained, "pooled_penalty": pooled.penalty,
    }  # fmt: skip
    return Head([tokens.layer()], [pooled.layer()]), facts


def token_means(states: Encoded) -> np.ndarray:
    """(n, d) float64 mean of the content tokens of each text."""
    offsets = states.tokens.offsets
    sums = np.add.reduceat(np.asarray(states.tokens.vectors, dtype=np.float64), offsets[:-1], axis=0)
    return sums / np.diff(offsets)[:, None]
