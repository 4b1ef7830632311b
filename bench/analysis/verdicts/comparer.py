"""Pairs of methods of one experiment, row by row: what is compared with what, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pandas as pd

from bench.analysis.arms import Scores, scores_of
from bench.analysis.results import Experiment, Plan
from bench.analysis.verdicts.family import PRIMARY, corrected, declared
from bench.analysis.verdicts.left_out import LeftOut
from bench.analysis.verdicts.rows import Point, row
from bench.base.errors import BenchError, unknown
from bench.base.progress import parts, steps
from bench.experiment.profile.comparison import GROUPS
from methods.facts import facts

COMPARING = "comparing"  # phase of progress


class Comparer:
    """Compares pairs of one experiment; what they share is read once."""

    def __init__(self, experiment: Experiment, margin: float | None = None) -> None:
        """`margin`: of equivalence; None takes the profile's."""
        self.experiment, self.plan = experiment, experiment.plan
        self.methods = list(dict.fromkeys(cell.name.method for cell in experiment.cells))
        self.declared = declared(experiment.plan)
        self.margin = self.declared.margin if margin is None else margin

    def rows(
        self, first: str, second: str, left: LeftOut, sizes: Sequence[int] = (), scorers: Sequence[str] = (),
        tasks: Sequence[str] = (), groups: Sequence[str] = (), over_sizes: bool = False, orders: Sequence[str] = (),
    ) -> list[dict[str, Any]]:  # fmt: skip
        """One row an order, scorer, group and size (or mean over sizes), uncorrected."""
        rows: list[dict[str, Any]] = []
        for order in parts(list(orders or self.plan.orders)):
            scores = self.scores(order, first, second, left, sizes)
            if not scores.places:
                continue
            names = asked_tasks(scores, tasks, left)
            asked = list(product(common_scorers(scores, scorers, first, second, left), groups or GROUPS))
            for scorer, group in steps(COMPARING, asked):
                points = self.points(scores, order, scorer, group, names, (first, second), left, sizes, groups, over_sizes)
                for chosen in [points] if over_sizes else [[point] for point in points]:
                    if any(point.common for point in chosen):
                        found = {"order": order, "scorer": scorer, "group": group, "first": first, "second": second}
                        rows.append(found | row(scores, chosen, self.margin))
                        if rows[-1]["units"] < 2:
                            left.cells.append(f"{scorer} {group}: all questions ask for one document, so there is no interval")
        return rows

    def scores(self, order: str, first: str, second: str, left: LeftOut, sizes: Sequence[int]) -> Scores:
        """Those of an order, without runs of the two methods that the other has none to hold against."""
        cells = [cell for cell in self.experiment.cells if cell.name.order == order]
        where = f"order {order}, " if len(self.plan.orders) > 1 else ""
        kept = left.same_seeds(cells, (first, second), sizes or self.plan.sizes_of(order), where)
        return scores_of(self.experiment, kept)

    def primary(self) -> pd.DataFrame:
        """All declared rows that there are results for, corrected over all of them; in the profile's own order of languages."""
        rows: list[dict[str, Any]] = []
        own = next(iter(self.plan.orders))
        for first, second in self.declared.pairs:
            if {first, second} <= set(self.methods):
                wanted = self.declared
                sizes = [size for size in wanted.sizes if size in self.plan.sizes_of(own)]
                scorers = [name for name in wanted.scorers if all(facts(one).scored_with(name) for one in (first, second))]
                rows += self.rows(first, second, LeftOut(), sizes, scorers, (), wanted.groups, wanted.over_sizes, [own])
        return corrected(pd.DataFrame(rows).assign(family=PRIMARY)) if rows else pd.DataFrame()

    def points(
        self, scores: Scores, order: str, scorer: str, group: str, tasks: Sequence[str], names: tuple[str, str], left: LeftOut,
        sizes: Sequence[int], groups: Sequence[str], over_sizes: bool,
    ) -> list[Point]:  # fmt: skip
        """The sizes at which both have results, with the places that both have answered."""
        points: list[Point] = []
        for size in sizes or self.plan.sizes_of(order):
            repeated = group == "core" and "trained" in (groups or GROUPS) and _core_is_trained(self.plan, order, size)
            first, second = (scores.index(name, size) for name in names)
            if first is None or second is None or (repeated and not over_sizes):
                continue
            asked = [at for name in tasks if (at := scores.at(scorer, name, self.plan.group(group, order, size)))]
            # Methods that are not trained are the same at every size: one test of the same places is enough.
            if any(point.pair == (first, second) and point.declared == asked for point in points):
                continue
            if scores.arms[first].done and scores.arms[second].done and asked:
                common = left.common(scores, f"{scorer} {group} N = {size}", (first, second), asked)
                points.append(Point(size, (first, second), asked, common))
        return points


def known(kind: str, given: str, allowed: Sequence[str]) -> str:
    """`given`; raises `BenchError` with the nearest matches if it is not allowed."""
    if given not in allowed:
        raise unknown(kind, given, allowed)
    return given


def comparable(first: str, second: str) -> bool:
    """Whether two methods have a scorer in common."""
    return bool(set(facts(first).scorers) & set(facts(second).scorers))


def asked_tasks(scores: Scores, wanted: Sequence[str], left: LeftOut) -> list[str]:
    """The tasks asked for, or all; what of them does not count, or not as it should, is told.

    Raises:
        BenchError: an unknown task.
    """
    names = [known("task", name, scores.tasks) for name in wanted] or list(scores.tasks)
    left.of_tasks(scores, names)
    return names


def common_scorers(scores: Scores, wanted: Sequence[str], first: str, second: str, left: LeftOut) -> list[str]:
    """The scorers asked for, or all that both methods have; what only one has is told.

    Raises:
        BenchError: the methods have none in common, or one of `wanted` only one of them has.
    """
    own = {name: [one for one in scores.scorers if facts(name).scored_with(one)] for name in (first, second)}
    both = [scorer for scorer in scores.scorers if all(scorer in has for has in own.values())]
    asked = [known("scorer", name, scores.scorers) for name in wanted]
    said = " and ".join(f"{name} is scored with {', '.join(has)}" for name, has in own.items())
    if not set(own[first]) & set(own[second]):
        raise BenchError(f"nothing to compare: {said}", "hold each against methods that have a scorer in common with it")
    if alone := [scorer for scorer in asked if scorer not in both]:
        raise BenchError(f"nothing to compare with the scorer {alone[0]}: {said}", "leave --scorer out")
    for name, has in own.items():
        left.cells += [f"{scorer}: only {name} is scored with it" for scorer in scores.scorers
                       if scorer in has and scorer not in both and not asked]  # fmt: skip
    return asked or both


def _core_is_trained(plan: Plan, order: str, size: int) -> bool:
    return set(plan.group("core", order, size)) == set(plan.group("trained", order, size))
