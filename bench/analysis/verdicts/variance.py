"""How far a mean would move with other questions and other training runs: variances, and their degrees of freedom.

A score of run s on question q is `mu + run_s + question_q + rest_sq`: two crossed random effects. Languages and tasks are the
declared ones, not a sample. The mean over S runs and Q questions has the variance `v_run / S + v_question / Q + v_rest / (S Q)`.
Its two parts are estimated from the spread of the means of runs and from that of the means of questions; each of them holds the
rest as well, and their sum counts it twice. It is not subtracted: the sum is what the pigeonhole bootstrap comes to (Owen 2007,
"The pigeonhole bootstrap", Annals of Applied Statistics 1; multiway clustering without the last term: Cameron, Gelbach, Miller
2011, JBES 29), never negative, and on the safe side. The sum of variances that are known with different accuracy is used with a
t distribution for each part (`decide.tail`); parts of one kind are added up with Satterthwaite's degrees of freedom (1946).

Everything is for K statistics at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# What other arms say of an arm's training noise counts as so many degrees of freedom, however many arms there are: arms differ
# in it. In the reference run the variance over seeds differs between arms as with three to four (Smyth's estimate, see below).
PRIOR = 4.0


@dataclass(frozen=True)
class Variance:
    """K variances of means with their degrees of freedom, both (K,); a variance that nothing is known of is NaN."""

    value: np.ndarray
    df: np.ndarray


def of_questions(unit: np.ndarray, stratum: np.ndarray, column: np.ndarray, effect: np.ndarray, k: int) -> Variance:
    """Variance of `sum of effects` over questions, for each of `k` statistics.

    The effect of an answer is what it adds to the statistic: its weight times its distance from the mean of its language and
    task, times `sqrt(g / (g - 1))` for the g units that the mean is of (`deviations`). Answers of one unit (a question in
    all its languages, an entry that several languages ask for) are added up first: they are one draw. The variance of a
    stratum is `sum_u e_u^2` (cluster-robust: Liang and Zeger 1986); with G units it has G - 1 degrees of freedom.

    Args:
        unit: (rows,) which unit of its stratum an answer belongs to.
        stratum: (rows,) small numbers: tasks, whose questions are drawn on their own.
        column: (rows,) which statistic.
        effect: (rows,).
        k: number of statistics.

    Returns:
        NaN where a stratum has a single unit.
    """
    strata = int(stratum.max()) + 1 if len(stratum) else 1
    group = column.astype(np.int64) * strata + stratum
    span = int(unit.max()) + 1 if len(unit) else 1
    labels, inverse = np.unique(group * span + unit, return_inverse=True)
    summed = np.bincount(inverse.ravel(), weights=effect, minlength=len(labels))
    owner = labels // span
    count = np.bincount(owner, minlength=k * strata).astype(np.float64)
    squares = np.bincount(owner, weights=summed**2, minlength=k * strata)
    parts = np.where(count > 0, np.where(count > 1, squares, np.nan), 0.0)
    return total([Variance(*pair) for pair in zip(parts.reshape(k, strata).T, (count - 1).reshape(k, strata).T, strict=True)])


def deviations(answers: np.ndarray, units: np.ndarray | None = None) -> np.ndarray:
    """What each of `answers` (n,) adds to their mean, so that the sum of squares over units is the variance of the mean.

    Without bias where each answer is a unit of its own (`units` None) or all units have as many answers; else nearly so (CR1).
    """
    count = len(answers) if units is None else len(np.unique(units))
    return (answers - answers.mean()) / len(answers) * np.sqrt(count / max(1, count - 1))


def moderated(own: Variance | None, pooled: Variance | None) -> Variance | None:
    """The variance of one run, from the arm's own runs and from those of other arms; None when neither is known.

    `(d own + p pooled) / (d + p)` with d + p degrees of freedom, p at most `PRIOR`: Smyth's moderated variance (2004,
    "Linear models and empirical Bayes methods", SAGMB 3) with the weight of the prior fixed. With one run of its own an
    arm borrows: what is left is `pooled` with p degrees of freedom. Three runs that agree by chance buy little certainty then,
    and three that do not cost less than with their own 2 degrees of freedom alone.
    """
    if own is None or pooled is None:
        known = own or pooled
        return known if own is not None or known is None else Variance(known.value, np.minimum(known.df, PRIOR))
    weight = np.minimum(pooled.df, PRIOR)
    return Variance((own.df * own.value + weight * pooled.value) / (own.df + weight), own.df + weight)


def over_runs(values: np.ndarray) -> Variance | None:
    """Variance of one run from `values` (runs, K), around their mean; None with fewer than two."""
    if len(values) < 2:
        return None
    return Variance(values.var(axis=0, ddof=1), np.full(values.shape[1], len(values) - 1.0))


def over_arms(values: np.ndarray, paired: bool) -> Variance | None:
    """What several arms with the same seeds say of training noise: `values` (arms, seeds, K) are their means.

    Args:
        paired: variance of the difference of two arms, run by run: twice that of what is left of a value without the mean
            of its arm and of its seed (randomised blocks), which arms with the same pairs and the same order of batches
            share. Otherwise that of a single arm, around its own mean.

    Returns:
        None with fewer than two seeds, or when `paired` with fewer than two arms.
    """
    arms, seeds, _ = values.shape
    if seeds < 2 or (paired and arms < 2):
        return None
    rest = values - values.mean(axis=1, keepdims=True)
    if paired:
        rest = rest - rest.mean(axis=0, keepdims=True)
    df = (arms - 1) * (seeds - 1) if paired else arms * (seeds - 1)
    return Variance((2 if paired else 1) * np.square(rest).sum(axis=(0, 1)) / df, np.full(values.shape[2], float(df)))


def without(pooled: Variance, own: Variance) -> Variance | None:
    """`pooled`, of arms that `own` is one of (or one contrast of), without what `own` says; None if nothing is left."""
    df = pooled.df - own.df
    if (df <= 0).any():
        return None
    return Variance(np.maximum(0.0, (pooled.df * pooled.value - own.df * own.value) / df), df)


def merged(parts: list[Variance]) -> Variance | None:
    """Several estimates of one variance, weighted by their degrees of freedom; None without any."""
    if not parts:
        return None
    df = np.sum([part.df for part in parts], axis=0)
    return Variance(np.sum([part.df * part.value for part in parts], axis=0) / df, df)


def total(parts: list[Variance]) -> Variance:
    """The sum of independent variances with Satterthwaite's degrees of freedom, `v^2 / sum_i (v_i^2 / df_i)`.

    >>> both = total([Variance(np.array([1.0]), np.array([4.0])), Variance(np.array([1.0]), np.array([4.0]))])
    >>> both.value.tolist(), both.df.tolist()
    ([2.0], [8.0])
    """
    value = np.sum([part.value for part in parts], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sum([np.where(part.value > 0, part.value**2 / part.df, 0.0) for part in parts], axis=0)
        df = np.where(spread > 0, value**2 / spread, np.inf)
    return Variance(value, np.where(np.isnan(value), np.nan, df))
