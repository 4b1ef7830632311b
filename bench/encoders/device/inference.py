"""The same encoder with less work, for as long as texts are only encoded: attention, casts and activations on a processor.

On a GPU nothing of this is needed: there autocast casts weights once for all batches, and the fused attention is fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

# Tokens of a text up to which the plain products are faster. One core of an EPYC with AVX512-BF16, 2048 tokens, 12 heads, ms:
# texts of 16 tokens 3.3 (PyTorch's own kernel 4.6), of 26 5.4 (6.3), of 64 8.7 (6.1).
SHORT = 40
NAME = "short_or_sdpa"
MORE = ("position_bias", "is_causal", "cache", "softcap")  # what some models add (T5 its positions) and the plain products lack
Linear = Callable[[Tensor], Tensor]


@contextmanager
def quick(model: Any, dtype: torch.dtype | None) -> Iterator[None]:
    """While the block runs, `model` gives the same states, to the noise of its precision, in less time.

    The model must not be trained meanwhile: its weights are copied at the start.

    Args:
        model: a `transformers` encoder in evaluation mode.
        dtype: of matrix products under autocast; None: float32.
    """
    if next(model.parameters()).device.type != "cpu":
        yield
        return
    with ExitStack() as stack:
        stack.enter_context(short_attention(model))
        if dtype == torch.bfloat16:
            stack.enter_context(cast_once(model))
        yield


@contextmanager
def short_attention(model: Any) -> Iterator[None]:
    """Attention of short texts as two products and a softmax, in float32; of longer ones as before (`SHORT`)."""
    if getattr(getattr(model, "config", None), "_attn_implementation", None) != "sdpa":
        yield
        return
    AttentionInterface.register(NAME, _attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        model.set_attn_implementation("sdpa")


def _attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, dropout: float = 0.0,
    scaling: float | None = None, **more: Any,
) -> tuple[Tensor, None]:  # fmt: skip
    """(B, heads, L, d) queries, keys and values, bool mask -> (B, L, heads, d), as `transformers` asks attention for it."""
    plain = query.shape == key.shape and query.shape[2] <= SHORT and not getattr(module, "is_causal", False)
    plain &= all(more.get(name) is None or more[name] is False for name in MORE)
    if not plain or dropout or (attention_mask is not None and attention_mask.dtype != torch.bool):
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout, scaling, **more)
    with torch.autocast(query.device.type, enabled=False):
        scores = query.float() @ key.float().transpose(2, 3)
        scores *= query.shape[-1] ** -0.5 if scaling is None else scaling
        if attention_mask is not None:
            scores.masked_fill_(~attention_mask, torch.finfo(torch.float32).min)
        found = scores.softmax(-1) @ value.float()
    return found.transpose(1, 2).to(query.dtype, memory_format=torch.contiguous_format), None


@contextmanager
def cast_once(model: nn.Module) -> Iterator[None]:
    """Every linear layer works on a bfloat16 copy of its weights, laid out for the processor; GELU is computed in the same pass.

    Autocast alone casts the input of the layers for query, key and value three times.
    """
    last: list[Tensor] = [torch.empty(0), torch.empty(0)]  # an input, and what it was cast to

    def cast(x: Tensor) -> Tensor:
        if x.dtype == torch.bfloat16:
            return x
        if x is not last[0]:
            last[:] = [x, x.to(torch.bfloat16)]
        return last[1]

    changed: list[nn.Module] = []
    fused: set[nn.Module] = set()
    try:
        for module in model.modules():
            if _is_gelu_layer(module):
                module.forward = _layer(module.dense, cast, "gelu")  # type: ignore[operator, arg-type, assignment]
                changed.append(module)
                fused.add(module.dense)  # type: ignore[arg-type]
        for module in model.modules():
            if type(module) is nn.Linear and module not in fused:
                module.forward = _layer(module, cast, "none")  # type: ignore[method-assign, assignment]
                changed.append(module)
        yield
    finally:
        for module in changed:
            del module.forward


def _is_gelu_layer(module: nn.Module) -> bool:
    """BERT's layer that widens, and that of its relatives: a linear layer, then GELU without approximation."""
    act = getattr(module, "intermediate_act_fn", None)
    exact = getattr(act, "act", act) is F.gelu or (isinstance(act, nn.GELU) and act.approximate == "none")
    return exact and type(getattr(module, "dense", None)) is nn.Linear and not any(
        name not in ("dense", "intermediate_act_fn") for name, _ in module.named_children()
    )  # fmt: skip


def _layer(linear: nn.Linear, cast: Callable[[Tensor], Tensor], then: str) -> Linear:
    weight = linear.weight.detach().to(torch.bfloat16)
    bias = None if linear.bias is None else linear.bias.detach().to(torch.bfloat16)
    if packs():
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, None)
        return lambda x: torch.ops.mkldnn._linear_pointwise(cast(x), packed, bias, then, [], "none")
    if then == "gelu":
        return lambda x: F.gelu(F.linear(cast(x), weight, bias))
    return lambda x: F.linear(cast(x), weight, bias)


@cache
def packs() -> bool:
    """Whether PyTorch can lay weights out for this processor and fuse GELU; what it does so is looked at once."""
    try:
        x, weight, bias = (torch.linspace(-1, 1, n).to(torch.bfloat16) for n in (32, 128, 8))
        x, weight = x.view(2, 16), weight.view(8, 16)
        with torch.inference_mode():
            packed = torch.ops.mkldnn._reorder_linear_weight(weight, None)
            found = torch.ops.mkldnn._linear_pointwise(x, packed, bias, "gelu", [], "none").float()
            return bool(torch.allclose(found, F.gelu(F.linear(x.float(), weight.float(), bias.float())), atol=0.05))
    except (AttributeError, RuntimeError, NotImplementedError):  # other builds of PyTorch lack these
        return False
