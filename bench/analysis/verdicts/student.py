"""The t distribution for single numbers, in plain Python: `bench plan` loads no numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

MANY = 1e5  # degrees of freedom from which on it is the normal distribution
Part = tuple[float, float]  # a variance and its degrees of freedom


def beyond(t: float, df: float) -> float:
    """P(T >= t), t not below 0: half of the incomplete beta function at `df / (df + t^2)` with df / 2 and 1 / 2.

    >>> round(beyond(2.228139, 10), 5)
    0.025
    """
    if df >= MANY:
        return 1 - NormalDist().cdf(t)
    return 0.5 * _incomplete_beta(df / 2, 0.5, df / (df + t * t))


def smallest_difference(parts: Sequence[Part], level: float, power: float) -> float:
    """`decide.smallest_difference` of one difference whose variance is the sum of `parts`."""
    whole = sum(value for value, _ in parts)
    return (_quantile(parts, whole, level / 2) + _quantile(parts, whole, 1 - power)) * math.sqrt(whole)


def together(parts: Sequence[Part]) -> Part:
    """The sum of variances with Satterthwaite's degrees of freedom, as `variance.total`."""
    whole, spread = sum(value for value, _ in parts), sum(value**2 / df for value, df in parts)
    return whole, whole**2 / spread if spread else math.inf


def _quantile(parts: Sequence[Part], whole: float, tail: float) -> float:
    low, high = 0.0, 1e4
    for _ in range(100):
        middle = (low + high) / 2
        share = sum(value / whole * beyond(middle, df) for value, df in parts)
        low, high = (middle, high) if share > tail else (low, middle)
    return low


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised, by its continued fraction (Lentz; Press et al., Numerical Recipes, 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    c, d, tiny = 1.0, 1 / max(1e-300, 1 - (a + b) * x / (a + 1)), 1e-300
    value = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        for term in (even, -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d, c = 1 + term * d, 1 + term / c
            d = 1 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            value *= d * c
        if abs(d * c - 1) < 1e-13:
            break
    return front * value
