"""Where encoders run, and in which precision."""

from __future__ import annotations

from bench.encoders.encoder import autocast_dtype


def device_of(accelerator: str = "auto") -> str:
    """Where encoders run: the first GPU if there is one, else the processor."""
    import torch

    return "cuda" if accelerator != "cpu" and torch.cuda.is_available() else "cpu"


def precision_of(asked: str) -> str:
    """The Lightning precision for `float32`, `bf16` or `auto`."""
    return "bf16-mixed" if autocast_dtype(asked, device_of()) else "32-true"
