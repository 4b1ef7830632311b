"""Optimal-transport distillation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from methods.base import Method, TokenStates, option, other_pairs_of_the_text, register
from methods.losses.transport import cosine_cost, idf_mass, marginal_errors, plan, uniform_mass


@dataclass
class OpticalParams:
    epsilon: float = option(0.02, "entropic regularisation, in units of the cosine cost", search=(0.02, 0.05, 0.1))
    reach: float = option(
        0.2, "price of mass that is not transported, in units of the cost; 0: all of it is transported", search=(0.0, 0.2, 0.5)
    )
    cost: str = option(
        "likelihood", "what the plan is multiplied with: 1 - cosine, or -log softmax", choices=("cosine", "likelihood")
    )
    temperature: float = option(0.05, "of the likelihood cost", search=(0.05, 0.1))
    masses: str = option(
        "uniform", "of tokens: all alike, or by inverse document frequency", choices=("uniform", "idf"), search=("uniform", "idf")
    )
    solver: str = option(
        "sinkhorn", "where Sinkhorn steps start: from nothing, or from geomloss", choices=("sinkhorn", "geomloss")
    )
    scaling: float = option(0.7, "geomloss: ratio of successive temperatures")
    steps: int = option(0, "alternating Sinkhorn steps; 0: as many as needed")
    tolerance: float = option(5e-4, "with reach=0, largest error of a text's masses (L1); 0: no steps beyond `steps`")


@register
class Optical(Method):
    """Student tokens are moved to the teacher tokens that an optimal transport plan assigns them.

    `L = < stopgrad(P), C >_F`, mean over pairs. `P` (n x m) is the entropic transport plan between the tokens of the
    text and those of its English side, under their masses and the cost 1 - cosine. `C` (n x m) is

    - `cost=cosine`: 1 - cosine, the textbook form with `reach=0`. Where the alignment is unsure, a token is pulled to the
      mean of what it may stand for, and tokens lose what tells them apart (docs/optical.md).
    - `cost=likelihood`: `-log softmax_j(cos(S_i, T_j) / tau)` over all teacher tokens of the batch. It only differs from
      the cosine by a scale and a term that depends on the row, so it asks for the same plan; but being
      near everything no longer pays.

    With `reach > 0` the masses are kept softly (unbalanced transport): a token without a counterpart stays where it is.
    With `masses=idf` a token weighs `1 + ln((1 + texts) / (1 + texts with it))`, counted on the cell's training pairs for
    each language and for English, scaled to a sum of 1 in each text.
    """

    name = "optical"
    summary = "transport plan between student and teacher tokens as soft alignment"
    reference = "Huang, Yu, Allan, WSDM 2023, arXiv 2301.12566 (the loss; cost, solver and masses are ours)"
    version = 2
    highlight = 1
    Params = OpticalParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.needs = ("idf",) if self.params.masses == "idf" else ()

    def loss(self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        teacher = teacher.detach()
        p = self.params
        a, b = (idf_mass(side) if p.masses == "idf" else uniform_mass(side.mask) for side in (student, teacher))
        transport = plan(
            student.vectors.detach(), teacher.vectors, a, b, p.epsilon, p.reach, p.solver, p.scaling, p.steps, p.tolerance
        )
        if p.cost == "cosine":
            cost = cosine_cost(student.vectors.float(), teacher.vectors.float())
        else:
            cost = likelihood_cost(student, teacher, pair_ids, p.temperature)
        rows, columns = marginal_errors(transport, a, b)
        loss = (transport * cost).sum((1, 2)).mean()
        return loss, {"row_error": rows, "column_error": columns, "mass": transport.sum((1, 2)).mean()}


def likelihood_cost(student: TokenStates, teacher: TokenStates, pair_ids: Tensor, temperature: float) -> Tensor:
    """Cost `-log softmax_j(cos(S_i, T_j) / tau)`, normalised over the teacher tokens of the whole batch."""
    B, L, d = student.vectors.shape
    logits = (student.vectors.reshape(B * L, d) @ teacher.vectors.reshape(-1, d).T).view(B, L, B, -1).float() / temperature
    same = other_pairs_of_the_text(pair_ids)
    logits = logits.masked_fill(~teacher.mask[None, None] | same[:, None, :, None], -torch.inf)
    normaliser = torch.logsumexp(logits.flatten(2), 2)
    own = torch.arange(B, device=logits.device)
    cost = normaliser.unsqueeze(2) - logits[own, :, own]
    return cost.masked_fill(~teacher.mask[:, None], 0.0)
