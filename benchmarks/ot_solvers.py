"""Solvers of entropic optimal transport side by side, on texts of realistic sizes: how exact, how fast.

`python -m benchmarks.ot_solvers --out FOLDER` writes ot_solvers.csv and ot_solvers.md. One thread; the vectors are
random, since a solver sees nothing of a text but its costs. Times are comparable within one table only. The exact
values come from POT, which is installed for tests (`pip install -e '.[dev]'`).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import ot
import pandas as pd
import torch
import torch.nn.functional as F
import typer
from torch import Tensor

from methods.losses.optical import OpticalParams
from methods.losses.transport import (
    TOLERANCE,
    cosine_cost,
    geomloss_potentials,
    plan,
    scaled,
    sinkhorn_steps,
    steps_needed,
    uniform_mass,
)  # fmt: skip

DEFAULT = OpticalParams()
REFERENCE_STEPS = 5000
SETTINGS = ((0.02, 0.2), (0.02, 0.0), (0.05, 0.0))  # (epsilon, reach): the default first, then exact masses
ALONE = 8  # texts that are also solved without batch mates and padding


@dataclass(frozen=True)
class Problem:
    """Texts x (B, N, d) and y (B, M, d) as unit vectors, and their masses a (B, N) and b (B, M), 0 on padding."""

    x: Tensor
    y: Tensor
    a: Tensor
    b: Tensor

    @classmethod
    def make(
        cls, texts: int = 64, shortest: int = 4, longest: int = 48, d: int = 384, noise: float = 1.0, seed: int = 0
    ) -> Problem:
        """Centred token vectors: those of a text share a component; each of x is one of y with noise."""
        g = torch.Generator().manual_seed(seed)
        n = torch.randint(shortest, longest + 1, (texts,), generator=g)
        ratio = 0.6 + torch.rand(texts, generator=g)  # languages differ in tokens per word
        m = (n * ratio).round().long().clamp(shortest, longest)
        y = torch.randn(texts, int(m.max()), d, generator=g) + 0.6 * torch.randn(texts, 1, d, generator=g)
        source = torch.randint(0, 1 << 30, (texts, int(n.max())), generator=g) % m[:, None]
        x = y.gather(1, source[:, :, None].expand(-1, -1, d))
        x = x + noise * torch.randn(x.shape, generator=g)
        masks = (torch.arange(int(size.max()))[None] < size[:, None] for size in (n, m))
        return cls(F.normalize(x, dim=-1), F.normalize(y, dim=-1), *map(uniform_mass, masks))

    def alone(self, i: int) -> Problem:
        """Text i without batch mates and padding."""
        n, m = int((self.a[i] > 0).sum()), int((self.b[i] > 0).sum())
        return Problem(self.x[i : i + 1, :n], self.y[i : i + 1, :m], self.a[i : i + 1, :n], self.b[i : i + 1, :m])

    @property
    def cost(self) -> Tensor:
        """(B, N, M) float64."""
        return cosine_cost(self.x.double(), self.y.double())

    def reference(self, epsilon: float, reach: float, steps: int = REFERENCE_STEPS) -> Tensor:
        """(B, N, M) float64 plan after many alternating steps."""
        return sinkhorn_steps(self.cost, self.a.double(), self.b.double(), epsilon, steps, reach=reach)

    def exact(self) -> Tensor:
        """(B,) value of unregularised transport with exact masses."""
        values = []
        for i in range(len(self.x)):
            one = self.alone(i)
            a, b = (mass[0].double() / mass[0].double().sum() for mass in (one.a, one.b))
            values.append(ot.emd2(a.numpy(), b.numpy(), one.cost[0].numpy()))
        return torch.tensor(values, dtype=torch.float64)


Solver = Callable[[Problem, float, float], Tensor]


def ipot(problem: Problem, beta: float, steps: int) -> Tensor:
    """Proximal point iterations with one inner step (IPOT, Xie et al. 2020, arXiv 1802.04307): no regularisation is left."""
    keep = (problem.a > 0).unsqueeze(2) & (problem.b > 0).unsqueeze(1)
    kernel = torch.exp(-cosine_cost(problem.x, problem.y) / beta) * keep
    rows, columns, found = problem.a.unsqueeze(2), problem.b.unsqueeze(1), keep.float()
    c = columns.clone()
    for _ in range(steps):
        found = found * kernel
        r = rows / (found * c).sum(2, keepdim=True).clamp_min(1e-30)
        c = columns / (found * r).sum(1, keepdim=True).clamp_min(1e-30)
        found = r * found * c
    return found


def default(problem: Problem, epsilon: float, reach: float) -> Tensor:
    """What `optical` uses."""
    return plan(problem.x, problem.y, problem.a, problem.b, epsilon, reach)


def geomloss_first(problem: Problem, epsilon: float, reach: float, scaling: float) -> Tensor:
    """`optical(solver=geomloss)`."""
    return plan(problem.x, problem.y, problem.a, problem.b, epsilon, reach, "geomloss", scaling)


def geomloss_alone(problem: Problem, epsilon: float, reach: float, scaling: float) -> Tensor:
    """Without any step after it."""
    f, g = geomloss_potentials(problem.x, problem.y, problem.a, problem.b, epsilon, reach, scaling)
    return sinkhorn_steps(cosine_cost(problem.x, problem.y), problem.a, problem.b, epsilon, 0, f, g, reach)


def alternating(problem: Problem, epsilon: float, reach: float, steps: int, then_scaled: bool = False) -> Tensor:
    """Log-domain steps from nothing; then, if asked for, scaling to the default's tolerance."""
    found = sinkhorn_steps(cosine_cost(problem.x, problem.y), problem.a, problem.b, epsilon, steps, reach=reach)
    return scaled(found, problem.a, problem.b, TOLERANCE) if then_scaled else found


