"""Two methods against each other, from the files of an experiment. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from bench.analysis.results import Experiment
from bench.analysis.verdicts.comparer import GROUPS, Comparer, known
from bench.analysis.verdicts.family import EXPLORATORY, PRIMARY, ROW, corrected
from bench.analysis.verdicts.left_out import LeftOut
from bench.analysis.verdicts.slopes import slopes
from bench.base.errors import BenchError
from bench.experiment.mixture import sentence

COLUMNS = (
    "order", "scorer", "group", "size", "tasks", "first", "second", "family", "first_mean", "second_mean",
    "difference", "low", "high", "se", "df", "question_se", "run_se", "runs", "p", "p_holm", "p_equivalent",
    "p_equivalent_holm", "margin", "within_margin", "smallest", "smallest_corrected", "verdict", "ahead", "behind", "level",
    "first_beats", "second_beats", "first_beats_in", "second_beats_in", "languages", "languages_declared",
    "places", "places_declared", "questions", "questions_tied", "units", "seeds", "seed_sd", "seeds_ahead", "seed_sizes",
)  # fmt: skip


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
    rows = comparer.rows(first, second, left, sizes, scorers, tasks, groups, over_sizes)
    if not rows:
        found = "; ".join(left.notes()) or "neither has a result"
        raise BenchError(f"nothing to compare of {first!r} and {second!r}: {found}", "run the cells that are missing first")
    picked = bool(scorers or groups or (sizes and not over_sizes))
    more = comparer.rows(first, second, LeftOut(), sizes if over_sizes else (), (), tasks, (), over_sizes) if picked else []
    whole = not (sizes or scorers or tasks or groups)
    table, tests = _families(comparer, pd.DataFrame(rows), pd.DataFrame(more), (first, second), bool(tasks), whole)
    settings = {name: plan.names[name] for name in (first, second) if name in plan.names}
    mixed = _mixed(experiment, first, second)
    return Comparison(first, second, table[list(COLUMNS)], left.notes(), mixed, settings, tests)


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
    declared = [pair for pair in comparer.declared.pairs if set(pair) <= set(comparer.methods)]
    others = [pair for pair in declared if set(pair) != {first, second}] if len(declared) and not (tasks or sizes) else []
    found = slopes(comparer, [(first, second)], left, sizes, scorers, tasks, groups)
    if not len(found):
        why = "; ".join(left.notes()) or "they have fewer than two sizes in common"
        raise BenchError(f"no slopes to compare of {first!r} and {second!r}: {why}", "run the cells that are missing first")
    # Holm goes over all slopes of the two, and over the primary ones of all pairs, whatever is shown of them.
    picked = bool(scorers or groups)
    for family, pairs in ((EXPLORATORY, []), (PRIMARY, others)):
        if (found["family"] == family).any() and (picked or pairs):
            whole = slopes(comparer, [(first, second), *pairs], LeftOut(), sizes, (), tasks)
            _take_verdicts(found, family, whole)
    return SlopeComparison(first, second, found, left.notes(), _mixed(experiment, first, second))


def _take_verdicts(found: pd.DataFrame, family: str, whole: pd.DataFrame) -> None:
    """Rows of `found` that are of `family` get what the correction over `whole` says of them."""
    key = ["order", "scorer", "group"]
    own = whole[(whole["first"] == found["first"].iloc[0]) & (whole["second"] == found["second"].iloc[0])].set_index(key)
    rows = found["family"] == family
    wanted = [tuple(one) for one in found.loc[rows, key].itertuples(index=False, name=None)]
    for name in ("p_holm", "p_equivalent_holm", "within_margin", "smallest_corrected", "verdict"):
        found.loc[rows, name] = own.loc[wanted, name].to_numpy()


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


def _families(
    comparer: Comparer, rows: pd.DataFrame, more: pd.DataFrame, pair: tuple[str, str], of_tasks: bool, whole: bool
) -> tuple[pd.DataFrame, int]:
    """Rows with their verdicts, those of the pair that are primary first, and how many tests are primary in all.

    Rows of single tasks are never primary. `more`: all rows of the two, where fewer are asked for. They are corrected with
    these and not shown, so that a row has the same p-value however little is looked at. `whole`: nothing was picked, so
    primary rows are shown that were not asked for.
    """
    is_declared = any(set(pair) == set(one) for one in comparer.declared.pairs)
    primary = comparer.primary() if is_declared and not of_tasks else pd.DataFrame()
    asked = _keys(rows)
    unasked = _of(more, _keys(more) - asked) if len(more) else more
    rows = pd.concat([part for part in (rows, unasked) if len(part)], ignore_index=True).assign(family=EXPLORATORY)
    if not len(primary):
        return _of(corrected(rows), asked), 0
    own = primary[[{first, second} == set(pair) for first, second in zip(primary["first"], primary["second"], strict=True)]]
    if len(own) and own["first"].iloc[0] != pair[0]:
        own = turned(own)
    others = _of(rows, _keys(rows) - _keys(own))
    parts = [own if whole else _of(own, asked), _of(corrected(others), asked) if len(others) else others]
    return pd.concat([part for part in parts if len(part)], ignore_index=True), len(primary)


def _keys(rows: pd.DataFrame) -> set[tuple[Any, ...]]:
    return set(rows[list(ROW)].itertuples(index=False, name=None))


def _of(rows: pd.DataFrame, keys: set[tuple[Any, ...]]) -> pd.DataFrame:
    return rows[[key in keys for key in rows[list(ROW)].itertuples(index=False, name=None)]]


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
