"""Squared distances, by hand."""

from __future__ import annotations

import pytest
import torch

from methods.base import TokenStates
from methods.losses.multilingual_kd import MultilingualKd
from tests.methods.batch import make


def pooled(*vectors: list[float]) -> TokenStates:
    values = torch.tensor(vectors)
    return TokenStates(values[:, None], torch.ones(len(values), 1, dtype=torch.bool), values)


def test_value_by_hand() -> None:
    student, teacher, english = pooled([1.0, 0], [0, 1.0]), pooled([0, 1.0], [0, 1.0]), pooled([0, 1.0], [0.6, 0.8])
    loss, scalars = MultilingualKd().loss(student, teacher, torch.arange(2), english)
    # |(1, 0) - (0, 1)|^2 = 2 and 0 for the texts; 0 and .36 + .04 for the English sides.
    assert scalars["text"].item() == pytest.approx(1.0) and scalars["english"].item() == pytest.approx(0.2)
    assert loss.item() == pytest.approx(1.2)


def test_equals_the_mean_squared_error_up_to_the_dimension() -> None:
    student, teacher, english = make([3, 2, 5], d=16), make([2, 4, 4], d=16, seed=1), make([4, 1, 3], d=16, seed=2)
    expected = sum(torch.nn.functional.mse_loss(side.pooled, teacher.pooled) for side in (student, english)) * 16
    assert MultilingualKd().loss(student, teacher, torch.arange(3), english)[0].item() == pytest.approx(expected.item(), rel=1e-5)
