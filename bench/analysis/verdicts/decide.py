"""From an estimate to a verdict: interval, test, equivalence, and the smallest difference that could have been found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from bench.analysis.verdicts.variance import Variance

LEVEL = 0.05  # of a test, two-sided
POWER = 0.8  # with which the smallest difference is found
MARGIN = 0.01  # nDCG@10; differences below it are of no interest, unless the profile says otherwise
BETTER, WORSE, EQUIVALENT, UNDECIDED = "better", "worse", "equivalent", "undecided"
VERDICTS = (BETTER, WORSE, EQUIVALENT, UNDECIDED)


@dataclass(frozen=True)
class Estimate:
    """K differences and how sure they are, all (K,).

    Attributes:
        value: the differences.
        variance: over questions and runs.
        questions, runs: its two parts; `runs` is 0 where nothing is trained, NaN where nothing is known of training noise.
        conditional: it is about these very runs: one seed, and no arm to borrow training noise from. `variance` is then
            that of questions alone, and no verdict but `undecided` may follow.
    """

    value: np.ndarray
    variance: Variance
    questions: np.ndarray
    runs: np.ndarray
    conditional: bool = False

    @property
    def se(self) -> np.ndarray:
        """Standard error."""
        return np.sqrt(self.variance.value)

    def interval(self, level: float = 1 - LEVEL) -> tuple[np.ndarray, np.ndarray]:
        """Two-sided interval from the t distribution."""
        half = quantile(1 - (1 - level) / 2, self.variance.df) * self.se
        return self.value - half, self.value + half

    def p_values(self, slack: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of `it is 0` (two-sided), `not above 0`, `not below 0`; 1 where conditional, or no further from 0 than `slack`."""
        greater, less = (self._tail(sign * self.value) for sign in (1, -1))
        two = np.minimum(1.0, 2 * np.minimum(greater, less))
        nothing = self.conditional | (np.abs(self.value) <= slack)
        return tuple(np.where(nothing, np.where(np.isnan(one), np.nan, 1.0), one) for one in (two, greater, less))  # type: ignore[return-value]

    def p_equivalent(self, margin: float = MARGIN) -> np.ndarray:
        """Of `the difference is at least the margin, either way`: two one-sided tests (Schuirmann 1987), the larger p-value."""
        p = self._tail(margin - np.abs(self.value))
        return np.where(self.conditional, 1.0, p)

    def smallest(self) -> np.ndarray:
        """Difference that a test at `LEVEL` with this standard error finds with probability `POWER`."""
        return smallest_difference(self.se, self.variance.df)

    def _tail(self, distance: np.ndarray) -> np.ndarray:
        """P(T >= distance / se); 0, a half or 1 where nothing varies."""
        with np.errstate(invalid="ignore", divide="ignore"):
            t = np.where(self.se > 0, distance / self.se, np.sign(distance) * np.inf)
        t = np.where((self.se == 0) & (distance == 0), 0.0, t)
        return np.where(np.isnan(self.se), np.nan, _survival(t, self.variance.df))


def quantile(share: float, df: np.ndarray) -> np.ndarray:
    """Of the t distribution; any number of degrees of freedom above 0, infinite too."""
    return stdtrit(np.clip(df, 0.1, 1e9), share)


def smallest_difference(se: np.ndarray, df: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """`(t_(1 - level/2) + t_POWER) se`: what a test at `level` finds with probability `POWER`.

    >>> round(float(smallest_difference(np.array(0.005), np.array(1e9))), 4)
    0.014
    """
    return (quantile(1 - level / 2, df) + quantile(POWER, df)) * se


def _survival(t: np.ndarray, df: np.ndarray) -> np.ndarray:
    return stdtr(np.clip(df, 0.1, 1e9), -t)


def verdict(difference: float, p: float, p_equivalent: float) -> str:
    """One of `VERDICTS`, from p-values that are corrected for whatever else is tested.

    A difference that is there and below the margin is both; `better` and `worse` come first, since they say which.
    """
    if p <= LEVEL:
        return BETTER if difference > 0 else WORSE
    return EQUIVALENT if p_equivalent <= LEVEL else UNDECIDED
