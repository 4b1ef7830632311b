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
from bench.output.report.paper.cost import cost
from bench.output.report.paper.heat import heat
from bench.output.report.paper.training import training

if TYPE_CHECKING:
    from matplotlib.figure import Figure

View = Mapping[str, Any]
FIGURES = "figures"  # phase of progress



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
    figure = plots.sheet(3.4 * len(compared), 0.6 + 0.24 * max(len(one["rows"]) for one in compared), layout="constrained")
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


def _file_name(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", label).strip("-")
