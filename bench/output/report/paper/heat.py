"""Gap closed, languages by methods, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIMIT = 60  # percent at which the colour is full
COLORS = ("#b35806", "#f7f7f7", "#2166ac")  # orange, white, blue: distinct for all common forms of colour blindness


def heat(content: Mapping[str, Any], view: Mapping[str, Any]) -> Figure | None:
    """Percent of the gap closed at the largest size, mean over tasks: languages by family, one panel a scorer."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    size = max(view["sizes"])
    shown = [number for number, method in enumerate(content["methods"]) if method["shown"] and not method["reference"]]
    arms = {arm["method"]: arm for arm in view["by_language"]["arms"] if arm["size"] == size and arm["method"] in shown}
    if not arms:
        return None
    place = {tuple(at): number for number, at in enumerate(view["by_language"]["places"])}
    languages = list(content["languages"].values())
    order = sorted(range(len(languages)), key=lambda n: (languages[n]["family"], languages[n]["name"]))
    order = [n for n in order if any(at[2] == n for at in place)]
    figure = Figure(figsize=(1.6 + 0.5 * len(arms) * len(content["scorers"]), 1.9 + 0.145 * len(order)), dpi=160,
                    layout="constrained")  # fmt: skip
    panels = figure.subplots(1, len(content["scorers"]), squeeze=False, sharey=True)[0]
    colors = LinearSegmentedColormap.from_list("gap", COLORS)
    for scorer, panel in enumerate(panels):
        values = np.full((len(order), len(arms)), np.nan)
        for column, arm in enumerate(arms.values()):
            found = [arm["gap"][place[scorer, 0, n]] if (scorer, 0, n) in place else None for n in order]
            values[:, column] = [np.nan if value is None else value for value in found]
        drawn = panel.imshow(values, cmap=colors, vmin=-LIMIT, vmax=LIMIT, aspect="auto")
        for row, column in np.argwhere(~np.isnan(values)):
            strong = abs(values[row, column]) > 0.75 * LIMIT
            panel.text(column, row, f"{values[row, column]:.0f}", ha="center", va="center", fontsize=5,
                       color="white" if strong else "#222222")  # fmt: skip
        panel.set_xticks(range(len(arms)), [content["methods"][number]["label"] for number in arms], rotation=90, fontsize=6)
        panel.set_yticks(range(len(order)), [_name(languages[n]) for n in order], fontsize=5.5)
        panel.set_title(f"{content['scorers'][scorer]}, N = {size}", fontsize=8)
        panel.tick_params(length=0)
        panel.grid(False)
    figure.colorbar(drawn, ax=list(panels), shrink=0.3, pad=0.02, label="gap closed, %")
    return figure


def _name(language: Mapping[str, Any]) -> str:
    branch = language["family"].split("/")[-1]
    return f"{language['name']} ({branch})" if branch else language["name"]
