"""Tests of a difference: paired sign-flip, Holm's correction, and in how many languages one method beats another.

How sure a mean is, is the business of `bench.analysis.resampling`; here it is asked whether a difference could be chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FLIPS = 9999
SEED = 20241
LEVEL = 0.05
CELLS = 1 << 22  # signs in memory at a time (32 MB)


@dataclass(frozen=True)
class SignFlip:
    """p-values of one sign-flip test: of a difference, of one above 0, of one below 0."""

    two_sided: float
    greater: float
    less: float


def sign_flip(effects: np.ndarray, flips: int = FLIPS, seed: int = SEED) -> SignFlip:
    """Paired randomisation test of `T = sum_u effects_u`, whose units u keep or change their sign on their own.

    If two methods are exchangeable, swapping their answers to a question changes the sign of its difference
    and nothing else, so every pattern of signs is as likely as the one that was observed (Fisher 1935;
    Smucker, Allan, Carterette, CIKM 2007). A mean over languages and tasks is such a sum: a question enters it
    with its difference divided by its numbers of questions, languages and tasks. **The unit is what would be
    swapped together**: in a parallel task one question in all its languages (its differences there are
    added up first, see `units`), else one question of one language. Flipping the languages of a
    parallel question on their own would treat 50 translations of it as 50 questions, and call noise certain.

    `p = (count + 1) / (flips + 1)`, with as many random patterns as `flips`, of which `count` reach the
    observed T: never 0, and the observed pattern is one of the patterns (Phipson and Smyth 2010). Signs come
    from one generator with a fixed seed, sums from numpy's own single-threaded additions, and a T that
    differs from the observed one by rounding counts as reaching it: the same effects in the same order have the same
    p-values with any number of threads.

    Args:
        effects: (units,) float.
        flips: number of random patterns.
        seed: of the patterns.

    >>> sign_flip(np.array([0.0, 0.0])).two_sided
    1.0
    """
    effects = np.asarray(effects, dtype=np.float64)
    observed = float(effects.sum())
    slack = 1e-7 * float(np.abs(effects).sum())  # scores are stored in 32 bits: equal sums may differ by that
    generator = np.random.default_rng(seed)
    words = max(1, -(-len(effects) // 64))
    step = max(1, CELLS // (64 * words))
    far, above, below = 0, 0, 0
    for start in range(0, flips, step):
        rows = min(step, flips - start)
        bits = generator.integers(0, 2**64, size=(rows, words), dtype=np.uint64).astype("<u8").view(np.uint8)
        signs = np.unpackbits(bits, axis=1, count=len(effects)).astype(bool)
        flipped = np.where(signs, effects, -effects).sum(axis=1)
        far += int((np.abs(flipped) >= abs(observed) - slack).sum())
        above += int((flipped >= observed - slack).sum())
        below += int((flipped <= observed + slack).sum())
    return SignFlip(*((count + 1) / (flips + 1) for count in (far, above, below)))


def units(labels: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """(units,) sums of `effects` (rows,) over rows of equal `labels` (rows, columns), in the order of the labels.

    >>> units(np.array([[1, 0], [0, 5], [1, 0]]), np.array([1.0, 2.0, 3.0])).tolist()
    [2.0, 4.0]
    """
    # Rows are put in order before they are added up, so that their order cannot change the last bit of a sum.
    order = np.lexsort((effects, *labels.T[::-1]))
    _, unit = np.unique(labels[order], axis=0, return_inverse=True)
    return np.bincount(unit.ravel(), weights=np.asarray(effects, dtype=np.float64)[order])


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Holm's adjusted p-values (Holm 1979), valid whatever the dependence; NaN stays NaN and is not counted.

    The i-th smallest of n is multiplied by n - i + 1, and is never less than the one before it.

    >>> holm([0.01, 0.04, 0.03]).round(6).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    ranked = known[np.argsort(values[known], kind="stable")]
    steps = np.arange(len(ranked), 0, -1)
    adjusted[ranked] = np.minimum(1.0, np.maximum.accumulate(steps * values[ranked]))
    return adjusted


def count_effects(p_values: Sequence[float], level: float = LEVEL) -> int:
    """In how many data sets (here: languages) there is an effect, at least, with confidence 1 - `level`.

    Partial conjunction (Benjamini and Heller 2008) as in Dror et al., "Replicability analysis for NLP", TACL
    2017: the hypothesis "at most u - 1 of n have an effect" has the p-value `(n - u + 1) p_(u)`, p_(u) being
    the u-th smallest; the count is the largest u up to which all are at most `level`. That is the
    Bonferroni variant, which allows the languages to depend on each other: they answer the same questions,
    so Fisher's variant, which needs independence, would count too many. With Bonferroni the count equals the
    number of data sets that Holm's procedure names, so the "how many" and the "which" always agree.

    >>> count_effects([0.168, 0.297, 0.357, 0.019, 0.218, 0.001])
    1
    """
    ranked = np.sort(np.asarray(p_values, dtype=np.float64))
    conjunction = np.maximum.accumulate(np.arange(len(ranked), 0, -1) * ranked) if len(ranked) else ranked
    return int((conjunction <= level).sum())


def slope_weights(sizes: list[int]) -> np.ndarray:
    """(sizes,) weights whose product with the scores is their least-squares slope on log2 of the sizes.

    >>> float(slope_weights([5, 10, 20]) @ [0.1, 0.2, 0.3])
    0.1
    """
    x = np.log2(np.asarray(sizes, dtype=np.float64))
    x -= x.mean()
    return x / (x @ x)
