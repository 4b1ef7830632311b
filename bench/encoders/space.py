"""The space in which student and teacher are compared: centred on the teacher's English, unit length."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor

from bench.base.errors import BenchError
from bench.base.paths import atomic_write

Parts = Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]]  # states of some texts at a time: tokens, pooled
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
        return cls.fit_parts(lambda: [(tokens, pooled)], centre, remove_directions)

    @classmethod
    def fit_parts(cls, parts: Parts, centre: bool = True, remove_directions: int = 0) -> Space:
        """`fit` for states that are not in memory together: `parts` gives (T_i, d) tokens and (n_i, d) pooled states of some
        texts at a time. It is asked once, and again where directions are removed."""
        means = [_Mean(what) for what in ("token", "pooled")]
        for blocks in _blocks(parts()):
            for mean, block in zip(means, blocks, strict=True):
                mean.add(block)
        covariances = [np.zeros((mean.dim, mean.dim)) for mean in means]
        for mean in means:
            mean.check(remove_directions)
        for blocks in _blocks(parts()) if remove_directions else ():
            for mean, covariance, rows in zip(means, covariances, blocks, strict=True):
                if rows is not None:
                    block = rows.astype(np.float64) - mean.value
                    covariance += block.T @ block
        return cls(*(_centring(one.value, covariance, centre, remove_directions)
                     for one, covariance in zip(means, covariances, strict=True)))  # fmt: skip

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


class _Mean:
    """The mean of rows that come block by block."""

    def __init__(self, what: str) -> None:
        self.what, self.rows, self.total = what, 0, np.zeros(0)

    def add(self, block: np.ndarray | None) -> None:
        if block is None:
            return
        if block.ndim != 2:
            raise self._nothing()
        total = block.sum(0, dtype=np.float64)
        self.total = self.total + total if self.rows else total
        self.rows += len(block)

    @property
    def dim(self) -> int:
        return len(self.total)

    @property
    def value(self) -> np.ndarray:
        return self.total / self.rows

    def check(self, k: int) -> None:
        """Raises `BenchError` where there are no rows, or too few to take k directions out."""
        if not self.rows:
            raise self._nothing()
        if not 0 <= k < min(self.dim, self.rows):
            raise BenchError(
                f"cannot remove {k} directions estimated from {self.rows} {self.what} states of {self.dim} dimensions",
                f"allowed: 0 to {min(self.dim, self.rows) - 1}",
            )

    def _nothing(self) -> BenchError:
        return BenchError(f"there are no {self.what} states to estimate the space from",
                          "the English side of the training bitext is empty; switch a source on")  # fmt: skip


def _blocks(parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> Iterator[tuple[np.ndarray | None, np.ndarray | None]]:
    """The rows of all parts in blocks of `_BLOCK`, whatever the parts: sums come out the same to the last bit."""
    waiting: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for part in parts:
        for side, rows in enumerate(part):
            waiting[side].append(np.asarray(rows))
            while sum(map(len, waiting[side])) >= _BLOCK:
                whole = waiting[side][0] if len(waiting[side]) == 1 else np.concatenate(waiting[side])
                waiting[side][:] = [whole[_BLOCK:]]
                yield (whole[:_BLOCK], None) if side == 0 else (None, whole[:_BLOCK])
    left = [np.concatenate(rows) if rows else None for rows in waiting]
    yield tuple(rows if rows is not None and len(rows) else None for rows in left)  # type: ignore[misc]


def _centring(mean: np.ndarray, covariance: np.ndarray, centre: bool, k: int) -> Centring:
    d = len(mean)
    directions = np.zeros((d, 0), dtype=np.float32)
    if k:
        directions = np.ascontiguousarray(np.linalg.eigh(covariance)[1][:, ::-1][:, :k], dtype=np.float32)
    return Centring((mean if centre else np.zeros(d)).astype(np.float32), directions)
