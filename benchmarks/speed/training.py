"""Training: measured by `benchmarks.training`, which runs sentence-transformers' own trainer in turn with ours."""

from __future__ import annotations

from importlib import import_module

from bench.base.errors import BenchError
from benchmarks.speed.race import OURS, Row, has_bfloat16, missing

PART, WORK = "training", "a student by distillation"
PAIRS = 1000  # the seconds in the table are those of so many


def measure(quick: bool, repeats: int, rates: dict[str, float]) -> list[Row]:
    """Two rows a comparison, as seconds for `PAIRS` pairs; or one that says why there are none.

    Args:
        rates: operations a second by precision, of `gemm_rates`.
    """
    bf16 = has_bfloat16(rates)
    try:
        short = {"pairs": 64} if quick else {}
        found = import_module("benchmarks.training").measure(**short, rounds=repeats, bf16=bf16)
    except ModuleNotFoundError as error:
        return [missing(PART, WORK, OURS, f"{error.name} is not there")]
    except BenchError as error:
        return [missing(PART, WORK, OURS, f"{error.message}; {error.hint}")]
    slow = "this machine emulates bfloat16, and nobody would train so"
    rows = [] if bf16 else [missing(PART, f"{PAIRS} pairs: everything, bf16", OURS, slow)]
    for one in found:
        what, _, other = one["what"].removeprefix("training, ").partition("; ")
        work = f"{PAIRS} pairs: {what}"
        reached = rates["bfloat16" if "bf16" in what else "float32"]
        for side, who, times in (("ours", OURS, 1.0), ("theirs", other or "sentence-transformers", one["ratio"])):
            slowest, fastest = one["spread"][side]
            possible = one["flop"] and one["flop"] * one[side] / reached
            rows.append(Row(PART, work, who, PAIRS / one[side], PAIRS / fastest, PAIRS / slowest, times, possible))
    return rows
