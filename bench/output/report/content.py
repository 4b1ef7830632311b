"""Everything that the page shows, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.analysis import scaling
from bench.analysis.arms import Scores
from bench.analysis.results import MEASURES, Experiment
from bench.analysis.tables import GROUPS, MEAN
from bench.analysis.verdicts.comparer import Comparer
from bench.base.errors import BenchError
from bench.base.progress import parts, steps, tell
from bench.output.highlight import chosen
from bench.output.report import answer, board, cells, pictures, places, provenance, queries, texts
from bench.output.report.embed import rounded
from bench.output.report.methods import described
from bench.output.tables.group_titles import NAMES
from bench.output.tables.leaderboard import Boards, boards_of, known_facts
from methods.facts import facts

VIEWS = "languages and queries"  # phase of progress
GROUP_NAMES = {name: NAMES.get(name, "All languages of the order") for name in GROUPS}


@dataclass(frozen=True)
class Lists:
    """Names that the arrays of the page call by their position."""

    methods: list[str]
    tasks: list[str]  # `mean` first
    scorers: list[str]
    languages: list[str]


@dataclass(frozen=True)
class Behind:
    """What the page was made from, for the pictures beside it: the boards of each experiment, the ladder of budgets (empty
    where the experiments form none), and the comparer of the first experiment."""

    boards: list[Boards]
    budget: pd.DataFrame
    comparer: Comparer


def content(
    experiments: Sequence[Experiment], highlight: Sequence[str] = (), which: texts.Which = "shareable"
) -> tuple[dict[str, Any], Behind]:  # fmt: skip
    """What the page holds, and what it was made from. A *view* is one order of languages of one experiment.

    Args:
        experiments: with their scores; several are shown beside each other (two budgets, say).
        highlight: methods that are shown in colour at first and compared; default: see `highlight.chosen`.
        which: texts of the query browser: those that may be passed on, all, or none.

    Raises:
        BenchError: no cell of an experiment has a result, or an unknown method.
    """
    from bench import __version__

    boards = [boards_of(experiment) for experiment in parts(experiments)]
    for experiment, found in zip(experiments, boards, strict=True):
        if not found:
            raise BenchError(
                f"no cell of {experiment.path} has a result",
                f"run it first (bench run --profile {experiment.plan.name}), or name the folder that `bench run` wrote",
            )
    names = list(dict.fromkeys(cell.name.method for experiment in experiments for cell in experiment.cells))
    shown = chosen(names, [table for found in boards for _, table in found.values()], highlight)
    titles = _titles(experiments)
    settings = [experiment.plan.names for experiment in experiments]
    methods = described(names, shown, settings)
    scores = [scores for found in boards for scores, _ in found.values()]
    lists = Lists(
        [method["name"] for method in methods],
        [MEAN, *dict.fromkeys(task for one in scores for task in one.tasks)],
        sorted({scorer for one in scores for scorer in one.scorers}),
        sorted({code for one in scores for code in one.languages}),
    )
    views: list[dict[str, Any]] = []
    named = {name: getattr(lists, name) for name in ("methods", "scorers", "languages")} | {"groups": list(GROUPS)}
    first = Comparer(experiments[0])
    tell(VIEWS)
    for experiment, found in parts(list(zip(experiments, boards, strict=True))):
        comparer = first if experiment is experiments[0] else Comparer(experiment)
        known = known_facts(experiment)
        asked = answer.pairs(comparer, shown, bool(highlight))
        compared = answer.comparisons(comparer, asked)
        for name, (own, table) in steps(VIEWS, list(found.items())):
            label = _label(titles[experiment.path], name, len(experiments) > 1, len(found) > 1)
            rows = [_of_order(one, name) for one in compared]
            found_texts = texts.load(experiment, name, which)
            browser = queries.differing(experiment, name, own, shown, found_texts, lists.methods)
            drawn = pictures.of_order(comparer, name, shown, asked[0] if asked else None, known, named)
            view = _view(experiment, name, own, table, lists, shown)
            views.append({"label": label, "compared": rows, "queries": browser, **drawn, **view})
    budgets, ladder = pictures.budget(experiments, named)
    page = {
        "version": __version__, "methods": methods, "languages": _languages(experiments, lists.languages),
        "tasks": lists.tasks, "scorers": lists.scorers, "groups": GROUP_NAMES, "measures": list(MEASURES),
        "states": list(board.STATES), "views": views,
        "experiments": [_experiment(experiment, titles[experiment.path], which) for experiment in experiments],
        "texts": which, "budget": budgets,
    }  # fmt: skip
    return page, Behind(boards, ladder, first)


def _view(
    experiment: Experiment, order: str, scores: Scores, table: pd.DataFrame, lists: Lists, shown: Sequence[str]
) -> dict[str, Any]:  # fmt: skip
    plan = experiment.plan
    slopes = scaling.slopes(plan, order, scores)
    return {
        "experiment": plan.name, "order": order, "sizes": list(plan.sizes_of(order)), "codes": list(plan.orders[order]),
        "core": list(plan.group("core", order, 0)), "guard": list(plan.group("guard", order, 0)),
        "board": board.columns(table, lists.methods, lists.tasks, lists.scorers),
        "slopes": board.slope_rows(slopes, lists.methods, lists.tasks, lists.scorers),
        "of_size": answer.of_size(slopes, shown), "trained_pairs": _trained_pairs(scores),
        "costs": cells.costs(scores, lists.methods),
        "cells": cells.records([cell for cell in experiment.cells if cell.name.order == order], experiment.path),
        "by_language": places.arrays(scores, lists.methods, lists.languages, lists.tasks, lists.scorers),
    }  # fmt: skip


def _experiment(experiment: Experiment, title: str, which: texts.Which) -> dict[str, Any]:
    plan = experiment.plan
    shown = texts.shareable_sources(which, plan.tasks)
    licences = [one | {"shown": shown.get(one["source"], "none")} for one in provenance.licences(experiment)]
    summary = str(plan.profile.get("summary") or "")
    if plan.asked is not None:
        summary = f"{summary} (questions in {len(plan.asked)} languages alone)".strip()
    return {
        "name": title, "summary": summary, "cells": len(experiment.cells),
        "done": sum(cell.done for cell in experiment.cells), "seeds": answer.seeds(experiment),
        "provenance": provenance.provenance(experiment), "licences": licences,
    }  # fmt: skip


def _titles(experiments: Sequence[Experiment]) -> dict[Path, str]:
    """What each is called: its profile's name, and its folder where several have the same (steps of a ladder, say)."""
    names = [experiment.plan.name for experiment in experiments]
    return {
        one.path: one.plan.name if names.count(one.plan.name) == 1 else f"{one.plan.name} ({one.path.name})"
        for one in experiments
    }


