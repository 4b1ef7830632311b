"""The transport plan against exact and converged references."""

from __future__ import annotations

import ot
import pytest
import torch
import torch.nn.functional as F

from benchmarks.ot_solvers import Problem
from methods.base import TokenStates
from methods.losses.optical import Optical, OpticalParams
from methods.losses.transport import (
    TOLERANCE,
    cosine_cost,
    marginal_errors,
    plan,
    scaled,
    sinkhorn_steps,
    soft_steps,
    steps_needed,
    uniform_mass,
)


def problem(batch: int = 5, n: int = 9, m: int = 7, d: int = 12, seed: int = 0):
    g = torch.Generator().manual_seed(seed)
    x = F.normalize(torch.randn(batch, n, d, generator=g), dim=-1)
    y = F.normalize(torch.randn(batch, m, d, generator=g), dim=-1)
    y[:, :4] = F.normalize(x[:, :4] + 0.3 * torch.randn(batch, 4, d, generator=g), dim=-1)
    lengths = torch.randint(3, n + 1, (batch,), generator=g), torch.randint(3, m + 1, (batch,), generator=g)
    masks = [torch.arange(size)[None] < length[:, None] for size, length in zip((n, m), lengths, strict=True)]
    return x, y, *masks


@pytest.mark.parametrize("epsilon", [0.05, 0.1])
def test_marginals_and_value_match_a_converged_reference(epsilon: float) -> None:
    x, y, xm, ym = problem()
    a, b = uniform_mass(xm), uniform_mass(ym)
    found = plan(x, y, a, b, epsilon)
    rows, columns = marginal_errors(found, a, b)
    assert rows < 1e-5 and columns < 1e-3
    cost = cosine_cost(x.double(), y.double())
    reference = sinkhorn_steps(cost, a.double(), b.double(), epsilon, 5000)
    value, expected = (found * cost).sum((1, 2)), (reference * cost).sum((1, 2))
    assert torch.allclose(value, expected, rtol=5e-3)


@pytest.fixture(scope="module")
def hard() -> Problem:
    """Realistic sizes, and texts so close to each other that plain alternating steps take hundreds."""
    return Problem.make(texts=10, noise=0.7, seed=3)


def default_plan(p: Problem, reach: float) -> torch.Tensor:
    """With the parameters that `optical` has by default, but for the masses."""
    o = OpticalParams()
    return plan(p.x, p.y, p.a, p.b, o.epsilon, reach, o.solver, o.scaling, o.steps, o.tolerance)


def test_default_with_exact_masses_meets_the_bar(hard: Problem) -> None:
    """Row and column L1 error at most 1e-3 and <P, C> within .5 % of 5,000 float64 steps, for every text."""
    found, epsilon = default_plan(hard, 0.0), OpticalParams().epsilon
    assert (found.sum(2) - hard.a).abs().sum(1).max() < 1e-3 and (found.sum(1) - hard.b).abs().sum(1).max() < 1e-3
    value, expected = ((P * hard.cost).sum((1, 2)) for P in (found, hard.reference(epsilon, 0.0)))
    assert (value / expected - 1).abs().max() < 5e-3
    # The scaling after the first steps is what brings it there.
    short = plan(hard.x, hard.y, hard.a, hard.b, epsilon, tolerance=0)
    assert (short.sum(1) - hard.b).abs().sum(1).max() > 1e-2


def test_default_meets_the_bar(hard: Problem) -> None:
    """Unbalanced: against the masses and the value of an unbalanced reference, which is what it converges to."""
    found, reference = (default_plan(hard, OpticalParams().reach), hard.reference(OpticalParams().epsilon, OpticalParams().reach))
    assert OpticalParams().reach > 0
    for side in (1, 2):
        assert (found.sum(side) - reference.sum(side)).abs().sum(1).max() < 1e-3
    value, expected = ((P * hard.cost).sum((1, 2)) for P in (found, reference))
    assert (value / expected - 1).abs().max() < 5e-3


@pytest.mark.parametrize("reach", [0.0, 0.2])
def test_a_plan_of_realistic_size_does_not_depend_on_batch_mates(hard: Problem, reach: float) -> None:
    together = default_plan(hard, reach)
    for i in range(len(hard.x)):
        alone = default_plan(hard.alone(i), reach)[0]
        assert (together[i, : alone.shape[0], : alone.shape[1]] - alone).abs().max() < 1e-6