def solvers(reach: float) -> dict[str, Solver]:
    """By name. Scaling and IPOT know exact masses only."""
    found: dict[str, Solver] = {"default: alternating steps, then scaled": default}
    if reach:
        found = {f"default: alternating steps, {steps_needed(DEFAULT.epsilon, reach)}": default}
    found["geomloss, then as the default"] = partial(geomloss_first, scaling=DEFAULT.scaling)
    for scaling in (0.5, 0.7, 0.9, 0.95, 0.99):
        found[f"geomloss alone, scaling {scaling}"] = partial(geomloss_alone, scaling=scaling)
    for steps in (20, 50, 100, 200, 500):
        found[f"alternating steps, {steps}"] = partial(alternating, steps=steps)
    if reach:
        return found
    for steps in (3, 30, 50):
        found[f"alternating steps, {steps}, then scaled"] = partial(alternating, steps=steps, then_scaled=True)
    for beta in (0.1, 0.5):
        for steps in (50, 100, 200):
            found[f"IPOT, beta {beta}, {steps}"] = partial(_ipot, beta=beta, steps=steps)
    return found


def _ipot(problem: Problem, epsilon: float, reach: float, beta: float, steps: int) -> Tensor:
    return ipot(problem, beta, steps)


def measure(problem: Problem, epsilon: float, reach: float, repeats: int) -> pd.DataFrame:
    """One row a solver; errors are those of the worst text.

    Columns: row_error and column_error, L1 distance of the masses from those that are due (with reach: from those of
    the reference); value_error, relative error of <P, C> against the regularised reference (so IPOT, which aims at
    the unregularised plan, is never without one); over_exact, mean <P, C> over the mean unregularised value;
    batch_mates, largest change of an entry when a text is solved alone; ms, median.
    """
    reference, cost = problem.reference(epsilon, reach), problem.cost
    due = (reference.sum(2), reference.sum(1)) if reach else (problem.a.double(), problem.b.double())
    value = (reference * cost).sum((1, 2))
    exact = None if reach else problem.exact()
    rows = []
    for name, solve in solvers(reach).items():
        seconds, found = [], torch.empty(0)
        for _ in range(repeats):
            start = time.perf_counter()
            found = solve(problem, epsilon, reach)
            seconds.append(time.perf_counter() - start)
        own = (found * cost).sum((1, 2))
        moved = 0.0
        for i in range(min(ALONE, len(problem.x))):
            alone = solve(problem.alone(i), epsilon, reach)[0]
            moved = max(moved, float((found[i, : alone.shape[0], : alone.shape[1]] - alone).abs().max()))
        rows.append({
            "epsilon": epsilon, "reach": reach, "solver": name,
            "row_error": float((found.sum(2) - due[0]).abs().sum(1).max()),
            "column_error": float((found.sum(1) - due[1]).abs().sum(1).max()),
            "value_error": float((own / value - 1).abs().max()),
            "over_exact": float("nan") if exact is None else float(own.mean() / exact.mean()),
            "batch_mates": moved, "ms": 1000 * statistics.median(seconds),
        })  # fmt: skip
    return pd.DataFrame(rows)


def main(
    texts: Annotated[int, typer.Option(help="Pairs of texts in the batch.")] = 64,
    repeats: Annotated[int, typer.Option(help="Runs of each solver; the median time counts.")] = 5,
    out: Annotated[Path | None, typer.Option(help="Folder for ot_solvers.csv and ot_solvers.md.")] = None,
) -> None:
    """Compare the solvers and print the table."""
    torch.set_num_threads(1)
    problem = Problem.make(texts)
    table = pd.concat([measure(problem, *setting, repeats) for setting in SETTINGS], ignore_index=True)
    formats = ("g", "g", "", ".1e", ".1e", ".1e", ".4f", ".0e", ".1f")
    text = table.to_markdown(index=False, floatfmt=formats, missingval="-")
    typer.echo(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        table.to_csv(out / "ot_solvers.csv", index=False, float_format="%.4g")
        (out / "ot_solvers.md").write_text(
            f"# Solvers of entropic optimal transport\n\n{texts} pairs of 4 to 48 tokens, 384 dimensions, one thread, median of"
            f" {repeats}. Made by `python -m benchmarks.ot_solvers`; columns are explained in its source.\n\n{text}\n",
            encoding="utf-8",
        )


if __name__ == "__main__":
    typer.run(main)
