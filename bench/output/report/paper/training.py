"""Training curves, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any

from bench.output import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS, ENTRIES = 4, 8  # panels side by side, entries of the legend
PANEL, LINE, LEAST = (2.3, 1.75), 0.11, 4.6  # inches: a panel without title, a line of a title, the figure's width
LETTERS = 36  # of a title in one line
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (2, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (1, 1)), (0, (8, 2, 3, 2)), (0, (3, 3)))


def training(content: Mapping[str, Any], view: Mapping[str, Any]) -> Figure | None:
    """Loss against step, one panel a method; a dash and a marker, that of the loss on dev pairs, a number of languages."""
    names = [method["name"] for method in content["methods"] if method["shown"]]
    own = {name: [cell for cell in view["cells"] if cell["method"] == name and cell["curve"]] for name in names}
    own = {name: cells for name, cells in own.items() if cells}
    if not own:
        return None
    looks = plots.styles([method["name"] for method in content["methods"]])
    titles = {name: plots.broken(name, LETTERS) for name in own}
    columns = min(COLUMNS, len(own))
    lines = -(-len(own) // columns)
    high = PANEL[1] + LINE * max(title.count("\n") + 1 for title in titles.values())
    figure = plots.sheet(max(PANEL[0] * columns, LEAST), high * lines + 0.35, layout="constrained")
    panels = list(figure.subplots(lines, columns, squeeze=False).flat)
    sizes = sorted({cell["size"] for cells in own.values() for cell in cells}, reverse=True)  # the largest is the whole line
    of_size = {
        size: (dash, marker) for size, dash, marker in zip(sizes, cycle(DASHES), cycle(plots.MARKERS), strict=False)
    }  # fmt: skip
    for panel, (name, cells) in zip(panels, own.items(), strict=False):
        for cell in cells:
            (dash, marker), curve, color = of_size[cell["size"]], cell["curve"], looks[name]["color"]
            panel.plot(curve["step"], curve["loss"], color=color, lw=0.9, linestyle=dash)
            dev = {"linestyle": "none", "marker": marker, "ms": 3.5, "mfc": "white", "color": color}
            panel.plot([step for step, _ in curve["dev"]], [loss for _, loss in curve["dev"]], **dev)
        panel.set_title(titles[name], fontsize=7)
        panel.set_xlabel("step")
        panel.locator_params(nbins=4)
    for panel in panels[len(own) :]:
        panel.set_visible(False)
    entries = {f"N = {size}": _entry(*of_size[size]) for size in sizes[::-1]}
    figure.legend(list(entries.values()), list(entries), frameon=False, loc="outside upper center", ncols=ENTRIES, fontsize=7,
                  title="loss on training pairs (line) and dev pairs (marks)", title_fontsize=7)  # fmt: skip
    return figure


def _entry(dash: Any, marker: str) -> Any:
    """What stands for one number of languages in the legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color="#333333", lw=0.9, linestyle=dash, marker=marker, ms=3.5, mfc="white")
