"""Closed-form maps against numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

from bench.base.errors import BenchError
from bench.encoders.maps.alignment import PENALTIES, Side, affine, fit

D = 6


def made(n: int, seed: int = 0, noise: float = 0.1, weight: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of vectors, `y` an affine map of `x` with noise."""
    rng = np.random.default_rng(seed)
    weight = np.random.default_rng(5).normal(size=(D, D)) if weight is None else weight
    x = rng.normal(size=(n, D)) * np.arange(1, D + 1) + 3
    return x, x @ weight.T - 2 + noise * rng.normal(size=(n, D))


@pytest.mark.parametrize("penalty", [0.0, 0.7, 50.0])
def test_ridge_is_least_squares_with_the_axes_as_further_pairs(penalty: float) -> None:
    x, y = made(40)
    found = affine(x, y, "ridge", penalty)
    X, Y, axes = x - x.mean(0), y - y.mean(0), np.sqrt(penalty) * np.eye(D)
    expected = np.linalg.lstsq(np.concatenate([X, axes]), np.concatenate([Y, axes]), rcond=None)[0].T
    np.testing.assert_allclose(found.weight, expected, atol=1e-8)
    np.testing.assert_allclose(found(x), (x - x.mean(0)) @ expected.T + y.mean(0), atol=1e-4)


@pytest.mark.parametrize("penalty", [0.0, 0.7, 50.0])
def test_procrustes_is_that_of_scipy(penalty: float) -> None:
    x, y = made(40)
    X, Y, axes = x - x.mean(0), y - y.mean(0), np.sqrt(penalty) * np.eye(D)
    expected = orthogonal_procrustes(np.concatenate([X, axes]), np.concatenate([Y, axes]))[0].T
    found = affine(x, y, "procrustes", penalty)
    np.testing.assert_allclose(found.weight, expected, atol=1e-8)
    np.testing.assert_allclose(found.weight @ found.weight.T, np.eye(D), atol=1e-8)


@pytest.mark.parametrize("form", ["ridge", "procrustes"])
@pytest.mark.parametrize("n", [1, 3])
def test_with_hardly_a_pair_only_the_means_are_brought_together(form: str, n: int) -> None:
    x, y = made(n)
    found = affine(x, y, form, 1e9)
    np.testing.assert_allclose(found(x), x - x.mean(0) + y.mean(0), atol=1e-4)
    if n == 1:  # nothing is known of any axis
        np.testing.assert_allclose(affine(x, y, form, 0.5).weight, np.eye(D), atol=1e-12)


def sides(counts: dict[str, int], seed: int) -> Side:
    """Each language turned in its own way."""
    parts = [made(n, seed + i, 0.01, np.eye(D)[np.roll(np.arange(D), i)]) for i, n in enumerate(counts.values())]
    names = [name for name, n in counts.items() for _ in range(n)]
    x, y = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    return Side.by(names, x, y)


def test_each_language_has_its_map_and_others_that_for_all() -> None:
    pairs, dev = sides({"a": 200, "b": 200}, 1), sides({"a": 20, "b": 20}, 50)
    each, told = fit(pairs, dev, "ridge", "each")
    one, told_all = fit(pairs, dev, "ridge", "all")
    assert set(each) == {"", "a", "b"} and set(one) == {""}
    assert told["error"] < 0.01 < told_all["error"] and told["penalty"] == PENALTIES[0]
    np.testing.assert_allclose(each["b"].weight, np.eye(D)[np.roll(np.arange(D), 1)], atol=0.02)


def test_the_penalty_is_that_with_the_least_error_on_dev_pairs() -> None:
    # Six pairs of mere noise teach nothing but the means: the strongest penalty wins.
    rng = np.random.default_rng(0)
    x, held = rng.normal(size=(6, D)), rng.normal(size=(50, D))
    shifted = Side({"a": x}, {"a": x + 2 + rng.normal(size=x.shape)})
    _, told = fit(shifted, Side({"a": held}, {"a": held + 2}), "ridge", "each")
    assert told["penalty"] == max(PENALTIES)


@pytest.mark.parametrize(("pairs", "dev"), [(1, 5), (5, 0)])
def test_too_few_pairs_are_told(pairs: int, dev: int) -> None:
    with pytest.raises(BenchError, match=f"{pairs} training pairs and {dev} dev pairs"):
        fit(sides({"a": pairs}, 1), sides({"a": dev}, 2), "ridge", "each")
