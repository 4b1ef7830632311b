"""Texts of one step, cut so that little of what is computed is padding."""

from __future__ import annotations

import numpy as np

# What one more pass through an encoder costs, in tokens: a thousand small operations are called whatever their size.
# A GPU is only full with many tokens, so there is nearly always one group.
PASS_TOKENS = {"cpu": 64, "cuda": 8192}


def cut(lengths: np.ndarray, device: str = "cpu") -> list[np.ndarray]:
    """Positions in groups of similar length, at the least sum of padded tokens and passes.

    Args:
        lengths: (n,) tokens of each text.
        device: `cpu` or `cuda`.

    Returns:
        Groups, each with its positions by length, the shortest first.
    """
    order = np.argsort(lengths, kind="stable")
    sizes = np.asarray(lengths)[order]
    # best[i]: least cost of the first i texts; the last group starts at start[i].
    best, start = np.zeros(len(sizes) + 1), np.zeros(len(sizes) + 1, dtype=int)
    each = PASS_TOKENS.get(device, PASS_TOKENS["cuda"])
    for i in range(1, len(sizes) + 1):
        costs = best[:i] + sizes[i - 1] * np.arange(i, 0, -1) + each
        start[i] = int(costs.argmin())
        best[i] = costs[start[i]]
    groups: list[np.ndarray] = []
    end = len(sizes)
    while end:
        groups.append(order[start[end] : end])
        end = start[end]
    return groups[::-1]
