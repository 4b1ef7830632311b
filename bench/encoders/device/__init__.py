"""Where encoders run, and in which precision."""

from __future__ import annotations

import torch

from bench.base.manifest import multiplies_bfloat16


def device_of(accelerator: str = "auto") -> str:
    """Where encoders run: the first GPU if there is one, else the processor."""
    return "cuda" if accelerator != "cpu" and torch.cuda.is_available() else "cpu"


def precision_of(asked: str) -> str:
    """The Lightning precision for `float32`, `bf16` or `auto`."""
    return "bf16-mixed" if autocast_dtype(asked, device_of()) else "32-true"


def autocast_dtype(precision: str, device: str | torch.device) -> torch.dtype | None:
    """What matrix products are computed in: bfloat16, or None for float32.

    `auto` takes bfloat16 where the hardware multiplies it faster than float32: CUDA; processors with AMX; AMD's with AVX512-BF16.
    """
    if precision != "auto":
        return {"bf16": torch.bfloat16, "float32": None}[precision]
    if torch.device(device).type == "cuda":
        return torch.bfloat16
    if torch.device(device).type != "cpu":
        return None
    return torch.bfloat16 if multiplies_bfloat16() else None
