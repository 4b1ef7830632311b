"""A bound on what a step keeps in memory for its backward pass: what is beyond it is computed once more when it is needed.

A layer of a small encoder keeps 16 times as much as it hands on, so the few batches of long texts decide how much memory a
training needs. The same products of the same numbers give the same result: gradients stay what they were, to the last bit
(Chen et al. 2016, arXiv 1604.06174).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from bench.base.errors import BenchError
from bench.encoders.device.memory import give_back, memory_limit
from bench.training.freezing import layers

LEAST, MOST = 448 << 20, 1536 << 20  # some 1,100 and 3,700 tokens of multilingual-e5-small
SHARE = 16  # of a machine's memory one process may keep this part: several cells run at the same time


def room_in(memory: int) -> int:
    """Bytes that layers may keep in a step, of so many bytes of main memory.

    >>> [room_in(gigabytes << 30) >> 20 for gigabytes in (4, 8, 16, 64)]
    [448, 512, 1024, 1536]
    """
    return min(max(LEAST, memory // SHARE), MOST)


# By device. A GPU has memory of its own, and would rather have the time.
ROOM = {"cpu": room_in(memory_limit())}
EVERY = 16  # steps that fill half of the room, to one that gives memory back: it costs a tenth of a step
_large = count()


def made_room(model: Any, shapes: Sequence[tuple[int, int]], device: str) -> int:
    """`beyond`; now and then, before a step that fills half of the room, memory that lies idle in pieces is given back."""
    room = ROOM.get(device)
    is_large = room is not None and 2 * sum(kept_bytes(model, rows, width) for rows, width in shapes) > room
    if is_large and next(_large) % EVERY == 0:
        give_back()
    return beyond(model, shapes, device)


def beyond(model: Any, shapes: Sequence[tuple[int, int]], device: str) -> int:
    """How many of the trained layers, the lowest ones, have to be computed again for the others to find room.

    Args:
        shapes: texts and tokens of the longest one, of each group that goes through the model.
        device: `cpu` or `cuda`.
    """
    trained, room = len(_trained(model)), ROOM.get(device)
    groups = [kept_bytes(model, rows, width) for rows, width in shapes]
    whole = sum(groups)
    if room is None or whole <= room:
        return 0
    tokens = sum(rows * width for rows, width in shapes)
    spared = whole / trained - _handed_on(model) * tokens  # by a layer
    # One layer of one group is whole again when it comes to it.
    return min(trained, math.ceil((whole + max(groups) / trained - room) / spared))


def kept_bytes(model: Any, rows: int, width: int) -> int:
    """About what the trained layers of an encoder keep of `rows` texts of `width` tokens; 0 if unknown."""
    config = model.config
    hidden, heads = getattr(config, "hidden_size", 0), getattr(config, "num_attention_heads", 0)
    wide = getattr(config, "intermediate_size", None) or 4 * hidden
    sizes = [next(layer.parameters()).element_size() for layer in _trained(model)]
    # Of a token: what goes into the four products of attention, into both norms and both wide ones; of two tokens their weight.
    return sum(sizes) * rows * width * (8 * hidden + 2 * wide + 2 * heads * width)


@contextmanager
def again(model: Any, lowest: int) -> Iterator[None]:
    """While the block runs, the first `lowest` trained layers keep only what goes into them, if a gradient is asked for."""
    changed = _trained(model)[:lowest] if torch.is_grad_enabled() else []
    for layer in changed:
        # No dropout is trained with, so there is no state of a generator to go back to.
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False, preserve_rng_state=False)
    try:
        yield
    finally:
        for layer in changed:
            del layer.forward


def _handed_on(model: Any) -> int:
    """Bytes of a token between two layers."""
    return int(model.config.hidden_size) * next(model.parameters()).element_size()


def _trained(model: Any) -> list[Any]:
    """Layers with something to train, lowest first; none where a model keeps them in an unknown place."""
    try:
        found = layers(model)
    except BenchError:
        return []
    return [layer for layer in found if any(part.requires_grad for part in layer.parameters())]
