"""From the states of tokens to one vector, in the modes of sentence-transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

POOLINGS = ("mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")


def pool(hidden: Tensor, attention: Tensor | None, mode: str) -> Tensor:
    """(B, L, d) states -> (B, d).

    Args:
        hidden: of all tokens, specials included; padding on the right.
        attention: (B, L) bool, False for padding; None where there is none.
        mode: `mean`; `cls`, the first token; `lasttoken`; `max` of each coordinate; `mean_sqrt_len_tokens`, the sum over the
            root of the number of tokens; `weightedmean`, where token i of a text weighs i, counted from one.
    """
    if mode == "cls":
        return hidden[:, 0]
    hidden = hidden.float()  # a sum of many bfloat16 numbers loses more than each of them has
    if attention is None:
        attention = hidden.new_ones(hidden.shape[:2], dtype=bool)  # type: ignore[call-overload]
        if mode == "mean":
            return hidden.mean(1)
    if mode == "lasttoken":
        return hidden[range(len(hidden)), attention.sum(1) - 1]
    if mode == "max":
        return hidden.masked_fill(~attention.unsqueeze(-1), float("-inf")).amax(1)
    weights = attention.to(hidden.dtype).unsqueeze(-1)
    if mode == "weightedmean":
        weights = weights.cumsum(1) * weights
    total = weights.sum(1)
    return (hidden * weights).sum(1) / (total.sqrt() if mode == "mean_sqrt_len_tokens" else total)
