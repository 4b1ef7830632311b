from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.base.errors import BenchError
from bench.encoders.space import Means, Space, first_directions

RNG = np.random.default_rng(0)
# One direction with far more variance than the others, and a large common mean.
TOKENS = (RNG.normal(size=(500, 16)) * [20] + 5).astype(np.float32)
TOKENS[:, 3] *= 30
POOLED = (RNG.normal(size=(90, 16)) + 3).astype(np.float32)


def test_tokens_are_centred_on_the_teacher_and_of_unit_length() -> None:
    space = Space.fit(TOKENS, POOLED)
    expected = TOKENS - TOKENS.astype(np.float64).mean(0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(space.tokens(TOKENS), expected, atol=1e-5)
    expected = POOLED - POOLED.astype(np.float64).mean(0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(space.pooled(POOLED), expected, atol=1e-5)
    assert not np.allclose(space.token_mean, space.pooled_mean)


def test_without_centring_it_normalises_only() -> None:
    space = Space.fit(TOKENS, POOLED, centre=False)
    assert np.allclose(space.tokens(TOKENS), TOKENS / np.linalg.norm(TOKENS, axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("centre", [True, False])
def test_removed_directions_are_those_of_largest_variance(centre: bool) -> None:
    space = Space.fit(TOKENS, POOLED, centre=centre, remove_directions=1)
    direction = space.token_centring.directions[:, 0]
    assert abs(direction[3]) > 0.99
    assert np.abs(space.tokens(TOKENS) @ direction).max() < 1e-5
    centred = POOLED.astype(np.float64) - POOLED.mean(0)
    leading = np.linalg.svd(centred, full_matrices=False)[2][0]
    assert abs(leading @ space.pooled_centring.directions[:, 0]) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("remove", [0, 2])
def test_torch_and_numpy_agree_and_any_leading_shape_will_do(remove: int) -> None:
    space = Space.fit(TOKENS, POOLED, remove_directions=remove)
    block = TOKENS[:60].reshape(5, 12, 16)
    result = space.tokens(torch.from_numpy(block))
    assert isinstance(result, torch.Tensor) and result.shape == block.shape
    # Projections of large numbers cancel: a sum in another order differs by the rounding of what is summed. What is left of
    # these vectors is longer than 1, so dividing by its length adds nothing.
    rounding = np.finfo(np.float32).eps * float(np.abs(TOKENS).max())
    assert np.allclose(result.numpy(), space.tokens(block), atol=rounding)
    assert np.allclose(space.tokens(block)[2, 3], space.tokens(block[2, 3]), atol=rounding)


def test_half_precision_comes_back_as_float32() -> None:
    space = Space.fit(TOKENS, POOLED)
    assert space.tokens(TOKENS.astype(np.float16)).dtype == np.float32
    assert space.tokens(torch.from_numpy(TOKENS).bfloat16()).dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.allclose(space.tokens(torch.from_numpy(TOKENS)), torch.from_numpy(space.tokens(TOKENS)), atol=1e-6)


def test_gradients_are_right_and_the_vector_at_the_mean_is_finite() -> None:
    space = Space.fit(TOKENS, POOLED, remove_directions=1)
    with torch.inference_mode():
        space.tokens(torch.from_numpy(TOKENS[:1]))  # what is kept from here must not spoil training
    x = torch.from_numpy(TOKENS[:4]).requires_grad_()
    weights = torch.arange(64.0).reshape(4, 16)
    (space.tokens(x) * weights).sum().backward()
    step = 0.5
    for i in range(16):
        moved = TOKENS[:4].astype(np.float64)
        up, down = moved.copy(), moved.copy()
        up[:, i] += step
        down[:, i] -= step
        slope = ((space.tokens(up) - space.tokens(down)) * weights.numpy()).sum(1) / (2 * step)
        assert np.allclose(x.grad[:, i].numpy(), slope, rtol=0.02, atol=2e-3)
    at_mean = torch.from_numpy(space.token_mean.copy()).requires_grad_()
    space.tokens(at_mean).sum().backward()
    assert np.isfinite(space.tokens(space.token_mean)).all() and torch.isfinite(at_mean.grad).all()


def test_saved_and_pickled_spaces_are_the_same(tmp_path: Path) -> None:
    space = Space.fit(TOKENS, POOLED, remove_directions=2)
    space.tokens(torch.from_numpy(TOKENS))
    space.save(tmp_path / "space.npz")
    for other in (Space.load(tmp_path / "space.npz"), pickle.loads(pickle.dumps(space))):
        assert np.array_equal(space.tokens(TOKENS), other.tokens(TOKENS))
        assert np.array_equal(space.pooled(POOLED), other.pooled(POOLED))
    (tmp_path / "space.npz").write_bytes(b"nothing")
    with pytest.raises(BenchError, match="delete"):
        Space.load(tmp_path / "space.npz")


def test_what_cannot_be_estimated_is_refused() -> None:
    with pytest.raises(BenchError, match="no token states"):
        Space.fit(TOKENS[:0], POOLED)
    for k in (-1, 16):
        with pytest.raises(BenchError, match="0 to 15"):
            Space.fit(TOKENS, POOLED, remove_directions=k)


def test_other_means_keep_the_directions():
    rng = np.random.default_rng(0)
    tokens, pooled = rng.normal(size=(50, 4)) + 3, rng.normal(size=(20, 4)) - 1
    space = Space.fit(tokens, pooled, remove_directions=1)
    own = Means.of(tokens[:9].astype(np.float16), pooled[:5])
    np.testing.assert_allclose(own.tokens, tokens[:9].mean(0), atol=2e-3)
    moved = space.centred_on(own)
    x = rng.normal(size=(3, 4)).astype(np.float32)
    for centre, mean, directions in (
        (moved.tokens, own.tokens, space.token_centring.directions), (moved.pooled, own.pooled, space.pooled_centring.directions)
    ):  # fmt: skip
        y = (x - mean) - (x - mean) @ directions @ directions.T
        np.testing.assert_allclose(centre(x), y / np.linalg.norm(y, axis=1, keepdims=True), atol=1e-6)
    space.tokens(torch.from_numpy(x))  # fills the space's own tensors, which are not those of the other
    np.testing.assert_allclose(moved.tokens(torch.from_numpy(x)).numpy(), moved.tokens(x), atol=1e-6)


@pytest.mark.parametrize("k", [1, 3])
def test_first_directions_are_right_singular_vectors(k: int):
    rows = np.random.default_rng(1).normal(size=(30, 5)) + 2
    found = first_directions(rows, k)
    expected = np.linalg.svd(rows, full_matrices=False)[2][:k].T
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-5)
    np.testing.assert_allclose(np.abs(found.T @ expected), np.eye(k), atol=1e-5)  # in their order, up to the sign


def test_more_directions_than_there_are_is_an_error():
    with pytest.raises(BenchError, match="2 rows of 5 dimensions have no 3"):
        first_directions(np.ones((2, 5)), 3)
