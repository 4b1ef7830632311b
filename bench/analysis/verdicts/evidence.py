"""Evidence on differences between arms, from stored scores: what each question and each training run says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.arms import Scores
from bench.analysis.verdicts import variance
from bench.analysis.verdicts.decide import Estimate
from bench.analysis.verdicts.noise import UNKNOWN, Noise, least_known
from bench.analysis.verdicts.variance import Variance


@dataclass(frozen=True)
class Term:
    """Arms of one size on the same places: the statistic is `sum of factor_a * mean of arm a`.

    Attributes:
        arms: numbers of the arms.
        factors: 1 or -1 for each; whatever else a mean is multiplied with is in `weights`.
        places: numbers of the places.
        weights: (places, K) weight of each place in each of K statistics.
    """

    arms: tuple[int, ...]
    factors: tuple[float, ...]
    places: np.ndarray
    weights: np.ndarray


def weights_of(tasks: Sequence[Sequence[int]], factor: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Places and their weights (places,), for a mean over tasks (one list of places each) of the mean over languages."""
    tasks = [at for at in tasks if at]
    shares = [np.full(len(at), factor / (len(at) * len(tasks))) for at in tasks]
    return np.array([place for at in tasks for place in at], dtype=int), np.concatenate(shares)


def estimate(scores: Scores, terms: Sequence[Term]) -> tuple[Estimate, str]:
    """The sum of `terms`, and where its training noise is from: `own` runs, `borrowed`, `none` (nothing trained), `unknown`.

    Terms of different sizes are different runs, also where their seed has the same number: in the reference run their
    deviations do not go together (correlations of -.23 to .07).
    """
    value = sum((_value(scores, term) for term in terms), np.zeros(terms[0].weights.shape[1]))
    questions = _questions(scores, terms)
    parts, known = [], set()
    for term in terms:
        part, of_term = Noise(scores, term.places, term.weights).of(term.arms, term.factors)
        known.add(of_term)
        if part is not None:
            parts.append(part)
    source = least_known(known)
    if source == UNKNOWN:
        unknown = Variance(np.full_like(value, np.nan), np.full_like(value, np.nan))
        return Estimate(value, questions, unknown, conditional=True), source
    noise = variance.total(parts) if parts else Variance(np.zeros_like(value), np.full_like(value, np.inf))
    return Estimate(value, questions, noise), source


def _value(scores: Scores, term: Term) -> np.ndarray:
    means = np.array(term.factors) @ scores.values[list(term.arms)][:, term.places, 0]
    return means @ term.weights


def _questions(scores: Scores, terms: Sequence[Term]) -> Variance:
    rows: list[tuple[np.ndarray, ...]] = []
    pools: dict[str, int] = {}
    k = terms[0].weights.shape[1]
    for term in terms:
        for place, weights in zip(term.places, term.weights, strict=True):
            for asked in scores.asked.get(int(place), ()):
                own = [(asked.arms.index(arm), f) for arm, f in zip(term.arms, term.factors, strict=True) if arm in asked.arms]
                if not own:
                    continue
                at, factors = map(list, zip(*own, strict=True))
                answers = asked.means[:, at].astype(np.float64) @ np.array(factors)
                effects = variance.deviations(answers)
                pool = np.full(len(effects), pools.setdefault(asked.pool, len(pools)))
                for column in np.flatnonzero(weights):
                    rows.append((asked.units, pool, np.full(len(effects), column), effects * weights[column]))
    if not rows:
        return Variance(np.full(k, np.nan), np.full(k, np.nan))
    unit, pool_of, column_of, effect = (np.concatenate(part) for part in zip(*rows, strict=True))
    return variance.of_questions(unit, pool_of, column_of, effect, k)
