"""A bound on what a step keeps in memory for its backward pass: what is beyond it is computed once more when it is needed.

A layer of a small encoder keeps 16 times as much as it hands on, so the few batches of long texts decide how much memory a
training needs. The same products of the same numbers give the same result: gradients stay what they were, to the last bit
(Chen et al. 2016, arXiv 1604.06174).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from bench.base.errors import BenchError
from bench.training.freezing import layers

# Bytes that layers may keep in a step, by device. A GPU has memory of its own, and would rather have the time.
ROOM = {"cpu": 512 << 20}


def beyond(model: Any, shapes: Sequence[tuple[int, int]], device: str) -> list[bool]:
    """Which groups of texts find no more room: their layers are to be computed again.

    Args:
        shapes: texts and tokens of the longest one, of each group, the shortest texts first. Those find room first: long
            texts take more of it for the time that they cost.
        device: `cpu` or `cuda`.
    """
    room = ROOM.get(device)
    found, taken = [], 0
    for rows, width in shapes:
        own = kept_bytes(model, rows, width)
        found.append(room is not None and taken + own > room)
        taken += 0 if found[-1] else own
    return found


def kept_bytes(model: Any, rows: int, width: int) -> int:
    """About what the layers of an encoder keep of `rows` texts of `width` tokens, frozen ones not counted; 0 if unknown."""
    config = model.config
    hidden, heads = getattr(config, "hidden_size", 0), getattr(config, "num_attention_heads", 0)
    wide = getattr(config, "intermediate_size", None) or 4 * hidden
    sizes = [next(layer.parameters()).element_size() for layer in _trained(model)]
    # Of a token: what goes into the four products of attention, into both norms and both wide ones; of two tokens their weight.
    return sum(sizes) * rows * width * (8 * hidden + 2 * wide + 2 * heads * width)


@contextmanager
def again(model: Any, wanted: bool) -> Iterator[None]:
    """While the block runs, layers keep nothing but what goes into them. Not wanted, or no gradient asked for: they stay."""
    changed = _trained(model) if wanted and torch.is_grad_enabled() else []
    for layer in changed:
        # No dropout is trained with, so there is no state of a generator to go back to.
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False, preserve_rng_state=False)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer in changed:
            del layer.forward


def _trained(model: Any) -> list[Any]:
    """Layers with something to train; none where a model keeps them in an unknown place."""
    try:
        found = layers(model)
    except BenchError:
        return []
    return [layer for layer in found if any(part.requires_grad for part in layer.parameters())]
