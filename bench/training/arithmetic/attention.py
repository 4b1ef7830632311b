"""Which of the attentions of `transformers` a model trains with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

# On processors torch's fused attention has a backward pass that takes 2 to 3 times as long as a whole layer should: in
# bfloat16 it took a third of a step (multilingual-e5-small, 32 texts of 40 tokens), where plain products take a twentieth.
FASTEST = {"cpu": "eager", "cuda": "sdpa"}


@contextmanager
def attention(model: torch.nn.Module, device: str) -> Iterator[str]:
    """Switch a model to what is fast on `device`, and back; yields what it trains with.

    A model that has no such attention, or whose own was chosen on purpose (neither `eager` nor `sdpa`), stays as it is.
    """
    parts = [part for part in model.modules() if isinstance(part, PreTrainedModel)]
    before = [part.config._attn_implementation for part in parts]
    wanted = FASTEST.get(device)
    try:
        for part, own in zip(parts, before, strict=True):
            if wanted and own in FASTEST.values():
                _switch(part, wanted)
        yield ", ".join(sorted({str(part.config._attn_implementation) for part in parts})) or "its own"
    finally:
        for part, own in zip(parts, before, strict=True):
            if own is not None:
                _switch(part, own)


def _switch(part: PreTrainedModel, wanted: str) -> None:
    try:
        part.set_attn_implementation(wanted)
    except (ValueError, ImportError):  # it has not got it
        return
