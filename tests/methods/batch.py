"""Random batches of pairs for the tests of losses."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from methods.base import TokenStates


def make(lengths: Sequence[int], d: int = 8, seed: int = 0) -> TokenStates:
    """Texts of these lengths: unit tokens, mean as pooled vector; junk where there is no token."""
    g = torch.Generator().manual_seed(seed)
    vectors = F.normalize(torch.randn(len(lengths), max(lengths), d, generator=g), dim=-1)
    mask = torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]
    pooled = (vectors * mask.unsqueeze(-1)).sum(1)
    return TokenStates(vectors, mask, F.normalize(pooled, dim=-1))


def repeated(states: TokenStates, rows: Sequence[int]) -> TokenStates:
    """The texts at these rows."""
    index = list(rows)
    return TokenStates(states.vectors[index], states.mask[index], states.pooled[index])
