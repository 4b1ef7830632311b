"""Score against what a cell costs, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.output import plots
from bench.output.report.embed import FACTOR

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROUP = "trained"
PANEL, TITLE = (3.3, 2.6), 0.3  # inches
FILLS = ("full", "none", "left", "top")  # of the first, second ... user of a marker
ALONE = ("*", "x", "+", "1", "2", "3", "4")  # of floor, ceilings and what is not trained


def cost(content: Mapping[str, Any], view: Mapping[str, Any]) -> Figure | None:
    """nDCG@10 of the trained languages against seconds of a whole cell, at the largest size; one panel a scorer."""
    size = max(view["sizes"])
    seconds = {(one["method"], one["size"]): one["seconds"].get("total") for one in view["costs"]}
    looks = _marks([method["name"] for method in content["methods"]])
    board = pd.DataFrame(view["board"])
    rows = board[(board["task"] == 0) & (board["group"] == list(content["groups"]).index(GROUP)) & (board["size"] == size)]
    points = []
    for row in rows.to_dict("records"):
        method = content["methods"][row["method"]]
        time = seconds.get((row["method"], size)) or seconds.get((row["method"], 0))
        if method["shown"] and time is not None and not pd.isna(row["ndcg@10"]):
            points.append((row, method, time))
    if not points:
        return None
    scorers, names = content["scorers"], list(dict.fromkeys(method["label"] for _, method, _ in points))
    width = max(PANEL[0] * len(scorers) + plots.LEFT + plots.RIGHT, plots.legend_width(names))
    legend = plots.ROW * -(-len(names) // plots.legend_columns(names, width)) + 0.15
    height = PANEL[1] + TITLE + legend + plots.BOTTOM
    figure = plots.sheet(width, height)
    panels = figure.subplots(1, len(scorers), squeeze=False, sharey=True)[0]
    across, up = (plots.LEFT / width, 1 - plots.RIGHT / width), (plots.BOTTOM / height, 1 - (TITLE + legend) / height)
    figure.subplots_adjust(across[0], up[0], across[1], up[1], wspace=0.08)
    handles: dict[str, Any] = {}
    for number, panel in enumerate(panels):
        for row, method, time in points:
            if row["scorer"] != number:
                continue
            look, value = looks[method["name"]], row["ndcg@10"] / FACTOR
            if not pd.isna(row["low"]):
                panel.plot([time, time], [row["low"] / FACTOR, row["high"] / FACTOR], color=look["color"], lw=0.9, zorder=2)
            [handles[method["label"]]] = panel.plot(time, value, zorder=3, **look)
        panel.set_xlim(0, 1.08 * max(time for _, _, time in points))
        panel.set_ylim(bottom=0)
        panel.locator_params(axis="x", nbins=5)
        panel.set_title(plots.named(scorers[number]))
    panels[0].set_ylabel(f"nDCG@10, {GROUP} languages")
    figure.text(sum(across) / 2, 0.06 / height, f"seconds of a cell, N = {size}", ha="center", va="bottom")
    named = [name for name in names if name in handles]
    figure.legend([handles[name] for name in named], named, loc="upper center", bbox_to_anchor=(0.5, 1), frameon=False,
                  ncols=plots.legend_columns(named, width))  # fmt: skip
    return figure


def _marks(methods: list[str]) -> dict[str, dict[str, Any]]:
    """A point's look for each method: what is a dash in a line is how the marker is filled, so that grey tells them apart."""
    turns, alone = plots.slots(methods), iter(ALONE * len(methods))
    found = {}
    for name, look in plots.styles(methods).items():
        if name in turns:
            marker, filled = look["marker"], FILLS[turns[name][2] % len(FILLS)]
        else:
            marker, filled = next(alone), "full"
        found[name] = {"color": look["color"], "marker": marker, "fillstyle": filled, "linestyle": "none", "markersize": 6.5,
                       "markeredgewidth": 1.0, "markerfacecoloralt": "white"}  # fmt: skip
    return found
