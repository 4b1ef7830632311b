"""From an estimate to a verdict: interval, test, equivalence, and the smallest difference that could have been found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from bench.analysis.verdicts.variance import Variance, total

LEVEL = 0.05  # of a test, two-sided
POWER = 0.8  # with which the smallest difference is found
MARGIN = 0.01  # nDCG@10; differences below it are of no interest, unless the profile says otherwise
BETTER, WORSE, EQUIVALENT, UNDECIDED = "better", "worse", "equivalent", "undecided"
VERDICTS = (BETTER, WORSE, EQUIVALENT, UNDECIDED)


@dataclass(frozen=True)
class Estimate:
    """K differences and how sure they are.

    Attributes:
        value: (K,) the differences.
        questions, runs: the two parts of their variance; `runs` is 0 where nothing is trained, NaN where nothing is known of
            training noise.
        conditional: it is about these very runs: one seed, and no arm to borrow training noise from. Its variance is then
            that of questions alone, and no verdict but `undecided` may follow.
    """

    value: np.ndarray
    questions: Variance
    runs: Variance
    conditional: bool = False

    @property
    def parts(self) -> tuple[Variance, ...]:
        """What its variance is the sum of."""
        return (self.questions,) if self.conditional else (self.questions, self.runs)

    @property
    def se(self) -> np.ndarray:
        """Standard error."""
        return np.sqrt(total(list(self.parts)).value)

    @property
    def df(self) -> np.ndarray:
        """Satterthwaite's degrees of freedom, to show; tests look at both parts."""
        return total(list(self.parts)).df

    def interval(self, level: float = 1 - LEVEL) -> tuple[np.ndarray, np.ndarray]:
        """Two-sided interval."""
        half = quantile(1 - (1 - level) / 2, self.parts) * self.se
        return self.value - half, self.value + half

    def p_values(self, slack: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of `it is 0` (two-sided), `not above 0`, `not below 0`; 1 where conditional, or no further from 0 than `slack`."""
        greater, less = (self._p(sign * self.value) for sign in (1, -1))
        two = np.minimum(1.0, 2 * np.minimum(greater, less))
        nothing = self.conditional | (np.abs(self.value) <= slack)
        return tuple(np.where(nothing, np.where(np.isnan(one), np.nan, 1.0), one) for one in (two, greater, less))  # type: ignore[return-value]

    def p_equivalent(self, margin: float = MARGIN) -> np.ndarray:
        """Of `the difference is at least the margin, either way`: two one-sided tests (Schuirmann 1987), the larger p-value."""
        return np.where(self.conditional, 1.0, self._p(margin - np.abs(self.value)))

    def smallest(self, level: float = LEVEL) -> np.ndarray:
        """Difference that a test at `level` finds with probability `POWER`; NaN where conditional."""
        return np.full_like(self.value, np.nan) if self.conditional else smallest_difference(self.parts, level)

    def _p(self, distance: np.ndarray) -> np.ndarray:
        """P(T >= distance / se); 0, a half or 1 where nothing varies."""
        with np.errstate(invalid="ignore", divide="ignore"):
            t = np.where(self.se > 0, distance / self.se, np.sign(distance) * np.inf)
        t = np.where((self.se == 0) & (distance == 0), 0.0, t)
        return np.where(np.isnan(self.se), np.nan, tail(t, self.parts))


def tail(t: np.ndarray, parts: Sequence[Variance]) -> np.ndarray:
    """P(T >= t) of a difference over its standard error, whose square is the sum of `parts`.

    The mean of the t distributions of the parts, each weighted with its share of the variance: the idea of Cochran and Cox (1950)
    for means of unequal variance, between the least and the most certain part. Satterthwaite's single t distribution says "real"
    in .08 of nulls where three runs decide; this at most in .051, wherever the parts stand (docs/statistics.md).
    """
    return _mixed(t, _shares(parts))


def quantile(share: float, parts: Sequence[Variance]) -> np.ndarray:
    """Where `tail` is 1 - `share` (half or more), by bisection between the quantiles of the parts."""
    shares = _shares(parts)
    own = np.stack([stdtrit(df, share) for _, df in shares])
    low, high = own.min(axis=0), own.max(axis=0)
    for _ in range(50 if len(parts) > 1 else 0):
        middle = (low + high) / 2
        beyond = _mixed(middle, shares) > 1 - share
        low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
    return (low + high) / 2


def _shares(parts: Sequence[Variance]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Share of the variance and degrees of freedom of each part."""
    whole = np.sum([part.value for part in parts], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return [(np.where(whole > 0, part.value / whole, 1 / len(parts)), np.clip(part.df, 0.1, 1e9)) for part in parts]


def _mixed(t: np.ndarray, shares: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    return np.sum([share * stdtr(df, -t) for share, df in shares], axis=0)


def smallest_difference(parts: Sequence[Variance], level: float = LEVEL) -> np.ndarray:
    """`(t_(1 - level/2) + t_POWER) se`: what a test at `level` finds with probability `POWER`.

    >>> round(float(smallest_difference([Variance(np.array([0.005**2]), np.array([1e9]))])[0]), 4)
    0.014
    """
    return (quantile(1 - level / 2, parts) + quantile(POWER, parts)) * np.sqrt(total(list(parts)).value)


def verdict(difference: float, p: float, p_equivalent: float) -> str:
    """One of `VERDICTS`, from p-values that are corrected for whatever else is tested.

    A difference that is there and below the margin is both; `better` and `worse` come first, since they say which.
    """
    if p <= LEVEL:
        return BETTER if difference > 0 else WORSE
    return EQUIVALENT if p_equivalent <= LEVEL else UNDECIDED
