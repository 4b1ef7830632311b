"""The sum is the sum of its parts."""

from __future__ import annotations

import pytest
import torch

from methods.contrastive import Contrastive
from methods.optical import Optical
from methods.optical_contrastive import OpticalContrastive
from tests.methods.batch import make


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    ("optical", "contrastive"),
    [({}, {}), ({"cost": "cosine", "epsilon": 0.1, "reach": 0.0}, {"form": "dense", "temperature": 0.2})],
)
def test_weighted_sum(weight: float, optical: dict, contrastive: dict) -> None:
    batch = make([3, 2, 5, 4]), make([2, 4, 4, 1], seed=1), torch.tensor([0, 1, 2, 1])
    loss, scalars = OpticalContrastive(weight=weight, **optical, **contrastive).loss(*batch)
    parts = Optical(**optical).loss(*batch)[0].item(), Contrastive(**contrastive).loss(*batch)[0].item()
    assert loss.item() == pytest.approx((1 - weight) * parts[0] + weight * parts[1], rel=1e-5)
    assert (scalars["optical"].item(), scalars["contrastive"].item()) == pytest.approx(parts, rel=1e-5)


def test_defaults_are_those_of_the_parts() -> None:
    own = vars(OpticalContrastive().params)
    contrastive = vars(Contrastive().params)
    assert {key: own[key] for key in ("form", "temperature")} == {key: contrastive[key] for key in ("form", "temperature")}
    optical = vars(Optical().params)
    assert {key: own[key] for key in ("epsilon", "reach", "cost")} == {key: optical[key] for key in ("epsilon", "reach", "cost")}
