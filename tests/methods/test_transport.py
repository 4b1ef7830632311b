"""The transport plan against exact and converged references."""

from __future__ import annotations

import ot
import pytest
import torch
import torch.nn.functional as F

from methods.base import TokenStates
from methods.optical import Optical
from methods.transport import cosine_cost, marginal_errors, plan, sinkhorn_steps, uniform_mass


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
    assert rows < 1e-5 and columns < 5e-3
    cost = cosine_cost(x.double(), y.double())
    reference = sinkhorn_steps(cost, a.double(), b.double(), epsilon, 5000)
    value, expected = (found * cost).sum((1, 2)), (reference * cost).sum((1, 2))
    assert torch.allclose(value, expected, rtol=5e-3)


def test_epsilon_to_zero_gives_the_exact_distance() -> None:
    x, y, xm, ym = problem()
    a, b = uniform_mass(xm), uniform_mass(ym)
    found = plan(x, y, a, b, 0.002, scaling=0.9, refine=2000)
    cost = cosine_cost(x, y)
    for i in range(len(x)):
        n, m = int(xm[i].sum()), int(ym[i].sum())
        exact = ot.emd2(a[i, :n].double().numpy(), b[i, :m].double().numpy(), cost[i, :n, :m].double().numpy())
        assert (found[i] * cost[i]).sum().item() == pytest.approx(exact, rel=0.01, abs=1e-3)


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
        plan(x, y, uniform_mass(xm), uniform_mass(ym), 0.05)
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
    found = plan(x, y, a, b, 0.05, reach=0.3, refine=500)
    expected = ot.unbalanced.sinkhorn_unbalanced(
        a[0].double().numpy(), b[0].double().numpy(), cosine_cost(x, y)[0].double().numpy(), reg=0.05, reg_m=0.3,
        reg_type="kl", numItermax=5000, stopThr=1e-12,
    )  # fmt: skip
    assert torch.allclose(found[0].double(), torch.from_numpy(expected), atol=1e-4)
    assert found[0, 2].sum() < 0.3 * found[0, 0].sum()
