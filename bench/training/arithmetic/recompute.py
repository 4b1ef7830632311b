"""A bound on what a step keeps in memory for its backward pass: what is beyond it is computed once more when it is needed.

A layer of a small encoder keeps 16 times as much as it hands on, so the few batches of long texts decide how much memory a
training needs. The same products of the same numbers give the same result: gradients stay what they were, to the last bit
(Chen et al. 2016, arXiv 1604.06174). Half of it, of long texts more, costs little to compute: weights of attention, activations,
norms. So layers first keep the results of their matrix products alone (Korthikanti et al. 2022, arXiv 2205.05198), and only
where that is not enough nothing but what goes into them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import torch
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

from bench.base.errors import BenchError
from bench.base.manifest import memory_limit
from bench.encoders.device.memory import give_back
from bench.training.freezing import layers

LEAST, MOST = 448 << 20, 768 << 20  # what multilingual-e5-small keeps of some 1,100 and 1,900 tokens
SHARE = 16  # of a machine's memory one process may keep this part: several cells run at the same time


def room_in(memory: int) -> int:
    """Bytes that layers may keep in a step, of so many bytes of main memory.

    >>> [room_in(gigabytes << 30) >> 20 for gigabytes in (4, 8, 16, 64)]
    [448, 512, 768, 768]
    """
    return min(max(LEAST, memory // SHARE), MOST)


# By device. A GPU has memory of its own, and would rather have the time.
ROOM = {"cpu": room_in(memory_limit())}
# With a weight and without a bias or with one. Products of two activations, in attention, are cheap for what they would keep.
PRODUCTS = {torch.ops.aten.addmm.default, torch.ops.aten.mm.default, torch.ops.aten.linear.default}
EVERY = 16  # steps that fill half of the room, to one that gives memory back: it costs a tenth of a step
_large = count()


class Spared(NamedTuple):
    """How many of the trained layers, counted from the lowest, keep less than all.

    Attributes:
        products: keep results of matrix products, and compute the rest again.
        nothing: of these, keep only what goes into them.
    """

    products: int = 0
    nothing: int = 0


def made_room(model: Any, shapes: Sequence[tuple[int, int]], device: str) -> Spared:
    """`beyond`; now and then, before a step that fills half of the room, memory that lies idle in pieces is given back."""
    room = ROOM.get(device)
    is_large = room is not None and 2 * sum(kept_bytes(model, rows, width) for rows, width in shapes) > room
    if is_large and next(_large) % EVERY == 0:
        give_back()
    return beyond(model, shapes, device)


def beyond(model: Any, shapes: Sequence[tuple[int, int]], device: str) -> Spared:
    """Which of the trained layers have to compute something again for all to find room.

    Args:
        shapes: texts and tokens of the longest one, of each group that goes through the model.
        device: `cpu` or `cuda`.
    """
    trained, room = len(_trained(model)), ROOM.get(device)
    groups = [kept_bytes(model, rows, width) for rows, width in shapes]
    whole = sum(groups)
    if room is None or whole <= room:
        return Spared()
    tokens = sum(rows * width for rows, width in shapes)
    all_of_it, products, handed_on = whole / trained, _of_products(model) * tokens, _handed_on(model) * tokens  # a layer
    # One layer of one group is whole again when it comes to it.
    excess = whole + max(groups) / trained - room
    if (lowest := math.ceil(excess / (all_of_it - products))) <= trained:
        return Spared(lowest)
    left = excess - trained * (all_of_it - products)
    return Spared(trained, min(trained, math.ceil(left / (products - handed_on))))


def kept_bytes(model: Any, rows: int, width: int) -> int:
    """About what the trained layers of an encoder keep of `rows` texts of `width` tokens; 0 if unknown."""
    config = model.config
    hidden, heads = getattr(config, "hidden_size", 0), getattr(config, "num_attention_heads", 0)
    sizes = [next(layer.parameters()).element_size() for layer in _trained(model)]
    # Of a token: what goes into the four products of attention, into both norms and both wide ones; of two tokens their weight.
    return sum(sizes) * rows * width * (8 * hidden + 2 * _wide(config) + 2 * heads * width)


@contextmanager
def again(model: Any, spared: Spared) -> Iterator[None]:
    """While the block runs, the lowest trained layers keep less, if a gradient is asked for.

    Not under torch's autocast: it casts weights once for both passes, and the products are then not found again.
    """
    changed = _trained(model)[: spared.products] if torch.is_grad_enabled() else []
    products = {"context_fn": partial(create_selective_checkpoint_contexts, _policy)}
    for number, layer in enumerate(changed):
        how: dict[str, Any] = {} if number < spared.nothing else products
        # No dropout is trained with, so there is no state of a generator to go back to.
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False, preserve_rng_state=False, **how)
    try:
        yield
    finally:
        for layer in changed:
            del layer.forward


def _policy(context: Any, operation: Any, *_: Any, **__: Any) -> CheckpointPolicy:
    """What `create_selective_checkpoint_contexts` asks of each operation."""
    return CheckpointPolicy.MUST_SAVE if operation in PRODUCTS else CheckpointPolicy.PREFER_RECOMPUTE


def _of_products(model: Any) -> int:
    """Bytes of a token that a layer keeps at the first of the two levels; more where its wide product has a gate.

    These are its input, query, key, value and output of attention, and what both wide products give.
    """
    config, size = model.config, next(_trained(model)[0].parameters()).element_size()
    return size * (6 * int(config.hidden_size) + _wide(config))


def _wide(config: Any) -> int:
    """Width between the two wide products of a layer; 0 if unknown."""
    return int(getattr(config, "intermediate_size", None) or 4 * getattr(config, "hidden_size", 0))


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
