"""The sum is the sum of its parts."""

from __future__ import annotations

import pytest
import torch

from methods import registry
from methods.losses.optical_contrastive import OpticalContrastive
from tests.methods.batch import make


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    ("transport", "contrast"),
    [
        ("optical", "contrastive"),
        ("optical(cost=cosine,epsilon=0.1,reach=0)", "contrastive(form=dense,temperature=0.2)"),
    ],
)
def test_weighted_sum(weight: float, transport: str, contrast: str) -> None:
    batch = make([3, 2, 5, 4]), make([2, 4, 4, 1], seed=1), torch.tensor([0, 1, 2, 1])
    loss, scalars = OpticalContrastive(weight=weight, transport=transport, contrast=contrast).loss(*batch)
    parts = [registry.load(registry.parse_spec(text)).loss(*batch)[0].item() for text in (transport, contrast)]
    assert loss.item() == pytest.approx((1 - weight) * parts[0] + weight * parts[1], rel=1e-5)
    assert [scalars["transport"].item(), scalars["contrast"].item()] == pytest.approx(parts, rel=1e-5)


def test_needs_of_the_parts_are_its_own() -> None:
    assert OpticalContrastive().needs == ()
    assert OpticalContrastive(transport="optical(masses=idf)", contrast="mimo").needs == ("idf", "english")


def test_parts_decide_the_key() -> None:
    """Their versions and parameters are among its own, so that another default of theirs is another cell."""
    params = registry.all_params(registry.parse_spec("optical_contrastive"))
    own = registry.all_params(registry.parse_spec("optical"))
    assert params["transport.version"] >= 2 and params["transport.epsilon"] == own["epsilon"]
    assert params["contrast.temperature"] == registry.all_params(registry.parse_spec("contrastive"))["temperature"]
