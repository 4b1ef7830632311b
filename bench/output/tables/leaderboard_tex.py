"""The leaderboard as LaTeX (booktabs): one table an order and group of languages, methods by scorer and size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.analysis.results import RANKED_BY, Plan
from bench.analysis.tables import MEAN
from bench.base.markdown import number
from bench.output.tables.leaderboard_text import STATES, ranking
from methods.facts import facts

FILE = "leaderboard.tex"
GROUPS = {
    "trained": "trained languages, the first $N$ of the order", "core": "core languages, trained at every $N$",
    "held-out": "held-out languages, the rest of the order", "guard": "guard languages, never trained on",
}  # fmt: skip
MOST = 3  # sizes in a row: more do not fit a page beside a second scorer
LEGEND = (
    r"$\pm$: half of the 95\,\% bootstrap interval over questions. Bold: the best method of a column and those that cannot be "
    "told from it. In brackets: incomplete. !: the collapse check warned."
)
SOME_SIZES = " Other sizes: leaderboard.csv."
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {c: f"\\{c}" for c in "&%$#_{}"}


def text(plan: Plan, boards: Mapping[str, pd.DataFrame]) -> str:
    """Tables of nDCG@10, mean over tasks; `boards` holds `tables.leaderboard` of each order."""
    parts = [f"% {escape(plan.name)}: written by `bench leaderboard`. Needs \\usepackage{{booktabs}}."]
    for order, table in boards.items():
        means = table[table["task"] == MEAN]
        for group, title in GROUPS.items():
            rows = means[means["group"] == group]
            if len(rows):
                title = title if plan.asked is None else f"{title}, those that are asked"
                name = title if len(boards) == 1 else f"{title}; order {escape(order)}"
                parts.append(_table(rows, name, f"tab:{plan.name}-{order}-{group}"))
    return "\n\n".join(parts) + "\n"


def escape(words: str) -> str:
    """Text that LaTeX sets as it is.

    >>> print(escape("a_b & 50 %"))
    a\\_b \\& 50 \\%
    """
    return "".join(_SPECIAL.get(sign, sign) for sign in words)


def _table(rows: pd.DataFrame, title: str, key: str) -> str:
    all_sizes = sorted(rows["size"].unique().tolist())
    sizes = _sizes(all_sizes)
    scorers = list(dict.fromkeys(rows["scorer"]))
    at = {(row["method"], row["scorer"], row["size"]): row for row in rows.to_dict("records")}
    heads = " & ".join(f"\\multicolumn{{{len(sizes)}}}{{c}}{{{escape(scorer)}}}" for scorer in scorers)
    starts = [2 + number * len(sizes) for number in range(len(scorers))]
    rules = " ".join(f"\\cmidrule(lr){{{start}-{start + len(sizes) - 1}}}" for start in starts)
    lines: list[str] = []
    before = None
    for method in ranking(rows):
        if before is not None and facts(method).is_reference != before:
            lines.append(r"\midrule")
        before = facts(method).is_reference
        scores = [_score(at.get((method, scorer, size))) for scorer in scorers for size in sizes]
        lines.append(" & ".join([_method(method), *scores]) + r" \\")
    columns = " & ".join(f"$N={size}$" for _ in scorers for size in sizes)
    caption = f"nDCG@10, mean over tasks: {title}. {LEGEND}" + ("" if len(sizes) == len(all_sizes) else SOME_SIZES)
    return "\n".join([
        r"\begin{table*}", r"\centering\footnotesize\setlength{\tabcolsep}{3pt}", f"\\caption{{{caption}}}", f"\\label{{{key}}}",
        f"\\begin{{tabular}}{{l{'r' * len(sizes) * len(scorers)}}}", r"\toprule", f" & {heads} \\\\", rules,
        f"method & {columns} \\\\", r"\midrule", *lines, r"\bottomrule", r"\end{tabular}", r"\end{table*}",
    ])  # fmt: skip


def _sizes(sizes: list[int]) -> list[int]:
    """At most MOST of them, first and last among them."""
    if len(sizes) <= MOST:
        return sizes
    return [sizes[round(step * (len(sizes) - 1) / (MOST - 1))] for step in range(MOST)]


def _method(name: str) -> str:
    if kind := facts(name).role:
        return f"\\emph{{{escape(name)} ({kind})}}"
    return f"\\texttt{{{escape(name)}}}"


def _score(row: Mapping[Any, Any] | None) -> str:
    if row is None:
        return ""
    if row["status"] in STATES:
        return f"\\emph{{{STATES[row['status']]}}}"
    value = number(row[RANKED_BY])
    if not row["complete"]:
        return f"({value})" if value else "--"
    half = number((row["high"] - row["low"]) / 2)
    shown = f"\\textbf{{{value}}}" if row["ties_best"] else value
    return f"{shown}\\,{{\\scriptsize$\\pm${half}}}" + ("\\,!" if row["warning"] else "")

