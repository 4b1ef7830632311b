"""MIMO's loss, term by term."""

from __future__ import annotations

import math

import pytest
import torch

from methods.losses.mimo import Mimo
from tests.methods.batch import make, repeated


def by_hand(student, teacher, english, share: float, tau: float, ids: list[int]) -> float:
    x, t, y = (side.pooled.tolist() for side in (student, teacher, english))
    def cos(u, v):
        return sum(a * b for a, b in zip(u, v, strict=True))
    B, contrast, distance = len(x), 0.0, 0.0
    for i in range(B):
        negatives = [j for j in range(B) if j == i or ids[j] != ids[i]]
        contrast -= math.log(math.exp(cos(x[i], y[i]) / tau) / sum(math.exp(cos(x[i], y[j]) / tau) for j in negatives))
        distance += ((1 - cos(x[i], t[i])) + (1 - cos(y[i], t[i]))) / 2
    return share * contrast / B + (1 - share) * distance / B


@pytest.mark.parametrize("ids", [[0, 1, 2, 3], [0, 1, 0, 3]])
def test_value(ids: list[int]) -> None:
    student, teacher, english = make([3, 2, 5, 4]), make([2, 4, 4, 1], seed=1), make([4, 1, 3, 3], seed=2)
    loss, scalars = Mimo(contrast=0.3, temperature=0.1).loss(student, teacher, torch.tensor(ids), english)
    assert loss.item() == pytest.approx(by_hand(student, teacher, english, 0.3, 0.1, ids), rel=1e-5)
    assert loss.item() == pytest.approx(0.3 * scalars["contrast"].item() + 0.7 * scalars["distance"].item(), rel=1e-5)


def test_defaults_are_those_of_the_source() -> None:
    assert (Mimo().params.contrast, Mimo().params.temperature) == (0.2, 0.05)


def test_contrast_alone_ignores_the_teacher_and_distillation_alone_ignores_the_batch() -> None:
    student, english, ids = make([3, 2, 5]), make([4, 1, 3], seed=2), torch.arange(3)
    teachers = make([2, 4, 4], seed=1), make([2, 4, 4], seed=5)
    assert len({Mimo(contrast=1.0).loss(student, teacher, ids, english)[0].item() for teacher in teachers}) == 1
    own = Mimo(contrast=0.0)
    whole = own.loss(student, teachers[0], ids, english)[0]
    parts = [
        own.loss(*(repeated(side, [i]) for side in (student, teachers[0])), ids[[i]], repeated(english, [i]))[0] for i in range(3)
    ]
    assert whole.item() == pytest.approx(sum(parts).item() / 3, rel=1e-5)