def test_epsilon_to_zero_gives_the_exact_distance(hard: Problem) -> None:
    """The value falls to that of exact transport (POT), from above."""
    for p in (Problem(*small()), hard):
        exact, over = p.exact(), []
        for epsilon in (0.05, 0.01, 0.002):
            found = plan(p.x, p.y, p.a, p.b, epsilon, solver="geomloss", scaling=0.9, steps=200, tolerance=1e-4)
            over.append(((found * p.cost).sum((1, 2)) / exact - 1).max().item())
        assert over[0] > over[1] > over[2] > -1e-3 and over[2] < 2e-3


@pytest.mark.parametrize("epsilon", [0.05, 0.2])
def test_exact_masses_give_the_plan_of_pot(hard: Problem, epsilon: float) -> None:
    """Entropic transport of each text on its own and unpadded, in float64 (log domain, to convergence)."""
    o = OpticalParams()
    found = plan(hard.x, hard.y, hard.a, hard.b, epsilon, 0.0, o.solver, o.scaling, o.steps, 1e-6).double()
    for i in range(len(hard.x)):
        own, other = hard.a[i] > 0, hard.b[i] > 0
        cost = 1 - hard.x[i, own].double() @ hard.y[i, other].double().T
        masses = (mass.double() / mass.double().sum() for mass in (hard.a[i, own], hard.b[i, other]))
        expected = torch.from_numpy(ot.bregman.sinkhorn_log(
            *(mass.numpy() for mass in masses), cost.numpy(), reg=epsilon, numItermax=50_000, stopThr=1e-9,
        ))  # fmt: skip
        assert torch.allclose(found[i][own][:, other], expected, atol=1e-6), i
        assert found[i].sum().item() == pytest.approx(expected.sum().item(), abs=1e-6)


def small() -> tuple[torch.Tensor, ...]:
    x, y, xm, ym = problem()
    return x, y, uniform_mass(xm), uniform_mass(ym)


def test_scaling_goes_to_the_same_plan_as_alternating_steps() -> None:
    x, y, a, b = small()
    cost = cosine_cost(x, y)
    start = sinkhorn_steps(cost, a, b, 0.2, 3)
    found = scaled(start, a, b, 1e-6)
    assert torch.allclose(found, sinkhorn_steps(cost, a, b, 0.2, 1000), atol=1e-5)
    assert not torch.allclose(found, start, atol=1e-3)
    assert (found[a[:, :, None].expand_as(found) == 0] == 0).all() and torch.isfinite(found).all()
    loose = scaled(start, a, b, TOLERANCE)
    assert (loose.sum(1) - b).abs().sum(1).max() <= TOLERANCE * 1.01 and (loose.sum(2) - a).abs().max() < 1e-6


@pytest.mark.parametrize(("epsilon", "reach"), [(0.02, 0.2), (0.05, 0.5), (0.02, 0.5), (0.005, 0.05)])
def test_steps_outside_of_the_logarithm_are_the_same_steps(hard: Problem, epsilon: float, reach: float) -> None:
    cost, steps = cosine_cost(hard.x, hard.y), steps_needed(epsilon, reach)
    found = soft_steps(cost, hard.a, hard.b, epsilon, steps, reach)
    expected = sinkhorn_steps(cost.double(), hard.a.double(), hard.b.double(), epsilon, steps, reach=reach)
    assert torch.allclose(found.double(), expected, rtol=1e-3, atol=1e-8) and torch.isfinite(found).all()
    assert (found[hard.a[:, :, None].expand_as(found) == 0] == 0).all()
    assert not torch.allclose(found.double(), sinkhorn_steps(cost, hard.a, hard.b, epsilon, 10, reach=reach).double(), rtol=1e-2)


def test_a_text_that_has_converged_is_left_alone() -> None:
    """Its own tolerance decides, not how long the slowest of the batch takes."""
    x, y, a, b = small()
    start = sinkhorn_steps(cosine_cost(x, y), a, b, 0.01, 3)
    together = scaled(start, a, b, 1e-3)
    for i in range(len(x)):
        assert torch.allclose(together[i], scaled(start[i : i + 1], a[i : i + 1], b[i : i + 1], 1e-3)[0], atol=1e-7)


def test_a_plan_depends_neither_on_padding_nor_on_batch_mates() -> None:
    x, y, xm, ym = problem()
    a, b = uniform_mass(xm), uniform_mass(ym)
    together = plan(x, y, a, b, 0.05)
    for i in range(len(x)):
        n, m = int(xm[i].sum()), int(ym[i].sum())
        alone = plan(x[i : i + 1, :n], y[i : i + 1, :m], a[i : i + 1, :n], b[i : i + 1, :m], 0.05)
        assert torch.allclose(together[i, :n, :m], alone[0], atol=1e-6)
        assert together[i, n:].abs().sum() == 0 and together[i, :, m:].abs().sum() == 0


