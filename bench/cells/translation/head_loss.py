"""Cross-entropy over a large vocabulary, in one pass over the logits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROWS = 64  # logits at a time that are turned into float32: they stay in a processor's cache


class _CrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of `x W' + b`; the logits become their own gradient in place."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, target: Tensor) -> Tensor:
        logits = F.linear(x, weight, bias)
        losses = []
        for rows, own in zip(logits.split(ROWS), target.split(ROWS), strict=True):
            part = torch.log_softmax(rows.float(), 1)
            losses.append(F.nll_loss(part, own, reduction="sum"))
            part.exp_()
            part[torch.arange(len(own), device=own.device), own] -= 1
            rows.copy_(part)
        ctx.save_for_backward(x, weight, logits)
        return torch.stack(losses).sum() / len(target)

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, weight, logits = ctx.saved_tensors
        share = above[0] / len(x)
        return (logits @ weight) * share, (logits.T @ x) * share, logits.sum(0) * share, None


def cross_entropy(x: Tensor, head: nn.Linear, target: Tensor) -> Tensor:
    """Mean cross-entropy of an output layer.

    Args:
        x: (n, d) what goes into it; target: (n,) the rows that should come out.
    """
    bias = head.bias if head.bias is not None else torch.zeros(len(head.weight), dtype=x.dtype, device=x.device)
    return _CrossEntropy.apply(x, head.weight, bias, target)  # type: ignore[no-any-return]


def output_layer(decoder: Any) -> nn.Linear | None:
    """The layer that gives the logits, where it is the last thing a decoder does: in BERT, RoBERTa and their relatives."""
    head = getattr(getattr(decoder, "cls", None), "predictions", None) or getattr(decoder, "lm_head", None)
    layer = getattr(head, "decoder", None)
    return layer if type(layer) is nn.Linear and layer is decoder.get_output_embeddings() else None


@contextmanager
def without(layer: nn.Linear) -> Iterator[None]:
    """The layer passes on what it is given."""
    layer.forward = lambda x: x  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        del layer.forward  # type: ignore[method-assign]
