"""The ladder of budgets: experiments that differ in the number of pairs, as one table of gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench.analysis.results import Experiment
from bench.analysis.verdicts.comparer import Comparer
from bench.analysis.verdicts.gains import gains
from bench.base.errors import BenchError
from bench.base.progress import parts
from methods.facts import facts

# What a step of the ladder may differ in; everything else of the profile is the same, or no curve goes through the steps.
STEPS = ("pairs", "pairs_per_language", "freeze_layers", "freeze_embeddings", "learning_rate")
SAME = ("models", "data", "evaluation", "space")
FREE = "everything trained"
COLUMNS = ("pairs", "recipe", "size", "scorer", "group", "method", "over", "difference", "low", "high", "runs")


def recipe(training: Mapping[str, Any]) -> str:
    """What of the student is trained, in words.

    >>> recipe({"freeze_layers": 0, "freeze_embeddings": False})
    'everything trained'
    >>> recipe({"freeze_layers": 6, "freeze_embeddings": True})
    '6 layers and embeddings frozen'
    """
    layers, embeddings = int(training.get("freeze_layers") or 0), bool(training.get("freeze_embeddings"))
    parts = [f"{layers} layers"] * bool(layers) + ["embeddings"] * embeddings
    return f"{' and '.join(parts)} frozen" if parts else FREE


def pairs_of(training: Mapping[str, Any], size: int) -> int:
    """Pairs that a cell of `size` languages trains on, all languages together."""
    each = training.get("budget") == "per_language"
    return int(training["pairs_per_language"]) * size if each else int(training["pairs"])


def ladder(experiments: Sequence[Experiment], size: int | None = None, group: str = "trained") -> pd.DataFrame:
    """Gains of trained methods over the floor (and over `centred`, where it was run) at each budget.

    Args:
        experiments: the steps, two or more, of which each has an untrained student.
        size: number of trained languages; default: the largest that all steps have.
        group: of languages whose mean is taken.

    Returns:
        COLUMNS, in the order of pairs; `low`, `high`: paired 95 % interval over questions and training runs.

    Raises:
        BenchError: fewer than two steps, steps that differ in more than the budget, or no size in common.
    """
    if len(experiments) < 2:
        raise BenchError("one experiment is no ladder", "give two or more folders whose `training.pairs` differ")
    for one in experiments:
        if not {"pairs", "pairs_per_language"} & set(one.plan.profile.get("training") or {}):
            raise BenchError(f"{one.path.name} does not say how many pairs it trains on", "its profile.yaml lacks training.pairs")
    first = experiments[0].plan.profile
    for other in experiments[1:]:
        for section in SAME:
            if _said(first, section) != _said(other.plan.profile, section):
                raise BenchError(
                    f"{experiments[0].path.name} and {other.path.name} differ in `{section}`, not in the budget alone",
                    "give experiments of one profile that differ in training.pairs and in what is frozen",
                )
        own, its = (_rest(one.get("training") or {}) for one in (first, other.plan.profile))
        if differing := sorted(name for name in own.keys() | its.keys() if own.get(name) != its.get(name)):
            raise BenchError(
                f"{experiments[0].path.name} and {other.path.name} differ in training.{differing[0]}",
                f"steps of a ladder differ in {', '.join(STEPS)} alone",
            )
    common = set.intersection(*(set(one.plan.sizes) for one in experiments))
    if not common or (size is not None and size not in common):
        raise BenchError(
            f"size {size} is not in all steps" if common else "the steps have no size in common",
            f"sizes that all have: {', '.join(map(str, sorted(common))) or 'none'}",
        )
    chosen = max(common) if size is None else size
    steps = [_step(one, chosen, group) for one in parts(experiments)]
    found = pd.concat(steps, ignore_index=True) if steps else pd.DataFrame(columns=list(COLUMNS))
    return found.sort_values(["recipe", "over", "scorer", "method", "pairs"], kind="stable", ignore_index=True, key=_free_first)


def _free_first(column: pd.Series) -> pd.Series:
    """For sorting: everything trained comes before other recipes, and so has the whole line of a picture."""
    return column.where(column != FREE, "") if column.name == "recipe" else column


def _said(profile: Mapping[str, Any], section: str) -> dict[str, Any]:
    """A section of a profile without what is not set in it: older experiments do not name it."""
    return {name: value for name, value in (profile.get(section) or {}).items() if value is not None}


def _rest(training: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in training.items() if name not in STEPS}


def _step(experiment: Experiment, size: int, group: str) -> pd.DataFrame:
    comparer = Comparer(experiment)
    trained = [name for name in comparer.methods if not facts(name).is_reference]
    rows = gains(comparer, trained, group)
    training = experiment.plan.profile.get("training") or {}
    if not len(rows):
        return pd.DataFrame(columns=list(COLUMNS))
    rows = rows[rows["size"].astype(str) == str(size)].rename(columns={"first": "method", "second": "over"})
    return rows.assign(pairs=pairs_of(training, size), recipe=recipe(training), size=size)[list(COLUMNS)]
