"""From what was measured at growing sizes to a size that was not: a line over the logarithm of the size, and its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
INSIDE = 0.95  # share of the resamples that an interval holds


@dataclass(frozen=True)
class Foretold:
    """A mean at a size that was not measured.

    Attributes:
        value: of the line through all sizes.
        low, high: where `INSIDE` of the resamples lie.
        doubling: change with each doubling of the size.
        largest, without: the mean at the largest measured size, and what the line of the other sizes foretells of it.
    """

    value: float
    low: float
    high: float
    doubling: float
    largest: float
    without: float

    @property
    def missed(self) -> float:
        """By how much the largest measured size was missed, one step ahead."""
        return self.without - self.largest


def foretell(sizes: Sequence[int], values: np.ndarray, groups: Sequence[str], at: int, most: float = 1.0) -> Foretold:
    """The mean at size `at`.

    The error is that of the questions: whole groups are drawn anew, at all sizes alike. That the line bends behind the last
    size is not in it; `missed` is what there is to judge that by.

    Args:
        sizes: k >= 3 of them, ascending.
        values: (k, Q) of each size and question.
        groups: of each question; those of a group (one question in many languages) are no independent ones.
        most: no value is larger; none is below 0.
    """
    x = np.log2(np.asarray(sizes, dtype=float))
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    size = np.bincount(group)
    sums = np.stack([np.bincount(group, row, len(names)) for row in values])  # (k, G)
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(names), size=(RESAMPLES, len(names)))
    means = sums[:, drawn].sum(axis=2) / size[drawn].sum(axis=1)  # (k, RESAMPLES)
    whole = values.mean(axis=1)
    low, high = np.quantile(np.clip(line(x, means, np.log2(at)), 0, most), [(1 - INSIDE) / 2, (1 + INSIDE) / 2])
    return Foretold(
        float(np.clip(line(x, whole, np.log2(at)), 0, most)), float(low), float(high), float(np.polyfit(x, whole, 1)[0]),
        float(whole[-1]), float(line(x[:-1], whole[:-1], x[-1])),
    )  # fmt: skip


def line(x: np.ndarray, y: np.ndarray, at: float) -> np.ndarray:
    """The least squares line through (k,) places with values (k, ...), at another place."""
    centred = x - x.mean()
    slope = np.tensordot(centred, y, 1) / (centred**2).sum()
    return np.asarray(y.mean(axis=0) + slope * (at - x.mean()))
