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
from bench.analysis.verdicts.evidence import UNKNOWN
from bench.base.errors import BenchError
from bench.base.markdown import number
from bench.base.progress import parts
from bench.output.highlight import family_heads
from bench.output.paired import pair
from bench.output.plots import named
from bench.output.report.embed import rounded
from bench.output.tables.comparison_text import MIXED, answering, remark, sentence
from methods.declaration import base_scorer

SIGNED = "{:+.3f}"
NUMBERS = ("first_mean", "second_mean", "difference", "low", "high", "p", "p_holm", "seed_sd", "smallest", "smallest_corrected")
GROUPS = {"trained": "the languages trained on", "core": "the core languages", "held-out": "held-out languages",
          "guard": "guard languages"}  # fmt: skip
WORDS = ("order", "scorer", "group", "size", "family", "verdict", "first_beats_in", "second_beats_in")
COUNTS = ("ahead", "behind", "level", "first_beats", "second_beats", "languages", "questions", "questions_tied", "seeds",
          "seeds_ahead", "places", "places_declared")  # fmt: skip


def pairs(comparer: Comparer, shown: Sequence[str], asked: bool = False) -> list[tuple[str, str]]:
    """Pairs of methods that are tested: the one that the experiment is about (`paired.pair`), then the others of the families of
    the question, or of the first three that are shown. `asked`: those shown were asked for, so the pair is among them.

    Of several experiments on one page each has the pairs of its own methods.
    """
    shown = [name for name in shown if name in comparer.methods]
    heads = family_heads(shown)
    found = list(combinations(heads if len(heads) > 1 else list(shown)[:3], 2))
    own = None if asked else pair(comparer)
    return found if own is None else [own, *(two for two in found if set(two) != set(own))]


def comparisons(comparer: Comparer, asked: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Every pair over the sizes (`comparison.compare`): the verdict, a headline, the whole sentence, rows and notes.

    Pairs that have nothing in common say so in place of the sentence.
    """
    found: list[dict[str, Any]] = []
    for first, second in parts(list(asked)):
        try:
            one = compare(comparer.experiment, first, second, over_sizes=True, comparer=comparer)
        except BenchError as error:
            found.append({"first": first, "second": second, "headline": f"`{first}` and `{second}`", "verdict": error.message,
                          "sentence": error.message, "rows": [], "notes": []})  # fmt: skip
            continue
        found.append({
            "first": first, "second": second, "headline": headline(one),
            "sentence": f"{sentence(one).strip('*')} {remark(first, second)}".rstrip(),
            "verdict": verdict(one),
            "rows": [_row(row) for row in one.rows.to_dict("records")],
            "notes": [*(f"{MIXED}: {line}" for line in one.mixed), *one.notes],
        })  # fmt: skip
    return found


def verdict(found: Comparison) -> str:
    """The verdict in one sentence with its interval: of the row that answers most directly, and how many others agree.

    Of the rows that answer (`answering`) this is the first of the trained languages, with late interaction where there is such.
    """
    rows = answering(found.rows)
    direct = ((rows["order"] == rows["order"].iloc[0]).astype(int) * 4 + (rows["group"] == "trained") * 2
              + (rows["scorer"].map(base_scorer) == "late"))  # fmt: skip
    row = rows.loc[direct.idxmax()]
    a, b = f"`{found.first}`", f"`{found.second}`"
    interval = f"{number(row['low'], SIGNED)} to {number(row['high'], SIGNED)}"
    sizes = str(row["size"]).split()
    order = f", order {row['order']}" if rows["order"].nunique() > 1 else ""
    at = f"mean over N = {', '.join(sizes)}" if len(sizes) > 1 else f"N = {sizes[0]}"
    where = f"{GROUPS.get(row['group'], row['group'])} ({named(row['scorer'])}, {at}{order})"
    said = {
        BETTER: f"{a} is better than {b} on {where}", WORSE: f"{a} is worse than {b} on {where}",
        EQUIVALENT: f"{a} and {b} are equivalent within {number(row['margin'])} on {where}",
    }.get(row["verdict"], f"{a} and {b} cannot be told apart on {where}")  # fmt: skip
    same = int((rows["verdict"] == row["verdict"]).sum())
    agree = f"; {same} of {len(rows)} comparisons say the same" if len(rows) > 1 else ""
    if row["runs"] == UNKNOWN:
        agree += "; one training run of each, so this is about these runs only"
    unit = f"a difference of {number(row['difference'], SIGNED)} nDCG@10, 95 % interval {interval}"
    return f"{said}: {unit}{agree}."


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
        **{name: str(row[name]) for name in WORDS}, **{name: rounded(row[name], 8) for name in NUMBERS},
        **{name: int(row[name]) for name in COUNTS},
    }  # fmt: skip
