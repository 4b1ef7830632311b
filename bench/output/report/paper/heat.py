"""Gap closed, languages by methods, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.output import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIMIT = 60  # percent at which the colour is full
COLORS = ("#b35806", "#f7f7f7", "#2166ac")  # orange, white, blue: distinct for all common forms of colour blindness
CELL = (0.42, 0.145)  # inches, across and up
LETTERS = 28  # of a method's name in one line; each line takes LINE
LETTER, LINE = 0.058, 0.105  # inches of a letter and of a line, of 6 points
TOP, GAP = 0.3, 0.12  # inches: of the title, between panels
BAR, BAR_HEIGHT = 0.85, 1.3  # inches: the bar of colours with its numbers, across; the bar alone, up


def heat(content: Mapping[str, Any], view: Mapping[str, Any]) -> Figure | None:
    """Percent of the gap closed at the largest size, mean over tasks: languages by family, one panel a scorer.

    Each cell has its number, so that no colour is needed to read it.
    """
    from matplotlib.colors import LinearSegmentedColormap

    size = max(view["sizes"])
    shown = [number for number, method in enumerate(content["methods"]) if method["shown"] and not method["reference"]]
    arms = {arm["method"]: arm for arm in view["by_language"]["arms"] if arm["size"] == size and arm["method"] in shown}
    if not arms:
        return None
    place = {tuple(at): number for number, at in enumerate(view["by_language"]["places"])}
    languages = list(content["languages"].values())
    order = sorted(range(len(languages)), key=lambda n: (languages[n]["family"], languages[n]["name"]))
    order = [n for n in order if any(at[2] == n for at in place)]
    rows = [_name(languages[n]) for n in order]
    names = [plots.broken(content["methods"][number]["label"], LETTERS) for number in arms]
    titles = [f"{plots.named(scorer)}, N = {size}" for scorer in content["scorers"]]
    # Fixed margins from the length of what stands in them: matplotlib gives up where labels are longer than panels.
    left = LETTER * max(map(len, rows)) + 0.15
    below = LETTER * max(len(line) for name in names for line in name.splitlines()) + 0.15
    across = max(sum(max(CELL[0], LINE * (name.count("\n") + 1)) for name in names), 0.075 * max(map(len, titles)))
    up = CELL[1] * len(rows)
    width = left + (across + GAP) * len(titles) + BAR
    height = TOP + max(up + below, BAR_HEIGHT + 0.3)
    figure = plots.sheet(width, height)
    colors = LinearSegmentedColormap.from_list("gap", COLORS)
    for scorer, title in enumerate(titles):
        corner = left + (across + GAP) * scorer
        panel = figure.add_axes((corner / width, 1 - (TOP + up) / height, across / width, up / height))
        values = np.full((len(order), len(arms)), np.nan)
        for column, arm in enumerate(arms.values()):
            found = [arm["gap"][place[scorer, 0, n]] if (scorer, 0, n) in place else None for n in order]
            values[:, column] = [np.nan if value is None else value for value in found]
        drawn = panel.imshow(values, cmap=colors, vmin=-LIMIT, vmax=LIMIT, aspect="auto")
        for row, column in np.argwhere(~np.isnan(values)):
            strong = abs(values[row, column]) > 0.75 * LIMIT
            panel.text(column, row, f"{values[row, column]:.0f}", ha="center", va="center", fontsize=5,
                       color="white" if strong else "#222222")  # fmt: skip
        panel.set_xticks(range(len(arms)), names, rotation=90, fontsize=6)
        panel.set_yticks(range(len(order)), rows if scorer == 0 else [""] * len(rows), fontsize=5.5)
        panel.set_title(title, fontsize=8)
        panel.tick_params(length=0)
        panel.grid(False)
    bar = figure.add_axes(((width - BAR + 0.05) / width, 1 - (TOP + BAR_HEIGHT) / height, 0.12 / width, BAR_HEIGHT / height))
    figure.colorbar(drawn, cax=bar).set_label("gap closed, %", fontsize=7)
    bar.tick_params(labelsize=6.5, length=2)
    return figure


def _name(language: Mapping[str, Any]) -> str:
    branch = language["family"].split("/")[-1]
    return f"{language['name']} ({branch})" if branch else language["name"]
