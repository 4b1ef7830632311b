"""Does a method gain more than another as languages are added? Slopes of two methods against each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.arms import Scores
from bench.analysis.statistics import slope_weights
from bench.analysis.verdicts.comparer import COMPARING, Comparer, asked_tasks, common_scorers
from bench.analysis.verdicts.evidence import Term, estimate, weights_of
from bench.analysis.verdicts.family import EXPLORATORY, PRIMARY, corrected
from bench.analysis.verdicts.left_out import LeftOut
from bench.analysis.verdicts.rows import Point, figures, mean
from bench.base.progress import parts, steps
from bench.experiment.profile.comparison import GROUPS

COLUMNS = (
    "order", "scorer", "group", "size", "first", "second", "family", "first_slope", "second_slope", "difference", "low", "high",
    "se", "df", "question_se", "run_se", "runs", "p", "p_holm", "p_equivalent", "p_equivalent_holm", "margin", "within_margin",
    "smallest", "smallest_corrected", "verdict", "seeds",
)  # fmt: skip


def slopes(
    comparer: Comparer, pairs: Sequence[tuple[str, str]], left: LeftOut | None = None, sizes: Sequence[int] = (),
    scorers: Sequence[str] = (), tasks: Sequence[str] = (), groups: Sequence[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """COLUMNS, one row a pair, order, scorer and group with two common sizes or more; empty where there is none.

    A slope is that of the least-squares line of nDCG@10 on log2 N: points won each time the number of languages doubles. Both
    methods are held to the same sizes, languages, questions and seeds, and their difference is one linear statistic,
    tested like any other (`bench.analysis.verdicts.variance`; runs of different sizes are independent). Groups whose
    languages change with the size are compared as well: what is easy about the languages of a size is so for both methods.

    `margin` is that of the profile spread over the range of sizes: slopes that differ by less come to less than the margin
    between the smallest and the largest size. Rows of declared pairs, groups and scorers are corrected together (`primary`),
    all others among those of their pair.
    """
    left, rows = left or LeftOut(), []
    for (first, second), order in parts(list(product(pairs, comparer.plan.orders))):
        scores = comparer.scores(order, first, second, left, sizes)
        if not scores.places:
            continue
        names = asked_tasks(scores, tasks, left)
        wanted = list(product(common_scorers(scores, scorers, first, second, left), groups or GROUPS))
        for scorer, group in steps(COMPARING, wanted):
            asked = scores, order, scorer, group, names, (first, second), left, sizes, groups
            points = [point for point in comparer.points(*asked, over_sizes=True) if point.common]
            if found := _row(scores, points, comparer.margin):
                about = {"order": order, "scorer": scorer, "group": group, "first": first, "second": second}
                is_primary = not tasks and not sizes and _is_primary(comparer, about)
                rows.append(about | {"family": PRIMARY if is_primary else EXPLORATORY} | found)
    if not rows:
        return pd.DataFrame(columns=list(COLUMNS))
    among = ["" if row["family"] == PRIMARY else (row["first"], row["second"]) for row in rows]
    return corrected(pd.DataFrame(rows).assign(among=among), ("family", "among"))[list(COLUMNS)]


def _row(scores: Scores, points: Sequence[Point], margin: float) -> dict[str, Any]:
    trained = [point for point in points if any(scores.arms[number].size for number in point.pair)]
    if len(trained) < 2:
        return {}
    sizes = [point.size for point in trained]
    lever = slope_weights(sizes)
    terms = []
    for point, factor in zip(trained, lever, strict=True):
        places, weights = weights_of(point.common, float(factor))
        terms.append(Term(point.pair, (1.0, -1.0), places, weights[:, None]))
    found, runs = estimate(scores, terms)
    own = [float(lever @ [mean(scores.values[p.pair[side]], p.common) for p in trained]) for side in (0, 1)]
    seeds = min(len(scores.owned[number]) for point in trained for number in point.pair if scores.arms[number].size)
    return {
        "size": " ".join(map(str, sizes)), "first_slope": own[0], "second_slope": own[1],
        **figures(found, runs, margin / float(np.log2(max(sizes) / min(sizes)))), "seeds": seeds,
    }  # fmt: skip


def _is_primary(comparer: Comparer, about: dict[str, Any]) -> bool:
    wanted = comparer.declared
    return (
        any({about["first"], about["second"]} == set(pair) for pair in wanted.pairs)
        and about["group"] in wanted.groups and (not wanted.scorers or about["scorer"] in wanted.scorers)
        and about["order"] == next(iter(comparer.plan.orders))
    )  # fmt: skip
