"""Slopes of methods against each other, as markdown."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bench.analysis.comparison import SlopeComparison
from bench.analysis.verdicts.decide import POWER, UNDECIDED
from bench.analysis.verdicts.evidence import UNKNOWN
from bench.base.markdown import number, table
from bench.output.tables.comparison_text import remark, told

SIGNED = "{:+.4f}"
PLAIN = "{:.4f}"


def text(found: SlopeComparison) -> str:
    """What `bench compare --slopes` prints."""
    first, second = found.first, found.second
    parts = [f"# Slopes of {first} and {second}", grid(found.rows), *told(found), LEGEND, remark(first, second)]
    return "\n\n".join(part for part in [*parts, sentence(found.rows, first, second)] if part) + "\n"


def grid(rows: pd.DataFrame) -> str:
    """One line a pair, scorer and group."""
    orders = rows["order"].nunique() > 1
    lines = [_line(row, orders) for row in rows.to_dict("records")]
    heads = ["sizes", "first", "second", "difference of slopes [95 %]", "p", "p Holm", "verdict", "smallest found (corrected)",
             "seeds"]  # fmt: skip
    return table("pair, scorer, group", lines, heads)


def sentence(rows: pd.DataFrame, first: str, second: str) -> str:
    """In how many rows one gains more."""
    counts = rows["verdict"].value_counts()
    said = [f"{verdict} in {counts[verdict]}" for verdict in counts.index]
    return f"**Of {len(rows)} slopes, that of `{first}` against that of `{second}` is {', '.join(said)}.**"


def _line(row: dict[Any, Any], orders: bool) -> list[str]:
    where = f"{row['first']} - {row['second']}, {row['scorer']}, {row['group']}".replace("|", "\\|")
    verdict = {"better": "steeper", "worse": "less steep"}.get(row["verdict"], row["verdict"])
    if row["runs"] == UNKNOWN:
        verdict = f"{UNDECIDED} (these runs only)"
    alone = row["runs"] == UNKNOWN
    tested = ("", "") if alone else (f"{row['p']:.4f}", f"{row['p_holm']:.4f}")
    smallest = "" if alone else f"{number(row['smallest'], PLAIN)} ({number(row['smallest_corrected'], PLAIN)})"
    return [
        f"{row['order']}, {where}" if orders else where, row["size"],
        number(row["first_slope"], SIGNED), number(row["second_slope"], SIGNED),
        f"{number(row['difference'], SIGNED)} [{number(row['low'], SIGNED)}, {number(row['high'], SIGNED)}]",
        *tested, f"{verdict} (primary)" if row["family"] == "primary" else verdict, smallest, str(row["seeds"]),
    ]  # fmt: skip


LEGEND = f"""- A slope is nDCG@10 won each time the number of languages doubles (least squares on log2 N), on the
  sizes that both have.
- The difference is paired: same sizes, languages, questions and seeds. Its interval is over questions and training runs.
- *equivalent*: over the whole range of sizes the two move apart by surely less than the margin. *Smallest found*: the
  difference of slopes that this row would find with probability {POWER}; in brackets by the first step of Holm's correction."""
