"""Two methods against each other, from the files of an experiment. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.results import Experiment
from bench.analysis.verdicts.comparer import Comparer, known
from bench.analysis.verdicts.family import EXPLORATORY, PRIMARY, ROW, corrected
from bench.analysis.verdicts.left_out import LeftOut
from bench.analysis.verdicts.slopes import slopes
from bench.base.errors import BenchError
from bench.experiment.mixture import sentence
from bench.experiment.profile.comparison import GROUPS

COLUMNS = (
    "order", "scorer", "group", "size", "tasks", "first", "second", "family", "first_mean", "second_mean",
    "difference", "low", "high", "se", "df", "question_se", "run_se", "runs", "p", "p_holm", "p_equivalent",
    "p_equivalent_holm", "margin", "within_margin", "smallest", "smallest_corrected", "verdict", "ahead", "behind", "level",
    "first_beats", "second_beats", "first_beats_in", "second_beats_in", "languages", "languages_declared",
    "places", "places_declared", "questions", "questions_tied", "units", "seeds", "seed_sd", "seeds_ahead", "seed_sizes",
)  # fmt: skip
SLOPE = ("order", "scorer", "group")  # what tells slopes of one pair apart
VERDICT = ("p_holm", "p_equivalent_holm", "within_margin", "smallest_corrected", "verdict")  # what a correction decides


@dataclass(frozen=True)
class Found:
    """What was found of two methods: `rows`, and `notes`: whatever was left out of them, with counts."""

    first: str
    second: str
    rows: pd.DataFrame
    notes: tuple[str, ...]
    mixed: tuple[str, ...] = ()  # in what the machines that the cells of the two were made on differ


@dataclass(frozen=True)
class Comparison(Found):
    """Found on differences: `rows` with COLUMNS."""

    settings: Mapping[str, str] = field(default_factory=dict)  # of the two, where a short name stands for them
    primary: int = 0  # tests that the correction of primary rows goes over, of all pairs


@dataclass(frozen=True)
class SlopeComparison(Found):
    """Found on slopes: `rows` with `verdicts.slopes.COLUMNS`."""


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
    comparisons that the profile declares as primary, of whatever methods, or else over all exploratory rows of the two,
    whichever of them are shown.
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
    first, second = _checked(comparer, first, second, sizes, groups)
    tasks, of_means = _some(tasks, plan.tasks), _some(sizes, plan.sizes) if over_sizes else ()
    asked = comparer.rows(first, second, left, sizes, scorers, tasks, groups, over_sizes)
    if not asked:
        found = "; ".join(left.notes()) or "neither has a result"
        raise BenchError(f"nothing to compare of {first!r} and {second!r}: {found}", "run the cells that are missing first")
    # Verdicts are those of the whole table, so that who looks at less of it does not find more.
    table, tests = _whole(comparer, (first, second), tasks, of_means, over_sizes)
    if sizes or scorers or groups:
        table = _pick(table, pd.DataFrame(asked))
    settings = {name: plan.names[name] for name in (first, second) if name in plan.names}
    mixed = _mixed(experiment, first, second)
    return Comparison(first, second, table[list(COLUMNS)].reset_index(drop=True), left.notes(), mixed, settings, tests)


def compare_slopes(
    experiment: Experiment, first: str, second: str, sizes: Sequence[int] = (), scorers: Sequence[str] = (),
    tasks: Sequence[str] = (), groups: Sequence[str] = (), margin: float | None = None,
) -> SlopeComparison:  # fmt: skip
    """Slopes of two methods against each other (`verdicts.slopes`), alone or among the declared pairs that they are one of.

    Raises:
        BenchError: an unknown name or size, the same method twice, or no two sizes in common.
    """
    comparer, left = Comparer(experiment, margin), LeftOut()
    first, second = _checked(comparer, first, second, sizes, groups)
    tasks, sizes = _some(tasks, experiment.plan.tasks), _some(sizes, experiment.plan.sizes)
    declared = [pair for pair in comparer.declared.pairs if set(pair) <= set(comparer.methods)]
    others = [pair for pair in declared if set(pair) != {first, second}] if not (tasks or sizes) else []
    found = slopes(comparer, [(first, second)], left, sizes, scorers, tasks, groups)
    if not len(found):
        why = "; ".join(left.notes()) or "they have fewer than two sizes in common"
        raise BenchError(f"no slopes to compare of {first!r} and {second!r}: {why}", "run the cells that are missing first")
    if scorers or groups or others:
        # Holm goes over all slopes of the two, and over the primary ones of all pairs, whatever is shown of them.
        whole = slopes(comparer, [(first, second), *others], LeftOut(), sizes, (), tasks)
        own = whole[(whole["first"] == first) & (whole["second"] == second)].set_index(list(SLOPE))
        wanted = [tuple(key) for key in found[list(SLOPE)].itertuples(index=False, name=None)]
        for name in VERDICT:
            found[name] = own.loc[wanted, name].to_numpy()
    return SlopeComparison(first, second, found, left.notes(), _mixed(experiment, first, second))


def with_notes(found: Found) -> pd.DataFrame:
    """The rows; what was left out, and on what differing machines cells were made, stands in `.attrs["notes"]`."""
    rows = found.rows.reset_index(drop=True)
    rows.attrs["notes"] = [*(f"made on different hardware or software: {line}" for line in found.mixed), *found.notes]
    return rows


def _mixed(experiment: Experiment, first: str, second: str) -> tuple[str, ...]:
    return tuple(sentence(one) for one in experiment.mixtures((first, second)))


def _checked(
    comparer: Comparer, first: str, second: str, sizes: Sequence[int], groups: Sequence[str]
) -> tuple[str, str]:
    """The two methods, as the plan calls them."""
    first, second = (known("method", name.replace(" ", ""), comparer.methods) for name in (first, second))
    if first == second:
        raise BenchError(f"{first!r} is compared with itself", "name two methods")
    for kind, given, allowed in (("size", sizes, comparer.plan.sizes), ("group", groups, GROUPS)):
        for one in given:
            known(kind, str(one), list(map(str, allowed)))
    return first, second


def _some(chosen: Sequence[Any], there: Sequence[Any]) -> Sequence[Any]:
    """`chosen`; nothing, where it names all there are: that is no choice."""
    return () if {*map(str, chosen)} == {*map(str, there)} else chosen


def _whole(
    comparer: Comparer, pair: tuple[str, str], tasks: Sequence[str], sizes: Sequence[int], over_sizes: bool
) -> tuple[pd.DataFrame, int]:
    """All rows of the two with their verdicts, those that are primary first, and how many tests are primary in all.

    `sizes` are those that means are over. A mean over one size is the row of that size, and keeps its verdict.
    """
    rows = pd.DataFrame(comparer.rows(*pair, LeftOut(), sizes, (), tasks, (), over_sizes))
    is_declared = any(set(pair) == set(one) for one in comparer.declared.pairs)
    # Rows of single tasks are never primary.
    primary = comparer.primary() if is_declared and not tasks else pd.DataFrame()
    table = rows.assign(family=EXPLORATORY)
    if len(primary):
        own = primary[[{first, second} == set(pair) for first, second in zip(primary["first"], primary["second"], strict=True)]]
        own = turned(own) if len(own) and own["first"].iloc[0] != pair[0] else own
        others = table[[key not in set(_keys(own)) for key in _keys(table)]]
        table = pd.concat([part for part in (own, corrected(others) if len(others) else others) if len(part)], ignore_index=True)
    else:
        table = corrected(table)
    single = ~table["size"].str.contains(" ") & (table["family"] == EXPLORATORY)
    if over_sizes and single.any():
        _like(table, single, _whole(comparer, pair, tasks, (), False)[0])
    return table, len(primary)


def _keys(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(rows[list(ROW)].itertuples(index=False, name=None))


def _pick(table: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """The rows of `table` that are asked for, with the verdicts that they have there.

    What is asked for may stand in the table in another row: core languages that are the trained ones, or methods that no size
    changes. It is the same test, and has the same verdict.
    """
    keys, wanted = _keys(table), _keys(asked)
    shown = [table[[key in set(wanted) for key in keys]]]
    others = asked[[key not in set(keys) for key in wanted]]
    if len(others):
        family = [others.assign(family=EXPLORATORY), table[table["family"] == EXPLORATORY]]
        others = corrected(pd.concat(family, ignore_index=True)).head(len(others))
        _like(others, others["family"] == EXPLORATORY, table)
        shown.append(others)
    found = pd.concat([part for part in shown if len(part)], ignore_index=True)
    at = pd.Series([wanted.index(key) for key in _keys(found)]) + len(wanted) * (found["family"] != PRIMARY)
    return found.loc[at.sort_values().index]


def _like(rows: pd.DataFrame, chosen: pd.Series, table: pd.DataFrame) -> None:
    """Give the `chosen` of `rows` family and verdict of the row of `table` that is the same test, where there is one."""
    for at in rows.index[chosen]:
        row = rows.loc[at]
        same = (table["order"] == row["order"]) & (table["scorer"] == row["scorer"])
        for name in ("first_mean", "second_mean", "difference", "se"):
            same &= np.isclose(table[name].astype(float), float(row[name]), rtol=1e-9, atol=1e-12, equal_nan=True)
        exact = same & (table["group"] == row["group"]) & (table["size"] == row["size"])
        twins = table[exact] if exact.any() else table[same]
        for name in ("family", *VERDICT) if len(twins) else ():
            rows.at[at, name] = twins[name].iloc[0]


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
