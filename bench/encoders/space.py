"""The space in which student and teacher are compared: centred on the teacher's English, unit length."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor

from bench.base.errors import BenchError
from bench.base.paths import atomic_write

_BLOCK = 65536  # rows in float64 at a time
_TINY = 1e-12


@dataclass(frozen=True)
class Centring:
    """Subtract a mean, take out directions, scale to unit length.

    Attributes:
        mean: (d,) float32; zeros where nothing is subtracted.
        directions: (d, k) float32 orthonormal columns that are projected away; k may be 0.
    """

    mean: np.ndarray
    directions: np.ndarray
    _on_device: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, x: Any) -> Any:
        """Unit vectors in float32, same shape and same kind (array or tensor) as `x` (..., d)."""
        if isinstance(x, Tensor):
            return self._tensor(x)
        y = np.asarray(x, dtype=np.float32) - self.mean
        if self.directions.shape[1]:
            y -= (y @ self.directions) @ self.directions.T
        norms = np.sqrt(np.einsum("...d,...d->...", y, y))[..., None]
        y /= np.maximum(norms, _TINY)
        return y

    def _tensor(self, x: Tensor) -> Tensor:
        # In float32 also where the encoder runs in bfloat16 (products of a loss are bfloat16 there, under autocast).
        with torch.autocast(x.device.type, enabled=False):
            mean, directions = self._parts(x.device)
            y = x.float() - mean
            if directions.shape[1]:
                y = y - (y @ directions) @ directions.T
            return torch.nn.functional.normalize(y, dim=-1, eps=_TINY)

    def _parts(self, device: torch.device) -> tuple[Tensor, Tensor]:
        if str(device) not in self._on_device:
            # Outside of inference mode, so that the same tensors can take part in training later.
            with torch.inference_mode(False):
                parts = tuple(torch.from_numpy(a.copy()).to(device) for a in (self.mean, self.directions))
                self._on_device[str(device)] = parts  # type: ignore[assignment]
        return self._on_device[str(device)]

    def __getstate__(self) -> dict[str, Any]:
        return {"mean": self.mean, "directions": self.directions, "_on_device": {}}


@dataclass(frozen=True)
class Means:
    """Mean raw vectors of texts in one language, (d,) float32 each: `tokens` over all content tokens, `pooled` over texts."""

    tokens: np.ndarray
    pooled: np.ndarray

    @classmethod
    def of(cls, tokens: np.ndarray, pooled: np.ndarray) -> Means:
        """Of raw states, (T, d) content tokens and (n, d) pooled states; the sums are in float64."""
        return cls(mean_row(tokens).astype(np.float32), mean_row(pooled).astype(np.float32))


@dataclass(frozen=True)
class Space:
    """One centring for token vectors, one for pooled vectors; the same for teacher and student.

    A multilingual encoder's raw vectors all point nearly the same way; what differs between texts shows only
    after the common part is taken out.
    """

    token_centring: Centring
    pooled_centring: Centring

    @classmethod
    def fit(cls, tokens: np.ndarray, pooled: np.ndarray, centre: bool = True, remove_directions: int = 0) -> Space:
        """Estimate from raw teacher states of the English bitext.

        Args:
            tokens: (T, d) content tokens (float32 or float16, may be memory-mapped).
            pooled: (n, d) pooled states.
            centre: subtract the mean; False leaves plain normalisation.
            remove_directions: how many of the first principal directions to project away: those of the
                tokens from tokens, those of the pooled states from pooled states.

        Raises:
            BenchError: no rows, or more directions than could be estimated.
        """
        return cls(*(_fit(x, what, centre, remove_directions) for x, what in
                     ((tokens, "token"), (pooled, "pooled"))))  # fmt: skip

    @property
    def dim(self) -> int:
        return len(self.token_centring.mean)

    @property
    def token_mean(self) -> np.ndarray:
        """(d,) what is subtracted from token vectors."""
        return self.token_centring.mean

    @property
    def pooled_mean(self) -> np.ndarray:
        """(d,) what is subtracted from pooled vectors."""
        return self.pooled_centring.mean

    @overload
    def tokens(self, x: Tensor) -> Tensor: ...
    @overload
    def tokens(self, x: np.ndarray) -> np.ndarray: ...
    def tokens(self, x: Any) -> Any:
        """Raw token states (..., d) -> unit vectors in float32; differentiable for tensors."""
        return self.token_centring(x)

    @overload
    def pooled(self, x: Tensor) -> Tensor: ...
    @overload
    def pooled(self, x: np.ndarray) -> np.ndarray: ...
    def pooled(self, x: Any) -> Any:
        """Raw pooled states (..., d) -> unit vectors in float32; differentiable for tensors."""
        return self.pooled_centring(x)

    def centred_on(self, means: Means) -> Space:
        """The space with other means, and the directions that are taken out of this one."""
        token, pooled = self.token_centring.directions, self.pooled_centring.directions
        return Space(Centring(means.tokens, token), Centring(means.pooled, pooled))

    def save(self, path: Path) -> None:
        """Write as one .npz file, atomically."""
        stream = io.BytesIO()
        np.savez(stream, token_mean=self.token_mean, token_directions=self.token_centring.directions,
                 pooled_mean=self.pooled_mean, pooled_directions=self.pooled_centring.directions)  # fmt: skip
        atomic_write(path, stream.getvalue())

    @classmethod
    def load(cls, path: Path) -> Space:
        """Read what `save` wrote; raises `BenchError` for anything else."""
        try:
            with np.load(path, allow_pickle=False) as saved:
                return cls(*(Centring(saved[f"{what}_mean"], saved[f"{what}_directions"])
                             for what in ("token", "pooled")))  # fmt: skip
        except (OSError, KeyError, ValueError) as error:
            raise BenchError(f"cannot read the space in {path}: {error}", "delete the file; it is made anew") from error


def mean_row(rows: np.ndarray) -> np.ndarray:
    """(d,) float64 mean of (n, d) rows, which may be memory-mapped and of half precision."""
    total = np.zeros(rows.shape[1])
    for start in range(0, len(rows), _BLOCK):
        total += rows[start : start + _BLOCK].sum(0, dtype=np.float64)
    return total / len(rows)


def first_directions(rows: np.ndarray, k: int) -> np.ndarray:
    """(d, k) float32 first right singular vectors of (n, d) rows, which are not centred.

    Raises:
        BenchError: more directions than there are rows or dimensions.
    """
    d = rows.shape[1]
    if not 0 < k < min(d, len(rows) + 1):
        raise BenchError(f"{len(rows)} rows of {d} dimensions have no {k} first directions", "ask for fewer")
    moments = np.zeros((d, d))
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK].astype(np.float64)
        moments += block.T @ block
    return np.ascontiguousarray(np.linalg.eigh(moments)[1][:, ::-1][:, :k], dtype=np.float32)


def _fit(rows: np.ndarray, what: str, centre: bool, k: int) -> Centring:
    if rows.ndim != 2 or not len(rows):
        raise BenchError(f"there are no {what} states to estimate the space from",
                         "the English side of the training bitext is empty; switch a source on")  # fmt: skip
    d = rows.shape[1]
    if not 0 <= k < min(d, len(rows)):
        raise BenchError(f"cannot remove {k} directions estimated from {len(rows)} {what} states of {d} dimensions",
                         f"allowed: 0 to {min(d, len(rows)) - 1}")  # fmt: skip
    mean = mean_row(rows)
    directions = np.zeros((d, 0), dtype=np.float32)
    if k:
        covariance = np.zeros((d, d))
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK].astype(np.float64) - mean
            covariance += block.T @ block
        directions = np.ascontiguousarray(np.linalg.eigh(covariance)[1][:, ::-1][:, :k], dtype=np.float32)
    return Centring((mean if centre else np.zeros(d)).astype(np.float32), directions)
