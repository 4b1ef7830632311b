"""Several ways to do the same work, timed in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

# (rows, inner, columns) of the product that says what the machine can do: the widening layer of e5-small on 2048 tokens.
GEMM = (2048, 384, 1536)
OURS = "this project"


@dataclass(frozen=True)
class Contestant:
    """One way to do the work.

    Attributes:
        name: who does it; ours begins with `OURS`.
        run: does it once. May return the seconds that it took, where it runs in another process.
        flop: additions and multiplications that the work needs at least, without padding; None where that says nothing.
        precision: of its products, `float32` or `bfloat16`.
    """

    name: str
    run: Callable[[], object]
    flop: float | None = None
    precision: str = "float32"


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        part, work: what was done.
        who: by whom.
        seconds, low, high: median, fastest and slowest run; None where not measured.
        times: of our time, how many times as long it took; None as above.
        possible: share of the rate at which this machine multiplies matrices in the same precision; None where no products
            are counted.
        note: why it was not measured.
    """

    part: str
    work: str
    who: str
    seconds: float | None = None
    low: float | None = None
    high: float | None = None
    times: float | None = None
    possible: float | None = None
    note: str = ""


def missing(part: str, work: str, who: str, reason: str) -> Row:
    """The row of what could not be measured here."""
    return Row(part, work, who, note=f"not measured: {reason}")


def race(part: str, work: str, contestants: Sequence[Contestant], repeats: int, rates: dict[str, float]) -> list[Row]:
    """Each runs once unmeasured, then all in turn, `repeats` times.

    Args:
        contestants: the first is ours; the others are compared with it.
        rates: operations a second by precision, of `gemm_rates`.
    """
    seconds: dict[str, list[float]] = {one.name: [] for one in contestants}
    for turn in range(repeats + 1):
        for one in contestants:
            start = time.perf_counter()
            told = one.run()
            took = told if isinstance(told, float) else time.perf_counter() - start
            if turn:
                seconds[one.name].append(took)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return [
        Row(
            part, work, one.name, medians[one.name], min(seconds[one.name]), max(seconds[one.name]),
            medians[one.name] / medians[contestants[0].name],
            None if one.flop is None else one.flop / medians[one.name] / rates[one.precision],
        )
        for one in contestants
    ]  # fmt: skip


def gemm_rates(device: str, repeats: int = 9) -> dict[str, float]:
    """Operations a second (multiplications and additions) of a matrix product in each precision: the best of some runs."""
    rows, inner, columns = GEMM
    found = {}
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        a, b = torch.randn(rows, inner, device=device).to(dtype), torch.randn(columns, inner, device=device).to(dtype)
        best = float("inf")
        for _ in range(repeats + 1):  # the first one warms up
            settle(device)
            start = time.perf_counter()
            torch.nn.functional.linear(a, b)
            settle(device)
            best = min(best, time.perf_counter() - start)
        found[name] = 2 * rows * inner * columns / best
    return found


def has_bfloat16(rates: dict[str, float]) -> bool:
    """Whether this machine multiplies bfloat16 itself: emulated, it reaches a tenth of the speed of float32."""
    return rates["bfloat16"] > rates["float32"] / 2


def settle(device: str) -> None:
    """Wait for a GPU, which otherwise answers before it has worked."""
    if device == "cuda":
        torch.cuda.synchronize()
