"""Evidence on differences between arms, from stored scores: what each question and each training run says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.analysis.arms import Scores
from bench.analysis.verdicts import variance
from bench.analysis.verdicts.decide import Estimate
from bench.analysis.verdicts.variance import Variance
from methods import registry

OWN, BORROWED, UNKNOWN, NONE = "own", "borrowed", "unknown", "none"


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
                effects = variance.deviations(answers, asked.units)
                pool = np.full(len(effects), pools.setdefault(asked.pool, len(pools)))
                for column in np.flatnonzero(weights):
                    rows.append((asked.units, pool, np.full(len(effects), column), effects * weights[column]))
    if not rows:
        return Variance(np.full(k, np.nan), np.full(k, np.nan))
    unit, pool_of, column_of, effect = (np.concatenate(part) for part in zip(*rows, strict=True))
    return variance.of_questions(unit, pool_of, column_of, effect, k)


class Noise:
    """Training noise of K weighted means over the same places, of whatever arms: a table asks for many pairs of them."""

    def __init__(self, scores: Scores, places: np.ndarray, weights: np.ndarray) -> None:
        """Args:
        scores: the arms.
        places: numbers of the places.
        weights: (places, K) weight of each place in each of K statistics.
        """
        self.scores = scores
        # No product of matrices: it may add up two equal rows in different orders, and their difference would not be 0.
        self._by_cell = np.einsum("cp,pk->ck", scores.by_cell[:, places, 0], weights)
        self._said: dict[tuple[frozenset[str], bool], list[tuple[int, set[int], Variance | None]]] = {}

    def of(self, arms: Sequence[int], factors: Sequence[float]) -> tuple[Variance | None, str]:
        """How far `sum of factor * mean of arm` would move with other training runs.

        Args:
            arms: numbers of arms of one size, or not trained; each trained one has a finished run.
            factors: 1 or -1 for each.

        Returns:
            K variances, and where they are from: `own` runs, or `borrowed` from arms of the same kind. The variance is None
            where nothing is trained (`none`) or nothing is known (`unknown`).

        Raises:
            ValueError: a trained arm has no finished run.
        """
        trained = [(arm, factor) for arm, factor in zip(arms, factors, strict=True) if self.scores.arms[arm].size]
        if not trained:
            return None, NONE
        by_arm = [self._by_seed(arm) for arm, _ in trained]
        factors = [factor for _, factor in trained]
        if len({tuple(own) for own in by_arm}) == 1:  # the same seeds: run by run
            values = np.sum([f * np.stack(list(own.values())) for f, own in zip(factors, by_arm, strict=True)], axis=0)
            return self._part([arm for arm, _ in trained], values)
        parts = [self._part([arm], f * np.stack(list(own.values()))) for (arm, f), own in zip(trained, by_arm, strict=True)]
        source = least_known([source for _, source in parts])
        known = [part for part, _ in parts if part is not None]
        return (variance.total(known) if source != UNKNOWN else None), source

    def _part(self, arms: list[int], values: np.ndarray) -> tuple[Variance | None, str]:
        """Variance of the mean of `values` (runs, K), each a sum over `arms`."""
        own = variance.over_runs(values)
        found = variance.moderated(own, self._pooled(arms, own))
        if found is None:
            return None, UNKNOWN
        return Variance(found.value / len(values), found.df), BORROWED if own is None else OWN

    def _pooled(self, arms: list[int], own: Variance | None) -> Variance | None:
        """What other arms of the same kind say of the training noise: those of the same size, else those of other sizes.

        Each set of arms with the same size and seeds (two or more) is one estimate. `own` is taken out of the set of `arms`.
        """
        kinds = frozenset(_kind(self.scores.arms[arm].method) for arm in arms)
        size = self.scores.arms[arms[0]].size
        same: list[Variance] = []
        others: list[Variance] = []
        for at, members, found in self._said_by(kinds, paired=len(arms) > 1):
            if found is not None and own is not None and set(arms) <= members:
                found = variance.without(found, own)  # noqa: PLW2901
            if found is not None:
                (same if at == size else others).append(found)
        return variance.merged(same or others)

    def _said_by(self, kinds: frozenset[str], paired: bool) -> list[tuple[int, set[int], Variance | None]]:
        """Size, arms and estimate of each set of arms of these kinds."""
        if (kinds, paired) not in self._said:
            sets: dict[tuple[int, tuple[int, ...]], dict[int, np.ndarray]] = {}
            for number, arm in enumerate(self.scores.arms):
                if arm.size and len(arm.done) > 1 and _kind(arm.method) in kinds:
                    runs = self._by_seed(number)
                    values = np.stack(list(runs.values()))
                    if not np.isnan(values).any():
                        sets.setdefault((arm.size, tuple(runs)), {})[number] = values
            self._said[kinds, paired] = [
                (at, set(members), variance.over_arms(np.stack(list(members.values())), paired))
                for (at, _), members in sets.items()
            ]
        return self._said[kinds, paired]

    def _by_seed(self, arm: int) -> dict[int, np.ndarray]:
        """Seed -> (K,) the means of an arm's run; in the order of seeds."""
        seeds = {self.scores.cells[cell].name.seed: cell for cell in self.scores.owned[arm]}
        return {seed: self._by_cell[seeds[seed]] for seed in sorted(seeds)}


def least_known(sources: Collection[str]) -> str:
    """What is said of a sum whose parts have these sources."""
    return next((one for one in (UNKNOWN, BORROWED, OWN) if one in sources), NONE)


@cache
def _kind(method: str) -> str:
    """`distil` or `translate`; a method that is not here any more counts as a loss."""
    try:
        return registry.declared(method.partition("(")[0]).kind
    except registry.MethodError:
        return "distil"
