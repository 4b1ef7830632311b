"""The figures of the page for a paper: SVG and PNG of each, drawn with matplotlib from the page's own numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.analysis.tables import MEAN
from bench.analysis.verdicts.decide import BETTER, WORSE
from bench.base.progress import parts, tell
from bench.output import plots
from bench.output.report.embed import FACTOR
from bench.output.report.paper.heat import heat

if TYPE_CHECKING:
    from matplotlib.figure import Figure

View = Mapping[str, Any]
GROUP = "trained"
FIGURES = "figures"  # phase of progress
TRAINING_COLUMNS = 4


def write(folder: Path, content: Mapping[str, Any], tables: list[pd.DataFrame]) -> list[Path]:
    """Write every figure of every view into `folder`; a figure without data is left out.

    Args:
        content: `content.content`.
        tables: `tables.leaderboard` of each view.
    """
    names = [method["name"] for method in content["methods"]]
    shown = [method["name"] for method in content["methods"] if method["shown"]]
    files: list[Path] = []
    for number, (view, table) in enumerate(parts(list(zip(content["views"], tables, strict=True)))):
        end = f"-{_file_name(view['label'])}" if number else ""
        others: dict[str, Callable[[Mapping[str, Any], View], Figure | None]] = {
            "differences": differences, "heat": heat, "cost": cost, "training": training,
        }  # fmt: skip
        for at, task in enumerate(content["tasks"]):
            tell(FIGURES, at / (len(content["tasks"]) + len(others)))
            name = "scaling" if task == MEAN else f"scaling-{task}"
            files += plots.scaling(table, folder / f"{name}{end}", task, shown, names)
        for at, (name, draw) in enumerate(others.items(), start=len(content["tasks"])):
            tell(FIGURES, at / (len(content["tasks"]) + len(others)))
            files += plots.save(partial(draw, content, view), folder / f"{name}{end}")
    return files


def differences(content: Mapping[str, Any], view: View) -> Figure | None:
    """Each comparison as dots with 95 % intervals, filled where one is better."""
    compared = [one for one in view["compared"] if one["rows"]]
    if not compared:
        return None
    figure = _figure(3.4 * len(compared), 0.6 + 0.24 * max(len(one["rows"]) for one in compared))
    for panel, one in zip(figure.subplots(1, len(compared), squeeze=False)[0], compared, strict=True):
        rows = one["rows"][::-1]
        for y, row in enumerate(rows):
            sure = row["verdict"] in (BETTER, WORSE)
            color = plots.PALETTE[0] if sure else plots.GREY
            if row["low"] is not None:
                panel.plot([row["low"], row["high"]], [y, y], color=color, lw=1.2)
            panel.plot(row["difference"], y, "o", color=color, mfc=color if sure else "white", ms=5)
        panel.axvline(0, color="#333333", lw=0.8)
        panel.set_yticks(range(len(rows)), [f"{row['scorer']}, {row['group']}" for row in rows])
        panel.set_title(f"{one['first']} minus {one['second']}", fontsize=8)
        panel.set_xlabel("nDCG@10, mean over sizes")
    return figure


def cost(content: Mapping[str, Any], view: View) -> Figure | None:
    """nDCG@10 of the trained languages against seconds of a whole cell, at the largest size; one panel a scorer."""
    size = max(view["sizes"])
    seconds = {(one["method"], one["size"]): one["seconds"].get("total") for one in view["costs"]}
    looks = plots.styles([method["name"] for method in content["methods"]])
    board = pd.DataFrame(view["board"])
    rows = board[(board["task"] == 0) & (board["group"] == list(content["groups"]).index(GROUP)) & (board["size"] == size)]
    if not len(rows):
        return None
    figure = _figure(3.6 * len(content["scorers"]) + 0.4, 3.4)
    panels = figure.subplots(1, len(content["scorers"]), squeeze=False)[0]
    for number, panel in enumerate(panels):
        for row in rows[rows["scorer"] == number].to_dict("records"):
            method = content["methods"][row["method"]]
            time = seconds.get((row["method"], size)) or seconds.get((row["method"], 0))
            if not method["shown"] or time is None or pd.isna(row["ndcg@10"]):
                continue
            look = {"marker": "_", **looks[method["name"]], "linestyle": "none", "markersize": 6}
            value = row["ndcg@10"] / FACTOR
            if not pd.isna(row["low"]):
                panel.plot([time, time], [row["low"] / FACTOR, row["high"] / FACTOR], color=look["color"], lw=0.9, alpha=0.6)
            panel.plot(time, value, label=method["label"], **look)
        panel.set_xlim(left=0)
        panel.set_ylim(bottom=0)
        panel.set_title(plots.SCORERS.get(content["scorers"][number], content["scorers"][number]))
        panel.set_xlabel(f"seconds of a cell, N = {size}")
    panels[0].set_ylabel(f"nDCG@10, {GROUP} languages")
    handles = {line.get_label(): line for panel in panels for line in panel.get_lines() if not line.get_label().startswith("_")}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=3, frameon=False, fontsize=7)
    return figure


def training(content: Mapping[str, Any], view: View) -> Figure | None:
    """Loss against step, one panel a method: paler for fewer languages, circles for the loss on dev pairs."""
    names = [method["name"] for method in content["methods"] if method["shown"]]
    own = {name: [cell for cell in view["cells"] if cell["method"] == name and cell["curve"]] for name in names}
    own = {name: cells for name, cells in own.items() if cells}
    if not own:
        return None
    looks = plots.styles([method["name"] for method in content["methods"]])
    columns = min(TRAINING_COLUMNS, len(own))
    lines = -(-len(own) // columns)
    figure = _figure(2.3 * columns, 1.9 * lines)
    panels = list(figure.subplots(lines, columns, squeeze=False).flat)
    for panel, (name, cells) in zip(panels, own.items(), strict=False):
        sizes = sorted({cell["size"] for cell in cells})
        for cell in cells:
            strength = 0.35 + 0.65 * (sizes.index(cell["size"]) + 1) / len(sizes)
            curve, color = cell["curve"], looks[name]["color"]
            panel.plot(curve["step"], curve["loss"], color=color, lw=0.8, alpha=strength)
            panel.plot([step for step, _ in curve["dev"]], [loss for _, loss in curve["dev"]], "o:", color=color, lw=0.7, ms=3,
                       mfc="white", alpha=strength)  # fmt: skip
        panel.set_title(name, fontsize=7)
        panel.set_xlabel("step")
    for panel in panels[len(own) :]:
        panel.set_visible(False)
    return figure


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=160, layout="constrained")


def _file_name(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", label).strip("-")
