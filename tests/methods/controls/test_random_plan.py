"""A plan that has the masses and nothing else."""

from __future__ import annotations

import pytest
import torch

from methods.base import TokenStates
from methods.controls.random_plan import STEPS, RandomPlan, noise
from methods.losses.optical import Optical
from methods.losses.transport import sinkhorn_steps, uniform_mass
from tests.methods.batch import make, repeated

LENGTHS = [3, 20, 48, 4, 30, 1], [5, 26, 30, 4, 48, 7]


def plan(rows: torch.Tensor, columns: torch.Tensor, ids: torch.Tensor, spread: float = 4.0) -> torch.Tensor:
    return sinkhorn_steps(-spread * noise(rows, columns, ids), uniform_mass(rows), uniform_mass(columns), 1.0, STEPS)


def test_masses_are_right() -> None:
    student, teacher = make(LENGTHS[0], d=32), make(LENGTHS[1], d=32, seed=1)
    _, scalars = RandomPlan().loss(student, teacher, torch.arange(6))
    assert scalars["row_error"] < 1e-5 and scalars["column_error"] < 1e-3
    found = plan(student.mask, teacher.mask, torch.arange(6))
    assert (found.sum(1) - uniform_mass(teacher.mask)).abs().sum(1).max() < 1e-3


def test_the_plan_knows_nothing_of_the_tokens_but_follows_seed_and_pair() -> None:
    student, teacher, ids = make(LENGTHS[0]), make(LENGTHS[1], seed=1), torch.tensor([4, 8, 15, 16, 23, 42])
    torch.manual_seed(0)
    first = plan(student.mask, teacher.mask, ids)
    torch.rand(3)  # whatever else draws numbers
    assert torch.equal(plan(student.mask, teacher.mask, ids), first)
    assert not torch.allclose(plan(student.mask, teacher.mask, ids + 1), first, atol=1e-3)
    torch.manual_seed(1)
    assert not torch.allclose(plan(student.mask, teacher.mask, ids), first, atol=1e-3)


def test_a_pair_has_its_plan_in_every_batch() -> None:
    student, teacher, ids = make(LENGTHS[0]), make(LENGTHS[1], seed=1), torch.arange(6)
    together = plan(student.mask, teacher.mask, ids)
    for i, (n, m) in enumerate(zip(*LENGTHS, strict=True)):
        alone = plan(student.mask[i : i + 1, :n], teacher.mask[i : i + 1, :m], ids[i : i + 1])
        assert torch.allclose(together[i, :n, :m], alone[0], atol=1e-6)
        assert together[i, n:].abs().sum() == 0 and together[i, :, m:].abs().sum() == 0


def test_spread_goes_from_uniform_to_nearly_one_to_one() -> None:
    mask = torch.ones(1, 12, dtype=torch.bool)
    shares = [float(plan(mask, mask, torch.tensor([3]), spread).amax(2).sum()) for spread in (0.0, 4.0, 40.0)]
    assert shares[0] == pytest.approx(1 / 12, rel=1e-5) and 0.3 < shares[1] < shares[2] and shares[2] > 0.8


@pytest.mark.parametrize("cost", ["cosine", "likelihood"])
def test_true_pairs_are_worth_nothing(cost: str) -> None:
    """A student that equals the teacher is a perfect alignment: `optical` sees it, the control does not."""
    states = make([12] * 8, d=32)
    other = repeated(states, range(7, -1, -1))
    torch.manual_seed(0)

    def gain(method) -> float:
        right, wrong = (method.loss(student, states, torch.arange(8))[0].item() for student in (states, other))
        return 1 - right / wrong

    assert gain(Optical(cost=cost, reach=0.0)) > 0.8 and abs(gain(RandomPlan(cost=cost))) < 0.3


def test_uniform_plan_is_the_mean_cost() -> None:
    student, teacher = make([3, 2]), make([4, 1], seed=1)
    loss, _ = RandomPlan(spread=0.0, cost="cosine").loss(student, teacher, torch.arange(2))
    means = [(1 - tokens(student, i) @ tokens(teacher, i).T).mean().item() for i in range(2)]
    assert loss.item() == pytest.approx(sum(means) / 2, rel=1e-5)


def tokens(states: TokenStates, i: int) -> torch.Tensor:
    return states.vectors[i][states.mask[i]]
