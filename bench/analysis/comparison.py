"""Two methods against each other, from the files of an experiment. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from bench.analysis.arms import Scores
from bench.analysis.left_out import LeftOut
from bench.analysis.results import Experiment, Plan
from bench.analysis.verdicts.family import EXPLORATORY, PRIMARY, ROW, corrected, declared
from bench.analysis.verdicts.rows import Point, row
from bench.base.errors import BenchError, unknown
from methods.facts import facts

GROUPS = ("trained", "core", "held-out", "guard")
COLUMNS = (
    "order", "scorer", "group", "size", "tasks", "first", "second", "family", "first_mean", "second_mean",
    "difference", "low", "high", "se", "df", "question_se", "run_se", "runs", "p", "p_holm", "p_equivalent",
    "p_equivalent_holm", "margin", "within_margin", "smallest", "verdict", "ahead", "behind", "level",
    "first_beats", "second_beats", "first_beats_in", "second_beats_in", "languages", "languages_declared",
    "places", "places_declared", "questions", "questions_tied", "units", "seeds", "seed_sd", "seeds_ahead", "seed_sizes",
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """What was found: `rows` with COLUMNS, and `notes`: whatever was left out of them, with counts."""

    first: str
    second: str
    rows: pd.DataFrame
    notes: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)  # of the two, where a short name stands for them
    primary: int = 0  # tests that the correction of primary rows goes over, of all pairs


class Comparer:
    """Compares pairs of one experiment; what they share is read once."""

    def __init__(self, experiment: Experiment, margin: float | None = None) -> None:
        """`margin`: of equivalence; None takes the profile's."""
        self.experiment, self.plan = experiment, experiment.plan
        self.methods = list(dict.fromkeys(cell.name.method for cell in experiment.cells))
        self.declared = declared(experiment.plan)
        self.margin = self.declared.margin if margin is None else margin
        self._scores: dict[tuple[str, ...], Scores] = {}

    def rows(
        self, first: str, second: str, left: LeftOut, sizes: Sequence[int] = (), scorers: Sequence[str] = (),
        tasks: Sequence[str] = (), groups: Sequence[str] = (), over_sizes: bool = False, orders: Sequence[str] = (),
    ) -> list[dict[str, Any]]:  # fmt: skip
        """One row an order, scorer, group and size (or mean over sizes), uncorrected."""
        rows: list[dict[str, Any]] = []
        for order in orders or self.plan.orders:
            scores = self.scores(order, first, second, left, sizes)
            if not scores.places:
                continue
            names = [_known("task", name, scores.tasks) for name in tasks] or list(scores.tasks)
            for task, few in scores.few.items():
                if task in names:
                    listed = ", ".join(f"{code} {count}" for code, count in sorted(few.items()))
                    left.cells.append(f"{task}: too few questions to count in its mean: {listed}")
            for scorer in _scorers(scores, scorers, first, second, left):
                for group in groups or GROUPS:
                    points = self._points(scores, order, scorer, group, names, (first, second), left, sizes, groups, over_sizes)
                    for chosen in [points] if over_sizes else [[point] for point in points]:
                        if any(point.common for point in chosen):
                            found = {"order": order, "scorer": scorer, "group": group, "first": first, "second": second}
                            rows.append(found | row(scores, chosen, self.margin))
        return rows

    def scores(self, order: str, first: str, second: str, left: LeftOut, sizes: Sequence[int]) -> Scores:
        """Those of an order, without runs of the two methods that the other has none to hold against."""
        cells = [cell for cell in self.experiment.cells if cell.name.order == order]
        where = f"order {order}, " if len(self.plan.orders) > 1 else ""
        kept = left.same_seeds(cells, (first, second), sizes or self.plan.sizes_of(order), where)
        key = tuple(cell.name.id for cell in kept)
        if key not in self._scores:
            self._scores[key] = Scores(kept, self.plan.tasks, self.plan.min_questions)
        return self._scores[key]

    def primary(self) -> pd.DataFrame:
        """All declared rows that there are results for, corrected over all of them; in the profile's own order of languages."""
        rows: list[dict[str, Any]] = []
        own = next(iter(self.plan.orders))
        for first, second in self.declared.pairs:
            if {first, second} <= set(self.methods):
                wanted = self.declared
                sizes = [size for size in wanted.sizes if size in self.plan.sizes_of(own)]
                scorers = [name for name in wanted.scorers if name in facts(first).scorers and name in facts(second).scorers]
                rows += self.rows(first, second, LeftOut(), sizes, scorers, (), wanted.groups, wanted.over_sizes, [own])
        return corrected(pd.DataFrame(rows).assign(family=PRIMARY)) if rows else pd.DataFrame()

    def _points(
        self, scores: Scores, order: str, scorer: str, group: str, tasks: Sequence[str], names: tuple[str, str], left: LeftOut,
        sizes: Sequence[int], groups: Sequence[str], over_sizes: bool,
    ) -> list[Point]:  # fmt: skip
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


