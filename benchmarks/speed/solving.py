"""Plans of entropic optimal transport between the tokens of texts; how exact they are says benchmarks/ot_solvers.py."""

from __future__ import annotations

from benchmarks.speed.race import OURS, Contestant, Row, missing, race

PART = "optimal transport"
EPSILON = 0.05


def measure(texts: int, repeats: int, rates: dict[str, float]) -> list[Row]:
    """A batch of pairs, masses exact: in one go, or pair by pair where a library knows no padding."""
    work = f"{texts} pairs of 4 to 48 tokens, epsilon {EPSILON}, exact masses"
    try:
        import ot

        from benchmarks.ot_solvers import Problem, default, geomloss_alone
    except ImportError:
        return [missing(PART, work, OURS, "the problems need POT: pip install -e '.[dev]'")]
    problem = Problem.make(texts)
    alone = [problem.alone(i) for i in range(texts)]

    def pot() -> None:
        for one in alone:
            a, b = (mass[0].double() / mass[0].double().sum() for mass in (one.a, one.b))
            ot.sinkhorn(a.numpy(), b.numpy(), one.cost[0].numpy(), EPSILON, stopThr=1e-3)

    return race(PART, work, [
        Contestant(f"{OURS}, all at once", lambda: default(problem, EPSILON, 0.0)),
        Contestant("geomloss, scaling 0.9, all at once", lambda: geomloss_alone(problem, EPSILON, 0.0, 0.9)),
        Contestant("POT, sinkhorn to 1e-3, pair by pair", pot),
    ], repeats, rates)  # fmt: skip
