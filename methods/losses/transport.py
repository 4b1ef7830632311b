"""Entropic optimal transport between two padded sets of unit vectors, without gradient.

`P = argmin <P, C> + epsilon KL(P || a b')` subject to `P 1 = a`, `P' 1 = b`, with `C = 1 - cosine`. Padding
carries no mass. A pair is solved as if it were alone: neither start nor number of steps depends on its
batch mates.
"""

from __future__ import annotations

import math

import torch
from geomloss import SamplesLoss
from torch import Tensor

from methods.base import TokenStates

# Cosine costs lie in [0, 2], and geomloss anneals from this bound. Left to itself it would start from the
# largest distance of the batch, and the plan of a pair would depend on its batch mates.
LARGEST_COST = 2.0
NO_MASS = -1e5  # finite stand-in for log 0: sums of two of them still fit float32
TOLERANCE = 5e-4  # L1 error of the masses; <P, C> is then within a thousandth of the converged value or so
SHRUNK = 1e-4  # see `steps_needed`
FIRST_STEPS = 10  # of exact masses, before the plan is scaled
FIRST_SOFT_STEPS = 4  # of soft masses, which are near the solution sooner
MOST_STEPS = 5000  # of scaling; at epsilon = 0.02 a text takes about a hundred, a hard one some hundreds
STEPS_AT_ONCE = 20  # between two looks at the error


def cosine_cost(x: Tensor, y: Tensor) -> Tensor:
    """(B, N, M) costs `1 - <x_i, y_j>` of unit vectors x (B, N, d) and y (B, M, d), in [0, 2]."""
    return 1.0 - x @ y.transpose(1, 2)


def uniform_mass(mask: Tensor) -> Tensor:
    """(B, L) masses: 1/n on each of a text's n tokens, 0 elsewhere."""
    return mask.float() / mask.sum(1, keepdim=True)


def idf_mass(states: TokenStates) -> Tensor:
    """(B, L) masses in proportion to the tokens' inverse document frequencies: rare tokens weigh more."""
    assert states.idf is not None, "the states have no idf: the method must say that it needs it"
    weight = states.idf.float() * states.mask
    return weight / weight.sum(1, keepdim=True)


@torch.no_grad()
def plan(
    x: Tensor, y: Tensor, a: Tensor, b: Tensor, epsilon: float, reach: float = 0.0, solver: str = "sinkhorn",
    scaling: float = 0.7, steps: int = 0, tolerance: float = TOLERANCE,
) -> Tensor:  # fmt: skip
    """Transport plan by alternating Sinkhorn steps in the log domain, from nothing or from geomloss's potentials.

    If the masses may give way (`reach`), each pair of steps shrinks the error by a known factor, which says how many are
    needed. Exact masses have no such factor, and at a small epsilon hundreds of steps may be needed: after a few
    the plan is scaled until it keeps them, which is the same iteration, cheaper. The last step is on x's side: each
    token of x keeps its mass exactly. geomloss anneals epsilon, which helps below 0.01 or so; by itself it averages its two
    updates and offers no tolerance, so it stops with masses that are off by more than a tenth.

    Args:
        x: (B, N, d) unit vectors.
        y: (B, M, d) unit vectors.
        a: (B, N) masses, rows sum to 1, zero on padding.
        b: (B, M) masses likewise.
        epsilon: regularisation, in units of the cost.
        reach: 0 keeps the masses exactly. Above 0 they are kept only softly, at the price `reach * KL`, in units of
            the cost: mass without a counterpart is then left where it is (unbalanced transport).
        solver: where the steps start, `sinkhorn` (from nothing) or `geomloss`.
        scaling: ratio of successive temperatures of geomloss; nearer to 1 is slower, more accurate.
        steps: alternating steps; 0: as many as `tolerance` asks for.
        tolerance: with `reach=0`, largest L1 distance of a text's column sums from b; 0: leave it at `steps`.

    Returns:
        (B, N, M) float32 plan, zero on padding.
    """
    x, y, a, b = x.float(), y.float(), a.float(), b.float()
    steps = steps or (steps_needed(epsilon, reach) if reach else FIRST_STEPS)
    # geomloss leaves autograd switched on; the guard puts the caller's mode back.
    with torch.autocast(x.device.type, enabled=False), torch.inference_mode(torch.is_inference_mode_enabled()):
        f, g = geomloss_potentials(x, y, a, b, epsilon, reach, scaling) if solver == "geomloss" else (None, None)
        torch.set_grad_enabled(False)
        if reach:
            return soft_steps(cosine_cost(x, y), a, b, epsilon, steps, reach, f, g)
        found = sinkhorn_steps(cosine_cost(x, y), a, b, epsilon, steps, f, g)
        return scaled(found, a, b, tolerance) if tolerance else found


def steps_needed(epsilon: float, reach: float) -> int:
    """Steps after which the error of unbalanced potentials has shrunk to SHRUNK of what it was.

    A step is a contraction with the factor reach / (reach + epsilon) (Chizat et al. 2018, arXiv 1607.05816), two make a round.
    """
    return math.ceil(math.log(SHRUNK) / (2 * math.log(reach / (reach + epsilon))))


