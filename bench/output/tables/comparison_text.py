"""A comparison as markdown: the table, what was left out, and one sentence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bench.analysis.comparison import Comparison
from bench.analysis.resampling import DRAWS
from bench.analysis.statistics import FLIPS, LEVEL
from bench.base.markdown import number, table

SIGNED = "{:+.3f}"
NOTES = 20


def text(found: Comparison) -> str:
    """Markdown of a whole comparison; the sentence comes last, where a terminal shows it."""
    named = [f"`{name}` is `{method}`." for name, method in found.settings.items()]
    parts = [f"# {found.first} against {found.second}", " ".join(named), _grid(found.rows), _which(found)]
    if found.notes:
        lines = [f"- {note}" for note in found.notes[:NOTES]]
        more = [f"- and {len(found.notes) - NOTES} more"] if len(found.notes) > NOTES else []
        parts.append("**Left out**\n\n" + "\n".join(lines + more))
    return "\n\n".join(part for part in [*parts, LEGEND, sentence(found)] if part) + "\n"


def sentence(found: Comparison) -> str:
    """The answer: better, worse or not distinguishable; where; by how much; and what it does not cover."""
    rows, total = found.rows, len(found.rows)
    said = []
    for verdict in ("better", "worse"):
        part = rows[rows["verdict"] == verdict]
        if len(part):
            said.append(f"{verdict} in {len(part)} ({_where(part, rows)}; by {_span(part['difference'].abs())} nDCG@10)")
    same = rows[rows["verdict"] == "not distinguishable"]
    if len(same):
        where = f"in the other {len(same)}" if said else "in any"
        said.append(f"not distinguishable {where} (differences {_span(same['difference'], SIGNED)})")
    doubt = _doubt(rows)
    noun = "comparison" if total == 1 else "comparisons"
    return f"**Of {total} {noun}, `{found.first}` against `{found.second}` is {', '.join(said)}; {doubt}.**"


def _doubt(rows: pd.DataFrame) -> str:
    partial = rows[(rows["places"] < rows["places_declared"])]
    parts = []
    if (rows["seeds"] <= 1).any():
        some = "" if (rows["seeds"] <= 1).all() else f" in {int((rows['seeds'] <= 1).sum())} of them"
        parts.append(f"there is one seed only{some}, so noise of training is not covered")
    if (rows["seeds"] > 1).any():
        several = rows[rows["seeds"] > 1]
        part = several[several["seed_sizes"] != several["size"]]
        where = f", measured at {_seed_sizes(part)}, other sizes have one seed" if len(part) else ""
        spread = f"{_span(several['seed_sd'])} (standard deviation{where})"
        parts.append(f"seeds differ by {spread}, which neither interval nor p covers")
    if len(partial):
        parts.append(f"{len(partial)} of them stand on fewer languages or tasks than declared")
    return "; ".join(parts)


def _seed_sizes(rows: pd.DataFrame) -> str:
    """`N = 5, 20, 50`, the sizes behind the spread over seeds."""
    sizes = sorted({int(size) for listed in rows["seed_sizes"] for size in listed.split()})
    return f"N = {', '.join(map(str, sizes))}"


def _where(rows: pd.DataFrame, everything: pd.DataFrame) -> str:
    """`late: trained, core N = 5, 20; dense: guard N = 5`, with the order of languages where there are several."""
    if len(rows) == len(everything):
        return "everywhere"
    orders = everything["order"].nunique() > 1
    parts = []
    for (order, scorer), part in rows.groupby(["order", "scorer"], sort=False):
        groups: dict[str, list[str]] = {}
        for group, own in part.groupby("group", sort=False):
            groups.setdefault(", ".join(map(_size, own["size"])), []).append(str(group))
        listed = "; ".join(f"{', '.join(names)} N = {sizes}" for sizes, names in groups.items())
        parts.append(f"{order} {scorer}: {listed}" if orders else f"{scorer}: {listed}")
    return "; ".join(parts)


def _size(sizes: str) -> str:
    return f"mean of {sizes}" if " " in sizes else sizes


def _span(values: pd.Series, form: str = "{:.3f}") -> str:
    low, high = number(values.min(), form), number(values.max(), form)
    return low if low == high else f"{low} to {high}"


def _grid(rows: pd.DataFrame) -> str:
    lines = [_line(row, rows["order"].nunique() > 1) for row in rows.to_dict("records")]
    first, second = rows["first"].iloc[0], rows["second"].iloc[0]
    heads = ["N", first, second, "difference [95 %]", "p", "p Holm", "verdict", "ahead/level/behind", f"{first} beats in",
             f"{second} beats in", "ties", "seeds"]  # fmt: skip
    return table("scorer, group", lines, heads)


def _line(row: dict[Any, Any], with_order: bool) -> list[str]:
    name = f"{row['scorer']}, {row['group']}"
    of = f"of {row['languages']}"
    tied = 100 * row["questions_tied"] / max(1, row["questions"])
    interval = f"[{number(row['low'], SIGNED)}, {number(row['high'], SIGNED)}]" if row["low"] == row["low"] else "[no interval]"
    # Fewer places than declared: the row says so itself, not only the notes.
    short = f" ({row['places']} of {row['places_declared']} places)" if row["places"] < row["places_declared"] else ""
    seeds = f"{row['seeds']} (sd {number(row['seed_sd'])}, {row['seeds_ahead']} ahead)" if row["seeds"] > 1 else str(row["seeds"])
    return [
        f"{row['order']}, {name}" if with_order else name, f"{_size(row['size'])}{short}",
        number(row["first_mean"]), number(row["second_mean"]), f"{number(row['difference'], SIGNED)} {interval}",
        f"{row['p']:.4f}", f"{row['p_holm']:.4f}", row["verdict"], f"{row['ahead']}/{row['level']}/{row['behind']}",
        f"{row['first_beats']} {of}", f"{row['second_beats']} {of}", f"{tied:.0f} %", seeds,
    ]  # fmt: skip


def _which(found: Comparison) -> str:
    lines = []
    for winner, column in ((found.first, "first_beats_in"), (found.second, "second_beats_in")):
        for row in found.rows[found.rows[column] != ""].to_dict("records"):
            where = f"{row['scorer']}, {row['group']}, N = {_size(row['size'])}"
            lines.append(f"- {winner}: {where}: {', '.join(row[column].split())}")
    return "**Languages in which one beats the other**\n\n" + "\n".join(lines) if lines else ""


LEGEND = f"""- The difference is of nDCG@10, mean over languages, then over tasks; its interval is the bootstrap over questions
  ({DRAWS:,} resamples, all languages of a parallel question together). Groups and sizes share languages and questions, so
  rows are not independent of each other.
- p: paired sign-flip test of the same mean, {FLIPS:,} random patterns, a parallel question flips in all its languages at
  once; seeds are averaged first. Holm: corrected for all rows above; the verdict asks for at most {LEVEL}. An interval is
  of its row alone, uncorrected: it may lie off 0 where the verdict says "not distinguishable".
- ahead/level/behind: languages by their means alone. "beats in": at least so many, by partial conjunction (Bonferroni) over
  one-sided tests at {LEVEL / 2} each way; correct within a row, not over rows. Ties: questions that both answer equally well.
- Questions of a task that is not parallel (symbols) count as independent, although those of different languages can ask for
  the same document: where they do, its interval is too narrow and its p too small.
- seeds: those that both methods have; with more than one, the standard deviation of their differences, and how many exceed 0."""
