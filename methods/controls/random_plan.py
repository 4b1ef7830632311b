"""Control: transport without alignment."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from methods.base import Method, TokenStates, option, register
from methods.losses.optical import likelihood_cost
from methods.losses.transport import cosine_cost, marginal_errors, sinkhorn_steps, uniform_mass

STEPS = 200  # of Sinkhorn scaling


@dataclass
class RandomPlanParams:
    spread: float = option(4.0, "standard deviation of the log of the plan's entries before scaling; 0: the plan is uniform")
    cost: str = option("likelihood", "what the plan is multiplied with, as in `optical`", choices=("cosine", "likelihood"))
    temperature: float = option(0.05, "of the likelihood cost")


@register
class RandomPlan(Method):
    """The loss of `optical(reach=0)` with a plan that knows nothing of the tokens: what is left of it without alignment?

    `L = < P, C >_F`, mean over pairs; `P = diag(u) exp(spread * Z) diag(v)` (n x m) with standard normal Z, scaled to
    the uniform masses `P 1 = 1/n`, `P' 1 = 1/m`; C as in `optical`. A pair's Z is drawn with torch's seed and its pair id,
    so it is the same in every batch and every order; texts with the same English side draw the same numbers.
    """

    name = "random_plan"
    summary = "`optical(reach=0)` with a random plan (control)"
    reference = "-"
    Params = RandomPlanParams

    def loss(self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        teacher, p = teacher.detach(), self.params
        a, b = uniform_mass(student.mask), uniform_mass(teacher.mask)
        plan = sinkhorn_steps(-p.spread * noise(student.mask, teacher.mask, pair_ids), a, b, 1.0, STEPS)
        if p.cost == "cosine":
            cost = cosine_cost(student.vectors.float(), teacher.vectors.float())
        else:
            cost = likelihood_cost(student, teacher, pair_ids, p.temperature)
        rows, columns = marginal_errors(plan, a, b)
        return (plan * cost).sum((1, 2)).mean(), {"row_error": rows, "column_error": columns}


def noise(rows: Tensor, columns: Tensor, pair_ids: Tensor) -> Tensor:
    """(B, N, M) standard normal numbers where both masks (B, N) and (B, M) are true, 0 elsewhere."""
    Z = torch.zeros(*rows.shape, columns.shape[1])
    sizes = torch.stack([rows.sum(1), columns.sum(1)], 1).tolist()
    for i, (one, (n, m)) in enumerate(zip(pair_ids.tolist(), sizes, strict=True)):
        generator = torch.Generator().manual_seed((torch.initial_seed() * 1_000_003 + one) % 2**63)
        Z[i, :n, :m] = torch.randn(n, m, generator=generator)
    return Z.to(rows.device)