def geomloss_potentials(
    x: Tensor, y: Tensor, a: Tensor, b: Tensor, epsilon: float, reach: float, scaling: float
) -> tuple[Tensor, Tensor]:
    """Potentials f (B, N) and g (B, M) of geomloss; it leaves autograd switched on."""
    solver = SamplesLoss(
        "sinkhorn", p=1, blur=epsilon, diameter=LARGEST_COST, scaling=scaling, cost=cosine_cost,
        reach=reach or None, debias=False, potentials=True, backend="tensorized",
    )  # fmt: skip
    f, g = solver(a, x, b, y)
    return f.detach(), g.detach()


def sinkhorn_steps(
    cost: Tensor, a: Tensor, b: Tensor, epsilon: float, steps: int, f: Tensor | None = None, g: Tensor | None = None,
    reach: float = 0.0,
) -> Tensor:  # fmt: skip
    """Plan after alternating log-domain Sinkhorn steps from potentials f (B, N) and g (B, M), or from zero."""
    return _LogSteps(cost, a, b, epsilon, reach, f, g).go(steps).plan()


def soft_steps(
    cost: Tensor, a: Tensor, b: Tensor, epsilon: float, steps: int, reach: float, f: Tensor | None = None,
    g: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """What `sinkhorn_steps` finds where the masses may give way, the later steps as products with a matrix.

    After the first steps the potentials are right but for a factor, here r and c, that is safe outside of the logarithm:
    `c = b v^(damping - 1) / (P' r)^damping` for the plan P = diag(e^u) K diag(e^v) of these steps, and likewise r. It is the
    same iteration, several times as fast.
    """
    start = _LogSteps(cost, a, b, epsilon, reach, f, g).go(min(steps, FIRST_SOFT_STEPS))
    plan, damping = start.plan(), start.damping
    rows = torch.exp(start.log_a + (damping - 1) * start.u).unsqueeze(2)
    columns = torch.exp(start.log_b + (damping - 1) * start.v).unsqueeze(1)
    r, c = torch.ones_like(rows), torch.ones_like(columns)
    for _ in range(steps - FIRST_SOFT_STEPS):
        c = columns / (r.transpose(1, 2) @ plan).clamp_min(1e-30) ** damping
        r = rows / (plan @ c.transpose(1, 2)).clamp_min(1e-30) ** damping
    return r * plan * c


class _LogSteps:
    """Alternating steps on u (B, N) and v (B, M), logarithms of the factors of the plan `diag(e^u) K diag(e^v)`."""

    def __init__(
        self, cost: Tensor, a: Tensor, b: Tensor, epsilon: float, reach: float, f: Tensor | None, g: Tensor | None
    ) -> None:
        self.damping = reach / (reach + epsilon) if reach else 1.0
        self.kernel, self.some = -cost / epsilon, (a > 0).unsqueeze(2) & (b > 0).unsqueeze(1)
        self.log_a = a.clamp_min(1e-38).log().masked_fill(a == 0, NO_MASS)
        self.log_b = b.clamp_min(1e-38).log().masked_fill(b == 0, NO_MASS)
        self.u = self.log_a + f / epsilon if f is not None else self.log_a
        self.v = self.log_b + g / epsilon if g is not None else self.log_b

    def go(self, steps: int) -> _LogSteps:
        for _ in range(steps):
            self.v = self.log_b - self.damping * torch.logsumexp(self.kernel + self.u.unsqueeze(2), 1)
            self.u = self.log_a - self.damping * torch.logsumexp(self.kernel + self.v.unsqueeze(1), 2)
        return self

    def plan(self) -> Tensor:
        """(B, N, M); padding has the mass exp(NO_MASS) = 0 in float32."""
        return torch.exp(self.u.unsqueeze(2) + self.kernel + self.v.unsqueeze(1)) * self.some


def scaled(plan: Tensor, a: Tensor, b: Tensor, tolerance: float) -> Tensor:
    """diag(r) P diag(c) with row sums a and column sums b, the latter within `tolerance` (L1, each text on its own).

    The same alternating steps as `sinkhorn_steps`, but as products with a matrix, which are much faster. That is
    safe where the plan is nearly right already, so that r and c are near 1. A text leaves the loop when it is
    done: what its batch mates need does not change it.
    """
    result, at = plan.clone(), torch.arange(len(plan), device=plan.device)
    rows, columns = a.unsqueeze(2), b.unsqueeze(1)
    r = torch.ones_like(rows)
    for _ in range(MOST_STEPS // STEPS_AT_ONCE):
        for _ in range(STEPS_AT_ONCE):
            c = columns / (r.transpose(1, 2) @ plan).clamp_min(1e-30)
            r = rows / (plan @ c.transpose(1, 2)).clamp_min(1e-30)
        now = r * plan * c
        result[at] = now
        open_ = (now.sum(1) - columns.squeeze(1)).abs().sum(1) > tolerance
        if not open_.any():
            break
        at, plan, rows, columns, r = (part[open_] for part in (at, plan, rows, columns, r))
    return result


def marginal_errors(plan: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Mean L1 distance of the plan's row sums from a, and of its column sums from b."""
    return (plan.sum(2) - a).abs().sum(1).mean(), (plan.sum(1) - b).abs().sum(1).mean()
