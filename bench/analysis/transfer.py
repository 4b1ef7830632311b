"""What training brings to languages that were not trained: by relatives in training, and by covariates."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import resampling
from bench.analysis.arms import FLOOR, Scores
from bench.analysis.results import Plan

Facts = Mapping[str, Mapping[str, Any]]
KINDS = ("branch", "family", "script")
SEED = 20242
COLUMNS = (
    "order", "scorer", "method", "size", "relative", "related", "unrelated", "tasks", "related_gain", "unrelated_gain",
    "related_low", "related_high", "unrelated_low", "unrelated_high", "difference", "low", "high",
)  # fmt: skip


def relatives(code: str, trained: Sequence[str], facts: Facts) -> dict[str, bool | None]:
    """Whether another language of the same branch, family or script is among `trained`; None = not known.

    `family` is the first part of `Indo-European/Slavic`, `branch` the whole of it.
    """

    def of(language: str) -> dict[str, Any]:
        known = facts.get(language, {})
        branch = known.get("family")
        return {"branch": branch, "family": branch.split("/")[0] if branch else None, "script": known.get("script")}

    own, others = of(code), [of(other) for other in trained if other != code]
    return {kind: any(other[kind] == own[kind] for other in others) if own[kind] else None for kind in KINDS}


def held_out(plan: Plan, order: str, scores: Scores, facts: Facts) -> pd.DataFrame:
    """Gain over the floor of held-out languages with and without a relative in training: COLUMNS.

    A gain is a mean over languages, then over the tasks that both kinds of languages have. Intervals resample
    questions and, within each kind, languages: the question is what a further language would gain, and
    there are few of each kind. (Drawing both is on the wide side.) A row needs two languages of each kind.
    """
    rows = []
    floor = scores.index(FLOOR, 0)
    for scorer in scores.scorers if floor is not None else ():
        for size in plan.sizes_of(order):
            languages, trained = plan.group("held-out", order, size), plan.orders[order][:size]
            kin = {code: relatives(code, trained, facts) for code in languages}
            for method in scores.methods:
                number = scores.index(method, size)
                if number is None or scores.arms[number].size == 0 or scores.arms[number].state != "done":
                    continue
                for kind in KINDS:
                    sides = [[code for code in languages if kin[code][kind] is side] for side in (True, False)]
                    row = _split(scores, number, floor or 0, scorer, sides)
                    point = {"order": order, "scorer": scorer, "method": method, "size": size, "relative": kind}
                    rows += [point | row] if row else []
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _split(scores: Scores, number: int, floor: int, scorer: str, sides: list[list[str]]) -> dict[str, Any]:
    places: list[list[list[int]]] = [[], []]
    tasks = []
    for task in scores.tasks:
        of_task = [
            [place for place in scores.at(scorer, task, codes) if scores.whole[number, place] and scores.whole[floor, place]]
            for codes in sides
        ]
        if all(of_task):
            tasks.append(task)
            for side, at in zip(places, of_task, strict=True):
                side.append(at)
    counts = [len({scores.places[place][2] for at in side for place in at}) for side in places]
    if not tasks or min(counts) < 2:
        return {}
    row: dict[str, Any] = {"tasks": " ".join(tasks)}
    drawn = []
    for name, side, count in zip(("related", "unrelated"), places, counts, strict=True):
        gains = [scores.values[number, at, 0] - scores.values[floor, at, 0] for at in side]
        drawn.append(_drawn(scores, number, floor, side))
        low, high = resampling.interval(drawn[-1])
        mean = float(np.mean([gain.mean() for gain in gains]))
        row |= {name: count, f"{name}_gain": mean, f"{name}_low": low, f"{name}_high": high}
    low, high = resampling.interval(drawn[0] - drawn[1])
    return row | {"difference": row["related_gain"] - row["unrelated_gain"], "low": low, "high": high}


def _drawn(scores: Scores, number: int, floor: int, side: list[list[int]]) -> np.ndarray:
    """(resamples,) the gain with questions and languages drawn anew; NaN where a task drew none of its languages."""
    codes = sorted({scores.places[place][2] for at in side for place in at})
    random = np.random.default_rng([SEED, zlib.crc32(" ".join(codes).encode())])
    times = random.multinomial(len(codes), np.full(len(codes), 1 / len(codes)), size=resampling.DRAWS)
    means = []
    for at in side:
        own = times[:, [codes.index(scores.places[place][2]) for place in at]]
        gains = (scores.draws[number, at] - scores.draws[floor, at]).T
        total = own.sum(axis=1)
        means.append(np.divide((own * gains).sum(axis=1), total, out=np.full(len(own), np.nan), where=total > 0))
    return np.mean(means, axis=0)
