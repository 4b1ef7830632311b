"""The ladder of budgets as a picture and a table: gain against the number of pairs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.analysis.verdicts.evidence import UNKNOWN
from bench.base.markdown import number
from bench.base.markdown import table as markdown
from bench.base.paths import atomic_write
from bench.output import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "budget"
PANEL = (2.6, 2.2)  # inches
LEFT, RIGHT, TOP, BOTTOM = 0.95, 0.2, 0.35, 0.55  # inches, without the legend
SPREAD = 1.06  # methods at one budget stand side by side: each is moved by this factor
DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)))  # of the first, second ... recipe


def write(rows: pd.DataFrame, folder: Path) -> list[Path]:
    """Write budget.csv, budget.md, budget.svg and budget.png of `bench.analysis.verdicts.budget.ladder` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    csv, text = folder / f"{NAME}.csv", folder / f"{NAME}.md"
    atomic_write(csv, rows.to_csv(index=False, float_format="%.6f", lineterminator="\n"))
    atomic_write(text, written(rows))
    return [csv, text, *plots.save(partial(draw, rows), folder / NAME)]


def climbing(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of methods with several budgets; all rows where no method has.

    A control that was run at one step says nothing of the ladder, and moves those that do apart.
    """
    if not len(rows):
        return rows
    steps = rows.groupby("method", sort=False)["pairs"].transform("nunique")
    return rows[steps > 1] if (steps > 1).any() else rows


def written(rows: pd.DataFrame) -> str:
    """The table as Markdown: a row a method, scorer and recipe, a column a budget. Methods with one budget are named below."""
    left_out = sorted(set(rows["method"]) - set(climbing(rows)["method"]))
    rows = climbing(rows)
    parts = [
        "# Gain against the budget\n",
        f"nDCG@10 over each reference, {rows['group'].iloc[0]} languages, {int(rows['size'].iloc[0])} of them trained on. "
        f"Intervals are paired, 95 %, over questions and training runs.{_alone(rows)}\n",
    ]
    for over in dict.fromkeys(rows["over"]):
        own = rows[rows["over"] == over]
        budgets = sorted(own["pairs"].unique())
        lines = []
        for (how, scorer, method), line in own.groupby(["recipe", "scorer", "method"], sort=False):
            cells = {int(one["pairs"]): _cell(one) for _, one in line.iterrows()}
            lines.append([f"`{method}`", plots.named(scorer), how, *(cells.get(n, "") for n in budgets)])
        columns = ["scorer", "trained", *(f"{n:,} pairs" for n in budgets)]
        parts.append(f"## Over `{over}`\n\n{markdown('method', lines, columns)}\n")
    if left_out:
        parts.append(f"Run at one budget, so in {NAME}.csv alone: {', '.join(f'`{name}`' for name in left_out)}.\n")
    return "\n".join(parts)


def _alone(rows: pd.DataFrame) -> str:
    """Which intervals leave the noise of training out: at the same number of pairs one recipe may, and another not."""
    alone = rows[rows["runs"] == UNKNOWN]
    if not len(alone):
        return ""
    several = rows["recipe"].nunique() > 1
    places = []
    for how, own in alone.groupby("recipe", sort=False):
        budgets = " and ".join(f"{pairs:,}" for pairs in sorted(own["pairs"].unique()))
        places.append(f"{budgets} pairs" + f" with {how}" * several)
    return f" At {', and at '.join(places)} nothing is known of the noise of training: there they are over questions alone."


def _cell(row: pd.Series) -> str:
    gain, low, high = (number(row[name], "{:+.3f}") for name in ("difference", "low", "high"))
    return f"{gain} [{low}, {high}]"


def short(pairs: int) -> str:
    """A number of pairs on an axis.

    >>> short(600), short(3000), short(2_500_000)
    ('600', '3k', '2.5M')
    """
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if pairs >= unit:
            return f"{pairs / unit:.3g}{name}"
    return str(pairs)


def draw(rows: pd.DataFrame) -> Figure | None:
    """Gain against pairs, logarithmic: a row of panels a reference, a column a scorer, a line a method and recipe.

    The reference is the line at zero. None where there is nothing to draw. Methods with one budget are left out where others
    have several.
    """
    rows = climbing(rows)
    if not len(rows):
        return None
    from matplotlib.figure import Figure

    scorers, overs = (list(dict.fromkeys(rows[name])) for name in ("scorer", "over"))
    recipes, methods = (list(dict.fromkeys(rows[name])) for name in ("recipe", "method"))
    budgets = sorted(rows["pairs"].unique())
    looks = plots.styles(methods)
    lines = [(name, how) for how in recipes for name in methods if len(rows[(rows["method"] == name) & (rows["recipe"] == how)])]
    named = {one: plots.label(one[0]) + (f", {one[1]}" if len(recipes) > 1 else "") for one in lines}
    # Long enough to tell a dashed line from a whole one behind its marker.
    handle = plots.HANDLE * (2 if len(recipes) > 1 else 1)
    width = max(PANEL[0] * len(scorers) + LEFT + RIGHT, plots.legend_width(list(named.values()), handle))
    legend = plots.ROW * -(-len(named) // plots.legend_columns(list(named.values()), width, handle)) + 0.1
    height = PANEL[1] * len(overs) + TOP + BOTTOM + legend
    figure = Figure(figsize=(width, height), dpi=160)
    panels = figure.subplots(len(overs), len(scorers), sharex=True, sharey="row", squeeze=False)
    figure.subplots_adjust(LEFT / width, BOTTOM / height, 1 - RIGHT / width, 1 - (TOP + legend) / height, wspace=0.08, hspace=0.1)
    entries: dict[str, Any] = {}
    reach = np.log(budgets[-1] / budgets[0]) + 2 * len(lines) * np.log(SPREAD) or 1.0
    inch = (width - LEFT - RIGHT) / len(scorers) / (1.1 * reach)
    ticks = plots.apart([float(np.log(n)) * inch for n in budgets], [short(int(n)) for n in budgets])
    for over, across in zip(overs, panels, strict=True):
        across[0].set_ylabel(f"gain over {over}\n(nDCG@10)")
        for scorer, panel in zip(scorers, across, strict=True):
            panel.axhline(0, color="#333333", lw=0.8, zorder=1)
            here = rows[(rows["over"] == over) & (rows["scorer"] == scorer)]
            for turn, (name, how) in enumerate(lines):
                own = here[(here["method"] == name) & (here["recipe"] == how)]
                if not len(own):
                    continue
                at = own["pairs"] * SPREAD ** (turn - (len(lines) - 1) / 2)
                look = {"marker": "_", "markersize": 6.0, **looks[name], "linestyle": DASHES[recipes.index(how) % len(DASHES)]}
                bars = [own["difference"] - own["low"], own["high"] - own["difference"]]
                entries[named[name, how]] = panel.errorbar(at, own["difference"], bars, elinewidth=1, capsize=2, zorder=3, **look)
            panel.set_xscale("log")
            panel.set_xticks(budgets, ticks)
            panel.minorticks_off()
            panel.tick_params(length=2)
    for scorer, panel in zip(scorers, panels[0], strict=True):
        panel.set_title(plots.named(scorer))
    middle = (LEFT + width - RIGHT) / 2 / width
    figure.text(middle, 0.06 / height, "training pairs, all languages together", ha="center", va="bottom")
    look = {"loc": "upper center", "bbox_to_anchor": (0.5, 1), "frameon": False, "handlelength": handle}
    columns = plots.legend_columns(list(entries), width, handle)
    figure.legend(list(entries.values()), list(entries), ncols=columns, **look)
    return figure
