"""The answer in words: the methods of the question against each other, and what the number of languages does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pandas as pd

from bench.analysis.comparison import Comparer, Comparison, compare
from bench.analysis.results import Experiment
from bench.analysis.scaling import FLAT
from bench.analysis.tables import MEAN
from bench.analysis.verdicts.decide import BETTER, EQUIVALENT, VERDICTS, WORSE
from bench.base.errors import BenchError
from bench.base.markdown import number
from bench.base.progress import parts
from bench.output.highlight import family_heads
from bench.output.report.embed import rounded
from bench.output.tables.comparison_text import answering, sentence

SIGNED = "{:+.3f}"
NUMBERS = ("first_mean", "second_mean", "difference", "low", "high", "p", "p_holm", "seed_sd", "smallest")
WORDS = ("order", "scorer", "group", "size", "family", "verdict", "first_beats_in", "second_beats_in")
COUNTS = ("ahead", "behind", "level", "first_beats", "second_beats", "languages", "questions", "questions_tied", "seeds",
          "seeds_ahead", "places", "places_declared")  # fmt: skip


def pairs(shown: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of methods that are tested: the families of the question, or the first three that are shown."""
    heads = family_heads(shown)
    return list(combinations(heads if len(heads) > 1 else list(shown)[:3], 2))


def comparisons(experiment: Experiment, asked: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Every pair over the sizes (`comparison.compare`): a headline, the whole sentence, rows and notes.

    Pairs that have nothing in common say so in place of the sentence.
    """
    found: list[dict[str, Any]] = []
    comparer = Comparer(experiment)
    for first, second in parts(list(asked)):
        try:
            one = compare(experiment, first, second, over_sizes=True, comparer=comparer)
        except BenchError as error:
            found.append({"first": first, "second": second, "headline": f"`{first}` and `{second}`",
                          "sentence": error.message, "rows": [], "notes": []})  # fmt: skip
            continue
        found.append({
            "first": first, "second": second, "headline": headline(one), "sentence": sentence(one).strip("*"),
            "rows": [_row(row) for row in one.rows.to_dict("records")], "notes": list(one.notes),
        })  # fmt: skip
    return found


def headline(found: Comparison) -> str:
    """The verdict in a few words, without numbers."""
    rows = answering(found.rows)
    counts = {verdict: int((rows["verdict"] == verdict).sum()) for verdict in VERDICTS}
    a, b = f"`{found.first}`", f"`{found.second}`"
    if counts[EQUIVALENT] == len(rows):
        return f"{a} and {b} are equivalent within {number(rows['margin'].iloc[0])}"
    if not counts[BETTER] + counts[WORSE]:
        some = f", and equivalent in {counts[EQUIVALENT]} of {len(rows)} comparisons" if counts[EQUIVALENT] else ""
        return f"{a} and {b} cannot be told apart{some}"
    for verdict, other in ((BETTER, WORSE), (WORSE, BETTER)):
        if counts[verdict] and not counts[other]:
            where = "everywhere" if counts[verdict] == len(rows) else f"in {counts[verdict]} of {len(rows)} comparisons"
            return f"{a} is {verdict} than {b} {where}"
    return f"{a} is better than {b} in {counts['better']} and worse in {counts['worse']} of {len(rows)} comparisons"


def of_size(slopes: pd.DataFrame, shown: Sequence[str]) -> str:
    """What the number of languages does to the core languages, which every size trains on; empty where nothing is known."""
    rows = slopes[(slopes["group"] == "core") & (slopes["task"] == MEAN) & slopes["method"].isin(shown)]
    if not len(rows):
        return ""
    up, down = int((rows["low"] > FLAT).sum()), int((rows["high"] < -FLAT).sum())
    least, most = number(rows["slope"].min(), SIGNED), number(rows["slope"].max(), SIGNED)
    level = len(rows) - up - down
    return (
        f"Each time the number of languages doubles, the core languages move by {least} to {most} nDCG@10, depending on method "
        f"and scorer: of {len(rows)} slopes {down} fall and {up} rise by more than their 95 % interval over questions, {level} "
        "do not."
    )


def seeds(experiment: Experiment) -> str:
    """How far training noise is covered."""
    counts: dict[tuple[str, int, str], set[int]] = {}
    for cell in experiment.cells:
        if cell.done and cell.name.size:
            counts.setdefault((cell.name.method, cell.name.size, cell.name.order), set()).add(cell.name.seed)
    numbers = sorted({len(of_arm) for of_arm in counts.values()})
    if not numbers:
        return ""
    if numbers == [1]:
        return (
            "One training run a point: intervals are over questions, and a difference between two trained methods is about "
            "these runs only."
        )
    runs = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    kinds = "intervals of scores are over questions, those of differences over questions and runs"
    return f"Means over {runs} training runs a point; {kinds}."


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        **{name: str(row[name]) for name in WORDS}, **{name: rounded(row[name], 5) for name in NUMBERS},
        **{name: int(row[name]) for name in COUNTS},
    }  # fmt: skip
