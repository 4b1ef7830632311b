"""Where encoders run, and in which precision."""

from __future__ import annotations

import re
from pathlib import Path

import torch


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
    try:
        described = Path("/proc/cpuinfo").read_text()
    except OSError:
        return None
    return torch.bfloat16 if multiplies_bf16_fast(described) else None


def multiplies_bf16_fast(cpuinfo: str) -> bool:
    """Whether bfloat16 is the faster precision on the processor that /proc/cpuinfo describes.

    Known, not measured at each start: a busy machine would measure something else in each process, and cells of one table
    would differ. Intel's AVX512-BF16 without AMX (virtual machines hide it) is the slower one: 1280 x 384 x 1536 on one core
    of a Sapphire Rapids, 84 GFLOP/s in bfloat16 and 140 in float32.
    """
    found = dict(re.findall(r"^(vendor_id|flags)\s*:\s*(.*)$", cpuinfo, re.MULTILINE))
    flags = found.get("flags", "").split()
    return "amx_bf16" in flags or ("avx512_bf16" in flags and found.get("vendor_id") == "AuthenticAMD")