@pytest.mark.parametrize("mode", [True, False])
def test_autograd_mode_survives_geomloss(mode: bool) -> None:
    x, y, xm, ym = problem()
    with torch.set_grad_enabled(mode):
        plan(x, y, uniform_mass(xm), uniform_mass(ym), 0.05, solver="geomloss")
        assert torch.is_grad_enabled() is mode


def test_plain_form_moves_every_token_to_its_barycentric_projection() -> None:
    x, y, xm, ym = problem()
    x.requires_grad_()
    loss, scalars = Optical(cost="cosine", epsilon=0.05, reach=0.0).loss(states(x, xm), states(y, ym), torch.arange(len(x)))
    loss.backward()
    p = plan(x.detach(), y, uniform_mass(xm), uniform_mass(ym), 0.05)
    assert torch.allclose(x.grad, -(p @ y) / len(x), atol=1e-6)
    assert scalars["row_error"] < 1e-5 and scalars["mass"].item() == pytest.approx(1, abs=1e-5)


def test_likelihood_cost_is_minus_log_softmax_over_the_tokens_of_the_batch() -> None:
    x, y, xm, ym = problem(batch=3)
    method = Optical(cost="likelihood", epsilon=0.05, reach=0.0, temperature=0.1)
    loss, _ = method.loss(states(x, xm), states(y, ym), torch.arange(3))
    p = plan(x, y, uniform_mass(xm), uniform_mass(ym), 0.05)
    tokens = torch.cat([y[i][ym[i]] for i in range(3)])
    expected = 0.0
    for i in range(3):
        for k in range(int(xm[i].sum())):
            normaliser = torch.logsumexp(tokens @ x[i, k] / 0.1, 0)
            for j in range(int(ym[i].sum())):
                expected += p[i, k, j] * (normaliser - x[i, k] @ y[i, j] / 0.1) / 3
    assert loss.item() == pytest.approx(float(expected), rel=1e-4)


def states(x: torch.Tensor, mask: torch.Tensor) -> TokenStates:
    return TokenStates(x, mask, F.normalize(x.mean(1), dim=-1))


def test_unbalanced_transport_leaves_mass_that_has_no_counterpart() -> None:
    """Against POT: the same potentials' fixed point, and a token far from everything carries less mass."""
    x = F.normalize(torch.tensor([[[1.0, 0, 0], [0, 1.0, 0], [-1.0, -1.0, 0]]]), dim=-1)
    y = F.normalize(torch.tensor([[[1.0, 0.1, 0], [0.1, 1.0, 0]]]), dim=-1)
    a, b = torch.full((1, 3), 1 / 3), torch.full((1, 2), 1 / 2)
    found = plan(x, y, a, b, 0.05, reach=0.3)
    expected = ot.unbalanced.sinkhorn_unbalanced(
        a[0].double().numpy(), b[0].double().numpy(), cosine_cost(x, y)[0].double().numpy(), reg=0.05, reg_m=0.3,
        reg_type="kl", numItermax=5000, stopThr=1e-12,
    )  # fmt: skip
    assert torch.allclose(found[0].double(), torch.from_numpy(expected), atol=1e-4)
    assert found[0, 2].sum() < 0.3 * found[0, 0].sum()


def test_idf_masses_are_those_of_the_plan() -> None:
    x, y, xm, ym = problem(batch=3)
    g = torch.Generator().manual_seed(5)
    student, teacher = states(x, xm), states(y, ym)
    student.idf, teacher.idf = (1 + 3 * torch.rand(mask.shape, generator=g) for mask in (xm, ym))
    masses = [(side.idf * side.mask) / (side.idf * side.mask).sum(1, keepdim=True) for side in (student, teacher)]
    method = Optical(masses="idf", cost="cosine", reach=0.0, epsilon=0.1)
    loss, scalars = method.loss(student, teacher, torch.arange(3))
    P = sinkhorn_steps(cosine_cost(x, y), *masses, 0.1, 2000)
    assert method.needs == ("idf",) and Optical().needs == ()
    assert loss.item() == pytest.approx((P * cosine_cost(x, y)).sum((1, 2)).mean().item(), rel=1e-3)
    assert scalars["row_error"] < 1e-5 and scalars["column_error"] < 1e-3
    plain, _ = Optical(cost="cosine", reach=0.0, epsilon=0.1).loss(student, teacher, torch.arange(3))
    assert loss.item() != pytest.approx(plain.item(), rel=1e-2)
