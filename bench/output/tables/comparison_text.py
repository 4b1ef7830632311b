"""A comparison as markdown: the table, what was left out, and one sentence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bench.analysis.comparison import Comparison, Found
from bench.analysis.statistics import LEVEL
from bench.analysis.verdicts.decide import BETTER, EQUIVALENT, POWER, UNDECIDED, WORSE
from bench.analysis.verdicts.evidence import BORROWED, UNKNOWN
from bench.analysis.verdicts.family import EXPLORATORY, PRIMARY
from bench.base.markdown import number, table
from methods.facts import facts

SIGNED = "{:+.3f}"
NOTES = 20
MIXED = "Cells of the two were made on different hardware or software: the difference may come from that"
HEADS = {PRIMARY: "**Primary: declared in the profile**", EXPLORATORY: "**Exploratory: whatever else was asked for**"}


def text(found: Comparison) -> str:
    """Markdown of a whole comparison; the sentence comes last, where a terminal shows it."""
    named = [f"`{name}` is `{method}`." for name, method in found.settings.items()]
    parts = [f"# {found.first} against {found.second}", " ".join(named)]
    families = [family for family in (PRIMARY, EXPLORATORY) if (found.rows["family"] == family).any()]
    for family in families:
        rows = found.rows[found.rows["family"] == family]
        if len(families) > 1:
            parts.append(HEADS[family])
        parts.append(_grid(rows))
    parts.append(_which(found))
    parts += told(found)
    parts += [_families(found), LEGEND, remark(found.first, found.second), sentence(found)]
    return "\n\n".join(part for part in parts if part) + "\n"


def told(found: Found) -> list[str]:
    """Paragraphs on machines that differ and on what was left out."""
    parts = []
    if found.mixed:
        parts.append(f"**{MIXED}**\n\n" + "\n".join(f"- {line}" for line in found.mixed))
    if found.notes:
        lines = [f"- {note}" for note in found.notes[:NOTES]]
        more = [f"- and {len(found.notes) - NOTES} more"] if len(found.notes) > NOTES else []
        parts.append("**Left out**\n\n" + "\n".join(lines + more))
    return parts


def remark(first: str, second: str) -> str:
    """What a comparison of the two is not about: a translator made here, of few pairs, is not translation as such."""
    own = [f"`{name}`" for name in (first, second) if facts(name).is_own_translator]
    verb = "translates" if len(own) == 1 else "translate"
    return f"{' and '.join(own)} {verb} with what this experiment has: nothing here is about a better translator." if own else ""


def sentence(found: Comparison) -> str:
    """The answer: better, worse, equivalent or undecided; where; by how much; and what it does not cover.

    Where there are primary rows it is about them alone.
    """
    rows = answering(found.rows)
    total, said = len(rows), []
    for verdict in (BETTER, WORSE):
        part = rows[rows["verdict"] == verdict]
        if len(part):
            said.append(f"{verdict} in {len(part)} ({_where(part, rows)}; by {_span(part['difference'].abs())} nDCG@10)")
    for verdict in (EQUIVALENT, UNDECIDED):
        part = rows[rows["verdict"] == verdict]
        if len(part):
            where = f"in {len(part)}" if len(part) < total or total == 1 else f"in all {total}"
            margin = f" within {number(part['margin'].iloc[0])}" if verdict == EQUIVALENT else ""
            said.append(f"{verdict}{margin} {where} (differences {_span(part['difference'], SIGNED)}{_findable(part)})")
    doubt = _doubt(rows)
    kind = "primary " if (rows["family"] == PRIMARY).all() else ""
    noun = f"{kind}comparison" if total == 1 else f"{kind}comparisons"
    end = f"; {doubt}" if doubt else ""
    return f"**Of {total} {noun}, `{found.first}` against `{found.second}` is {', '.join(said)}{end}.**"


def answering(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that answer: the primary ones, or all where none is."""
    primary = rows[rows["family"] == PRIMARY]
    return primary if len(primary) else rows


def _findable(rows: pd.DataFrame) -> str:
    known = rows["smallest_corrected"].dropna()
    return f"; {_span(known)} would have been found with probability {POWER}" if len(known) else ""


def _families(found: Comparison) -> str:
    others = "Exploratory rows are corrected over all that there are of the two, whatever is shown of them."
    if found.primary:
        return f"Primary rows are corrected over all {found.primary} primary tests of the profile. {others}"
    return f"The profile declares no primary comparison of these two (`comparison.primary`). {others}"


