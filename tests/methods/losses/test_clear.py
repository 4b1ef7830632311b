"""CLEAR's loss, term by term."""

from __future__ import annotations

import math

import pytest
import torch

from methods.losses.clear import Clear
from tests.methods.batch import make


def softmax(scores: dict[int, float]) -> dict[int, float]:
    total = sum(math.exp(value) for value in scores.values())
    return {j: math.exp(value) / total for j, value in scores.items()}


@pytest.mark.parametrize("ids", [[0, 1, 2, 3], [0, 1, 2, 0]])
def test_value(ids: list[int]) -> None:
    student, teacher, english = make([3, 2, 5, 4]), make([2, 4, 4, 1], seed=1), make([4, 1, 3, 3], seed=2)
    alpha, beta, tau = 0.3, 0.1, 0.5
    forward = reverse = agreement = 0.0
    for i in range(4):
        others = [j for j in range(4) if j == i or ids[j] != ids[i]]
        f = softmax({j: float(english.pooled[i] @ teacher.pooled[j]) / tau for j in others})
        r = softmax({j: float(teacher.pooled[i] @ student.pooled[j]) / tau for j in others})
        forward -= math.log(f[i]) / 4
        reverse -= math.log(r[i]) / 4
        agreement += sum(r[j] * (math.log(r[j]) - math.log(f[j])) for j in others) / 4
    method = Clear(reverse=alpha, agreement=beta, temperature=tau)
    loss, scalars = method.loss(student, teacher, torch.tensor(ids), english)
    assert loss.item() == pytest.approx((1 - alpha - beta) * forward + alpha * reverse + beta * agreement, rel=1e-5)
    parts = [scalars[name].item() for name in ("forward", "reverse", "agreement")]
    assert parts == pytest.approx([forward, reverse, agreement], rel=1e-4)


def test_equal_searches_agree() -> None:
    """Where text, English side and teacher coincide, both searches are the same and only the two InfoNCE are left."""
    states = make([3, 2, 5, 4])
    _, scalars = Clear().loss(states, states, torch.arange(4), states)
    assert scalars["agreement"].item() == pytest.approx(0, abs=1e-6)
    assert scalars["forward"].item() == pytest.approx(scalars["reverse"].item(), rel=1e-5)


def test_gradients_stay_finite_where_pairs_share_their_english() -> None:
    student, english = make([3, 2, 5]), make([4, 1, 3], seed=2)
    for side in (student, english):
        side.pooled.requires_grad_()
    Clear().loss(student, make([2, 2, 2], seed=1), torch.tensor([7, 7, 7]), english)[0].backward()
    assert all(torch.isfinite(side.pooled.grad).all() for side in (student, english))
