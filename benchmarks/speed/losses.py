"""What the loss of a step takes by itself: in whole steps, some thirty times as long, two losses can hardly be told apart."""

from __future__ import annotations

from collections.abc import Callable

import torch

from benchmarks.speed.race import OURS, Contestant, Row, race, settle
from benchmarks.training import BATCH, TRANSPORT
from methods import registry
from methods.base import TokenStates

PART, DIM = "loss", 384
STEPS = 20
LOSSES = (*TRANSPORT, "contrastive", "contrastive(form=dense,temperature=0.1)")


def measure(longest: int, repeats: int, device: str, rates: dict[str, float]) -> list[Row]:
    """Values and gradients for a batch of texts of half to all of `longest` tokens; vectors are random, which changes no time."""
    generator = torch.Generator().manual_seed(0)
    student, teacher = (_side(longest, generator, device) for _ in range(2))
    ids = torch.arange(BATCH, device=device)
    work = f"{STEPS} steps of {BATCH} pairs of {longest // 2} to {longest} tokens, value and gradient"
    contestants = [Contestant(f"{OURS}, `{loss}`", _run(loss, student, teacher, ids, device)) for loss in LOSSES]
    return race(PART, work, contestants, repeats, rates)


def _side(longest: int, generator: torch.Generator, device: str) -> TokenStates:
    lengths = torch.randint(longest // 2, longest + 1, (BATCH,), generator=generator)
    lengths[0] = longest
    mask = torch.arange(longest) < lengths[:, None]
    # Around a common direction, as vectors of real tokens are.
    vectors = torch.nn.functional.normalize(torch.randn(BATCH, longest, DIM, generator=generator) + 1, dim=2)
    pooled = torch.nn.functional.normalize((vectors * mask[..., None]).sum(1), dim=1)
    idf = torch.rand(BATCH, longest, generator=generator) + 0.5
    return TokenStates(vectors.to(device), mask.to(device), pooled.to(device), idf.to(device))


def _run(loss: str, student: TokenStates, teacher: TokenStates, ids: torch.Tensor, device: str) -> Callable[[], None]:
    method = registry.load(registry.parse_spec(loss))

    def run() -> None:
        for _ in range(STEPS):
            vectors, pooled = (one.clone().requires_grad_() for one in (student.vectors, student.pooled))
            value, _ = method.loss(TokenStates(vectors, student.mask, pooled, student.idf), teacher, ids)
            value.backward()
        settle(device)

    return run
