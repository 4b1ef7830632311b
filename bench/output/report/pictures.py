"""What the first pictures of the page are drawn from: gains, the difference, languages by family, the ladder of budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench.analysis.results import Experiment
from bench.analysis.verdicts.budget import ladder
from bench.analysis.verdicts.comparer import Comparer
from bench.analysis.verdicts.decide import BETTER, WORSE
from bench.analysis.verdicts.evidence import UNKNOWN
from bench.analysis.verdicts.gains import by_language, gains, references
from bench.base.errors import BenchError
from bench.output import languages, paired
from bench.output.report.embed import scaled

SCALED = ("difference", "low", "high")


def of_order(
    comparer: Comparer, order: str, shown: Sequence[str], two: tuple[str, str] | None, facts: languages.Facts,
    names: Mapping[str, Sequence[str]],
) -> dict[str, Any]:  # fmt: skip
    """`gains`, `difference` and `families` of one order, column by column; None where there is nothing to show.

    Args:
        shown: methods in colour; the references are shown as well.
        two: methods whose difference is shown; None: none.
        facts: name, family and script of every language by code.
        names: the page's lists of `methods`, `scorers`, `languages` and `groups`, whose positions stand for them.
    """
    return {
        "gains": _gains(comparer, order, shown, names),
        "difference": _difference(comparer, order, two, names), "families": _families(comparer, order, facts, names),
    }  # fmt: skip


def budget(experiments: Sequence[Experiment], names: Mapping[str, Sequence[str]]) -> tuple[dict[str, Any] | None, pd.DataFrame]:
    """The ladder that the experiments form, column by column with its `recipes` and `languages`, and as `ladder` has it.

    None and no rows where they form none.
    """
    try:
        rows = ladder(experiments)
    except BenchError:  # a single experiment, or several that differ in more than the budget
        return None, pd.DataFrame()
    if rows["pairs"].nunique() < 2:
        return None, pd.DataFrame()
    recipes = list(dict.fromkeys(rows["recipe"]))
    columns = _columns(rows, {**names, "recipes": recipes}) | {"pairs": rows["pairs"].astype(int).tolist()}
    return columns | {"recipes": recipes, "languages": int(rows["size"].iloc[0])}, rows


def _gains(
    comparer: Comparer, order: str, shown: Sequence[str], names: Mapping[str, Sequence[str]]
) -> dict[str, Any] | None:  # fmt: skip
    """With `few`: seeds of those methods that have fewer than another one, by position; and `alone`: whether bars of some are
    over questions only, since nothing is known of their noise of training."""
    found = gains(comparer, [*shown, *references(comparer.methods)], order=order)
    if not len(found):
        return None
    few = {names["methods"].index(name): seeds for name, seeds in paired.fewer_seeds(found).items()}
    return _columns(found.rename(columns={"first": "method", "second": "over"}), names) | {
        "few": few, "alone": bool((found["runs"] == UNKNOWN).any()),
    }  # fmt: skip


def _difference(
    comparer: Comparer, order: str, two: tuple[str, str] | None, names: Mapping[str, Sequence[str]]
) -> dict[str, Any] | None:  # fmt: skip
    found = paired.differences(comparer, order, two) if two else None
    if found is None:
        return None
    two, rows = found
    return _columns(rows.drop(columns=["first", "second"]), names) | {
        "sure": rows["verdict"].isin([BETTER, WORSE]).astype(int).tolist(), "verdict": rows["verdict"].tolist(),
        "two": [names["methods"].index(name) for name in two], "margin": float(rows["margin"].iloc[0]),
    }  # fmt: skip


def _families(
    comparer: Comparer, order: str, facts: languages.Facts, names: Mapping[str, Sequence[str]]
) -> dict[str, Any] | None:  # fmt: skip
    rows = by_language(comparer, languages.shown(comparer), comparer.plan.sizes_of(order), order)
    rows = rows[rows["difference"].notna()]
    if not len(rows):
        return None
    at = {code: number for number, code in enumerate(names["languages"])}
    panels = [
        [one.title, [[at[code], name] for code, name in one.languages.items()]]
        for one in languages.families(list(dict.fromkeys(rows["language"])), facts)
    ]
    return _columns(rows, names) | {"panels": panels}


def _columns(rows: pd.DataFrame, names: Mapping[str, Sequence[str]]) -> dict[str, list[Any]]:
    """Names as positions in the page's lists, sizes as numbers, scores as whole ten-thousandths."""
    lists = {"method": "methods", "over": "methods", "scorer": "scorers", "group": "groups", "language": "languages",
             "recipe": "recipes"}  # fmt: skip
    found: dict[str, list[Any]] = {}
    for column, listed in lists.items():
        if column in rows and listed in names:
            at = {name: number for number, name in enumerate(names[listed])}
            found[column] = [at[name] for name in rows[column]]
    return found | {"size": rows["size"].astype(int).tolist()} | {name: scaled(rows[name].astype(float)) for name in SCALED}
