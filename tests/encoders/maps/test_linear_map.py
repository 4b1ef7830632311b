from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.base.errors import BenchError
from bench.base.ragged import Ragged
from bench.encoders.encoder import Encoded
from bench.encoders.maps.linear_map import PENALTIES, fit, fit_head, token_means


def problem(n: int, noise: float, seed: int = 0, inside: int = 6, out: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y = W x + b + noise, and W beside b; W and b are the same for every seed."""
    truth = np.random.default_rng(99)
    weight, bias = truth.normal(size=(out, inside)), truth.normal(size=out)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, inside)) * np.linspace(0.1, 3, inside) + 5
    return x, x @ weight.T + bias + noise * rng.normal(size=(n, out)), np.column_stack([weight, bias])


def test_a_linear_relation_is_found() -> None:
    x, y, truth = problem(200, 0.0)
    held_x, held_y, _ = problem(50, 0.0, seed=1)
    found = fit(x, y, held_x, held_y)
    assert np.allclose(np.column_stack([found.weight, found.bias]), truth, atol=0.05)
    assert found.explained > 0.9999 and found.penalty == PENALTIES[0]
    assert np.allclose(found.layer()(torch.from_numpy(held_x).float()).detach(), held_y, atol=0.05)


def test_it_is_ridge_regression() -> None:
    x, y, _ = problem(40, 0.5)
    found = fit(x, y, *problem(50, 0.5, seed=1)[:2])
    centred, mean = x - x.mean(0), y.mean(0)
    scatter = centred.T @ centred
    penalty = found.penalty * np.trace(scatter) / len(scatter)
    weight = np.linalg.solve(scatter + penalty * np.eye(len(scatter)), centred.T @ (y - mean)).T
    assert np.allclose(found.weight, weight) and np.allclose(found.bias, mean - weight @ x.mean(0))


def test_few_and_noisy_texts_get_a_larger_penalty() -> None:
    few, many = (fit(*problem(n, 20.0)[:2], *problem(4000, 20.0, seed=1)[:2]) for n in (9, 4000))
    assert few.penalty > many.penalty and few.explained < many.explained


def test_states_that_do_not_vary_are_no_trouble() -> None:
    x, y, _ = problem(30, 0.1)
    x = np.column_stack([x, np.full(len(x), 7.0)])
    found = fit(x, y, x, y)
    assert np.isfinite(found.weight).all() and abs(found.weight[:, -1]).max() < 1e-6


def test_too_few_texts_are_one_message() -> None:
    x, y, _ = problem(5, 0.0)
    with pytest.raises(BenchError, match="5 English training texts and 1 dev texts"):
        fit(x, y, x[:1], y[:1])


def states(n: int, dim: int, seed: int) -> Encoded:
    rng = np.random.default_rng(seed)
    tokens = Ragged.from_list([rng.normal(size=(1 + i % 3, dim)).astype(np.float16) for i in range(n)])
    return Encoded(rng.normal(size=(n, dim)).astype(np.float32), tokens, np.zeros(len(tokens.vectors), np.int32))


def test_means_are_over_the_tokens_of_each_text() -> None:
    some = states(7, 5, 0)
    expected = [np.asarray(some.tokens[i], dtype=np.float64).mean(0) for i in range(7)]
    assert np.allclose(token_means(some), expected)


def test_token_vectors_and_pooled_vectors_have_maps_of_their_own() -> None:
    student, held_out = states(60, 5, 0), states(30, 5, 1)
    token_map, pooled_map = (np.random.default_rng(seed).normal(size=(3, 5)) for seed in (2, 3))

    def taught(of: Encoded) -> Encoded:
        tokens = Ragged((np.asarray(of.tokens.vectors, dtype=np.float64) @ token_map.T).astype(np.float32), of.tokens.offsets)
        return Encoded((of.pooled @ pooled_map.T).astype(np.float32), tokens, of.ids)

    head, facts = fit_head(student, held_out, taught(student), taught(held_out))
    x = torch.randn(4, 5)
    assert torch.allclose(head.tokens(x), x @ torch.from_numpy(token_map).float().T, atol=1e-2)
    assert torch.allclose(head.pooled(x), x @ torch.from_numpy(pooled_map).float().T, atol=1e-2)
    assert facts["tokens_explained"] > 0.999 and facts["pooled_explained"] > 0.999