def _label(title: str, order: str, several_experiments: bool, several_orders: bool) -> str:
    if not several_experiments:
        return order
    return f"{title}, {order}" if several_orders else title


def _languages(experiments: Sequence[Experiment], codes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What is known of every language that has a score."""
    facts: dict[str, dict[str, Any]] = {}
    pairs: dict[str, int] = {}
    for experiment in experiments:
        facts |= known_facts(experiment)
        pairs |= provenance.available_pairs(experiment)
    return {
        code: {
            "name": str(own.get("name") or code), "family": str(own.get("family") or ""), "script": str(own.get("script") or ""),
            "tag": str(own.get("tag") or code.split("_")[0]), "class": own.get("class"), "pairs": pairs.get(code),
            "premium": rounded(own.get("token_premium")), "unknown": rounded(own.get("unknown_rate"), 4),
        }
        for code, own in ((code, facts.get(code, {})) for code in codes)
    }  # fmt: skip


def _trained_pairs(scores: Scores) -> dict[int, dict[str, int]]:
    """Size -> language -> training pairs seen, of the first done cell of that size that says so."""
    found: dict[int, dict[str, int]] = {}
    for cell in scores.cells:
        if not facts(cell.name.method).is_reference and (seen := cell.manifest.get("pairs_by_language")):
            found.setdefault(cell.name.size, dict(seen))
    return found


def _of_order(compared: dict[str, Any], order: str) -> dict[str, Any]:
    """A comparison with the rows of one order alone; the sentence and Holm's correction are over all orders."""
    return compared | {"rows": [row for row in compared["rows"] if row["order"] == order]}