def _doubt(rows: pd.DataFrame) -> str:
    parts = []
    for runs, says in (
        (UNKNOWN, "there is one training run of each, and nothing says where another would lie: conditional on these runs"),
        (BORROWED, "there is one training run of each, whose noise is taken from other arms"),
    ):
        part = rows[rows["runs"] == runs]
        if len(part):
            parts.append(says if len(part) == len(rows) else f"in {len(part)} {says}")
    several = rows[rows["seeds"] > 1]
    if len(several) and several["seed_sd"].notna().any():
        part = several[several["seed_sizes"] != several["size"]]
        where = f", measured at {_seed_sizes(part)}, other sizes have one seed" if len(part) else ""
        parts.append(f"seeds differ by {_span(several['seed_sd'])} (standard deviation{where})")
    partial = rows[(rows["places"] < rows["places_declared"])]
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
    heads = ["N", first, second, "difference [95 %]", "p", "p Holm", "verdict", "smallest found (corrected)",
             "ahead/level/behind", f"{first} beats in", f"{second} beats in", "ties", "seeds"]  # fmt: skip
    return table("scorer, group", lines, heads)


def _line(row: dict[Any, Any], with_order: bool) -> list[str]:
    name = f"{row['scorer']}, {row['group']}"
    of = f"of {row['languages']}"
    tied = 100 * row["questions_tied"] / max(1, row["questions"])
    interval = f"[{number(row['low'], SIGNED)}, {number(row['high'], SIGNED)}]" if row["low"] == row["low"] else "[no interval]"
    # Fewer places than declared: the row says so itself, not only the notes.
    short = f" ({row['places']} of {row['places_declared']} places)" if row["places"] < row["places_declared"] else ""
    seeds = f"{row['seeds']} (sd {number(row['seed_sd'])}, {row['seeds_ahead']} ahead)" if row["seeds"] > 1 else str(row["seeds"])
    alone = row["runs"] == UNKNOWN  # nothing is known of the noise of training, so nothing of what a test would say
    smallest = f"{number(row['smallest'])} ({number(row['smallest_corrected'])})"
    tested = ("", "", "") if alone else (f"{row['p']:.4f}", f"{row['p_holm']:.4f}", smallest)
    return [
        f"{row['order']}, {name}" if with_order else name, f"{_size(row['size'])}{short}",
        number(row["first_mean"]), number(row["second_mean"]), f"{number(row['difference'], SIGNED)} {interval}",
        *tested[:2], _verdict(row), tested[2],
        f"{row['ahead']}/{row['level']}/{row['behind']}",
        f"{row['first_beats']} {of}", f"{row['second_beats']} {of}", f"{tied:.0f} %", seeds,
    ]  # fmt: skip


def _verdict(row: dict[Any, Any]) -> str:
    """With what a reader must know at once: that it is about these runs alone, or below the margin."""
    if row["runs"] == UNKNOWN:
        return f"{row['verdict']} (these runs only)"
    small = row["within_margin"] and row["verdict"] in (BETTER, WORSE)
    return f"{row['verdict']} (below {number(row['margin'])})" if small else row["verdict"]


def _which(found: Comparison) -> str:
    lines = []
    for winner, column in ((found.first, "first_beats_in"), (found.second, "second_beats_in")):
        for row in found.rows[found.rows[column] != ""].to_dict("records"):
            where = f"{row['scorer']}, {row['group']}, N = {_size(row['size'])}"
            lines.append(f"- {winner}: {where}: {', '.join(row[column].split())}")
    return "**Languages in which one beats the other**\n\n" + "\n".join(lines) if lines else ""


LEGEND = f"""- The difference is of nDCG@10, mean over languages, then over tasks. It would come out otherwise with other
  questions and with other training runs: both are in its interval, p-value and verdict (t distribution, variance
  over questions plus variance over runs, docs/statistics.md). Questions that ask for the same document are one, in
  whatever languages. Groups and sizes share languages and questions: rows are not independent.
- Verdicts, on p-values with Holm's correction at {LEVEL}: *better* and *worse*; *equivalent*, if the difference is surely
  below the margin (two one-sided tests); else *undecided*, which is no proof of equality. "below" marks a difference that is
  there and surely smaller than the margin. An interval is of its row alone, uncorrected.
- Smallest found: the difference that this row would find with probability {POWER}; in brackets by the first step of Holm's
  correction, which is the strictest. Smaller ones it mostly misses.
- With one seed the noise of training is taken from arms of the same experiment that have several; where there is none the row
  is about these runs only, its interval is over questions alone, and it is never called anything but undecided.
- ahead/level/behind: languages by their means alone. "beats in": at least so many, by partial conjunction (Bonferroni) over
  one-sided tests at {LEVEL / 2} each way; correct within a row, not over rows. Ties: questions that both answer equally well.
- seeds: those that both methods have; with more than one, the standard deviation of their differences, and how many exceed 0."""
