"""What methods gain over those that nothing was trained for, as paired differences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.analysis.arms import FLOOR
from bench.analysis.results import Plan
from bench.analysis.verdicts.comparer import Comparer, common_scorers, comparable
from bench.analysis.verdicts.left_out import LeftOut
from bench.analysis.verdicts.rows import of_languages
from methods.facts import facts

CENTRED = "centred"  # the floor with its vectors corrected: what training has to beat
SEEN = ("trained", "held-out", "guard")  # every language of an experiment is one of these at a size
LANGUAGE_COLUMNS = ("order", "scorer", "method", "over", "size", "language", "group", "difference", "low", "high")


def references(methods: Sequence[str]) -> list[str]:
    """Of `methods`, those that a gain is counted from: the floor, and `centred`.

    >>> references(["optical", "centred", "english", "untrained"])
    ['untrained', 'centred']
    """
    return [name for name in (FLOOR, CENTRED) if name in methods]


def gains(comparer: Comparer, methods: Sequence[str], group: str = "trained", order: str = "") -> pd.DataFrame:
    """One row a method, reference, scorer and size: `first` - `second`, nDCG@10, with its paired 95 % interval over questions
    and training runs (`bench.analysis.verdicts.rows`). Nothing here is a test: no p-value is corrected.

    Args:
        methods: those wanted; ceilings, and a reference against itself, are left out.
        order: of languages; default: the experiment's own.

    Returns:
        Columns order, scorer, group, first, second and those of a row; empty where there is nothing to hold against each other.
    """
    order, rows = order or next(iter(comparer.plan.orders)), []
    done = _done(comparer, order)
    for reference in references(done):
        for name in methods:
            if name not in done or name in (reference, FLOOR) or facts(name).asks_english or not comparable(name, reference):
                continue
            rows += comparer.rows(name, reference, LeftOut(), groups=[group], orders=[order])
    return pd.DataFrame(rows)


def by_language(comparer: Comparer, methods: Sequence[str], sizes: Sequence[int] = (), order: str = "") -> pd.DataFrame:
    """One row a method, scorer, size and language: gain over the floor, mean over the language's tasks, with its paired 95 %
    interval over questions and training runs. Nothing here is a test.

    Args:
        methods: those wanted; the floor itself and methods that have no scorer in common with it are left out.
        sizes: default: the one of `shown_size`.
        order: of languages; default: the experiment's own.

    Returns:
        LANGUAGE_COLUMNS; `group` is one of SEEN, at that size. Empty where there is nothing to hold against each other.
    """
    order, rows = order or next(iter(comparer.plan.orders)), []
    done = _done(comparer, order)
    wanted = [name for name in methods if name in done and name != FLOOR and FLOOR in done and comparable(name, FLOOR)]
    for name in wanted:
        left = LeftOut()
        scores = comparer.scores(order, name, FLOOR, left, ())
        for scorer in common_scorers(scores, (), name, FLOOR, left) if scores.places else ():
            for size in sizes or [shown_size(comparer, wanted, order)]:
                for group in SEEN:
                    asked = scores, order, scorer, group, scores.tasks, (name, FLOOR), left, [size], [group], False
                    points = [point for point in comparer.points(*asked) if point.common]
                    if not points:
                        continue
                    codes, found = of_languages(scores, points)
                    numbers = zip(codes, found.value, *found.interval(), strict=True)
                    rows += [(order, scorer, name, FLOOR, size, code, group, *map(float, own)) for code, *own in numbers]
    return pd.DataFrame(rows, columns=list(LANGUAGE_COLUMNS))


def shown_size(comparer: Comparer, methods: Sequence[str], order: str) -> int:
    """The size at which languages are looked at one by one: the largest that leaves some of them held out, else the largest.

    Sizes that not all of `methods` have results at come last.
    """
    done = {(cell.name.method, cell.name.size) for cell in comparer.experiment.cells if cell.done and cell.name.order == order}
    plan: Plan = comparer.plan

    def rank(size: int) -> tuple[int, bool, int]:
        has = sum((name, size) in done or (name, 0) in done for name in methods)
        return has, bool(plan.group("held-out", order, size)), size

    return max(plan.sizes_of(order), key=rank)


def _done(comparer: Comparer, order: str) -> list[str]:
    """Methods with a result in this order of languages."""
    cells = comparer.experiment.cells
    return list(dict.fromkeys(cell.name.method for cell in cells if cell.done and cell.name.order == order))