def compare(
    experiment: Experiment, first: str, second: str, sizes: Sequence[int] = (), scorers: Sequence[str] = (),
    tasks: Sequence[str] = (), groups: Sequence[str] = (), over_sizes: bool = False, margin: float | None = None,
    comparer: Comparer | None = None,
) -> Comparison:  # fmt: skip
    """`first` - `second`, nDCG@10, for every order, scorer, group of languages and size; () takes all there are.

    A row goes over the languages and tasks of its group (places) on which both methods have answered
    every question that anybody was asked, in the seeds that both have; means go over languages, then tasks.
    Its standard error is over questions and training runs (`bench.analysis.verdicts.variance`); interval, test, test of
    equivalence and smallest difference all follow from it. The verdict rests on p-values with Holm's correction: over all
    comparisons that the profile declares as primary, of whatever methods, or else over the exploratory rows shown.
    `first_beats` counts languages by partial conjunction, one-sided with half the
    level for each direction, `first_beats_in` names them by Holm's procedure. Everything left out is in the notes.
    The core group has no row where it is the trained group: the same question asked twice would cost power.

    Args:
        over_sizes: one row a scorer and group, the mean over sizes (`size` lists them): few tests, so more is found.
        margin: differences below it are of no interest; None takes the profile's.
        comparer: of this experiment, if there is one already.

    Raises:
        BenchError: an unknown name or size, the same method twice, or nothing to compare.
    """
    left, comparer = LeftOut(), comparer or Comparer(experiment, margin)
    plan = experiment.plan
    first, second = (_known("method", name.replace(" ", ""), comparer.methods) for name in (first, second))
    if first == second:
        raise BenchError(f"{first!r} is compared with itself", "name two methods")
    for kind, given, allowed in (("size", sizes, plan.sizes), ("group", groups, GROUPS)):
        for one in given:
            _known(kind, str(one), list(map(str, allowed)))
    rows = comparer.rows(first, second, left, sizes, scorers, tasks, groups, over_sizes)
    if not rows:
        found = "; ".join(left.notes()) or "neither has a result"
        raise BenchError(f"nothing to compare of {first!r} and {second!r}: {found}", "run the cells that are missing first")
    whole = not (sizes or scorers or tasks or groups)
    table, tests = _families(comparer, pd.DataFrame(rows), (first, second), bool(tasks), whole)
    settings = {name: plan.names[name] for name in (first, second) if name in plan.names}
    return Comparison(first, second, table[list(COLUMNS)], left.notes(), settings, tests)


def _families(
    comparer: Comparer, rows: pd.DataFrame, pair: tuple[str, str], of_tasks: bool, whole: bool
) -> tuple[pd.DataFrame, int]:
    """Rows with their verdicts, those of the pair that are primary first, and how many tests are primary in all.

    Rows of single tasks are never primary. `whole`: nothing was picked, so primary rows are shown that were not asked for.
    """
    is_declared = any(set(pair) == set(one) for one in comparer.declared.pairs)
    primary = comparer.primary() if is_declared and not of_tasks else pd.DataFrame()
    rows = rows.assign(family=EXPLORATORY)
    if not len(primary):
        return corrected(rows), 0
    own = primary[[{first, second} == set(pair) for first, second in zip(primary["first"], primary["second"], strict=True)]]
    if len(own) and own["first"].iloc[0] != pair[0]:
        own = turned(own)
    asked = set(rows[list(ROW)].itertuples(index=False, name=None))
    is_own = set(own[list(ROW)].itertuples(index=False, name=None))
    others = rows[[tuple(one) not in is_own for one in rows[list(ROW)].itertuples(index=False, name=None)]]
    shown = own if whole else own[[tuple(one) in asked for one in own[list(ROW)].itertuples(index=False, name=None)]]
    parts = [part for part in (shown, corrected(others) if len(others) else others) if len(part)]
    return pd.concat(parts, ignore_index=True), len(primary)


def turned(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows with first and second exchanged."""
    ends, sides = ("", "_mean", "_beats", "_beats_in"), (("first", "second"), ("second", "first"))
    swapped = rows.rename(columns={
        **{f"{one}{end}": f"{other}{end}" for one, other in sides for end in ends},
        "ahead": "behind", "behind": "ahead", "low": "high", "high": "low",
    })  # fmt: skip
    for name in ("difference", "low", "high"):
        swapped[name] = -swapped[name]
    swapped["seeds_ahead"] = swapped["seeds"] - swapped["seeds_ahead"]
    swapped["verdict"] = swapped["verdict"].replace({"better": "worse", "worse": "better"})
    return swapped


def _known(kind: str, given: str, allowed: Sequence[str]) -> str:
    if given not in allowed:
        raise unknown(kind, given, allowed)
    return given


def _scorers(scores: Scores, wanted: Sequence[str], first: str, second: str, left: LeftOut) -> list[str]:
    """The scorers asked for, or all that both methods have; what only one has is told.

    Raises:
        BenchError: the methods have none in common, or one of `wanted` only one of them has.
    """
    own = {name: facts(name).scorers for name in (first, second)}
    both = [scorer for scorer in scores.scorers if all(scorer in has for has in own.values())]
    asked = [_known("scorer", name, scores.scorers) for name in wanted]
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
    return set(plan.core_of(order)) == set(plan.group("trained", order, size))
