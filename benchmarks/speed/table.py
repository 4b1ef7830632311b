"""The rows as a table for people and one for programs."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch

from bench.base.manifest import versions
from benchmarks.speed.race import GEMM, Row

OWN, OTHERS = ("torch", "transformers", "faiss-cpu", "numpy"), ("sentence-transformers", "mteb", "geomloss")
FLAGS = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8")
HEAD = "| by | s | fastest to slowest | times ours | of the possible |\n| --- | ---: | ---: | ---: | ---: |"


def write(rows: Sequence[Row], rates: dict[str, float], device: str, repeats: int, out: Path) -> str:
    """speed.csv and speed.md in `out`; gives back the text."""
    out.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([asdict(row) for row in rows]).to_csv(out / "speed.csv", index=False, float_format="%.4g")
    text = markdown(rows, rates, device, repeats)
    (out / "speed.md").write_text(text, encoding="utf-8")
    return text


def markdown(rows: Sequence[Row], rates: dict[str, float], device: str, repeats: int) -> str:
    """A section a piece of work; who was not measured stands below."""
    known = versions(OTHERS)
    packages = ", ".join(f"{name} {known[name]}" for name in (*OWN, *OTHERS) if name in known)
    product = " x ".join(map(str, GEMM))
    lines = [
        "# Speed",
        "",
        f"Medians of {repeats} runs, all in turn in one process ({machine(device)}; {packages}). Made by `python -m"
        " benchmarks.speed`; what each does is in its source.",
        "",
        f"This machine multiplies matrices ({product}) at {rates['float32'] / 1e9:,.0f} Gflop/s in float32 and"
        f' {rates["bfloat16"] / 1e9:,.0f} in bfloat16. "Of the possible" is the share of that rate, in the precision of the'
        " row, which the work reaches if no operation more than needed is counted: padding lowers it, and bounds that spare"
        " operations raise it, beyond 100 % too.",
    ]
    before = ""
    for part, work in dict.fromkeys((row.part, row.work) for row in rows):
        own = [row for row in rows if (row.part, row.work) == (part, work)]
        lines += ["", f"## {part.capitalize()}"] * (part != before)
        lines += ["", work[:1].upper() + work[1:] + "."]
        before = part
        measured = [_line(row) for row in own if row.seconds is not None]
        lines += ["", HEAD, *measured] if measured else []
        lines += [""] * any(row.note for row in own) + [f"{row.who}: {row.note}." for row in own if row.note]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    spread = "" if row.low is None or row.high is None else f"{row.low:.3g} to {row.high:.3g}"
    times = "" if row.times is None else f"{row.times:.2f}"
    possible = "" if row.possible is None else f"{row.possible:.0%}"
    return f"| {row.who} | {row.seconds:.3g} | {spread} | {times} | {possible} |"


def machine(device: str) -> str:
    """What it ran on, in words."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    model = platform.processor() or platform.machine()
    flags = ""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
        listed = next((line for line in lines if line.startswith("flags")), "").split()
        flags = ", ".join(flag for flag in FLAGS if flag in listed)
    except OSError:
        pass
    return f"{model}, threads: {torch.get_num_threads()}{', ' + flags if flags else ''}"
