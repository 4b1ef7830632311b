"""Languages as small multiples by family: what the methods of the question gain over the floor in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.analysis.verdicts.comparer import Comparer
from bench.analysis.verdicts.gains import SEEN, by_language
from bench.output import plots
from bench.output.far import far_below
from bench.output.highlight import family_heads
from methods.facts import facts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Facts = Mapping[str, Mapping[str, Any]]
SHOWN = 3  # methods in one picture: each is a line of its own in every language
LARGE = 10  # languages of a family that is shown branch by branch
ALONE = "Families of one language"
MARKERS = dict(zip(SEEN, ("o", "s", "D"), strict=True))  # trained, held out, guard
FILLS = ("full", "none", "left")  # of the first, second, third method, so that colour is not all that tells them apart
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)))
LINE, GAP = 0.085, 0.06  # inches of one method in a language, and between two languages
TITLE, BELOW = 0.22, 0.08  # inches above and below a panel
WIDE, BETWEEN = 1.45, 0.1  # inches of a panel, and to the next
SMALL = 7  # points
TOP, BOTTOM = 0.34, 0.45  # inches, without the legend
TALL = 1.4  # times its width that the picture may be high before it gets a further column
LONGEST = 34  # letters of a name


@dataclass(frozen=True)
class Family:
    """One panel: its title, and codes with the names that they have there."""

    title: str
    languages: dict[str, str]


def shown(comparer: Comparer) -> list[str]:
    """The methods of the picture: those of the question, else the first that are trained."""
    trained = list(dict.fromkeys(cell.name.method for cell in comparer.experiment.cells if cell.done and cell.name.size))
    own = [name for name in trained if not facts(name).is_reference]
    return (family_heads(own) or own)[:SHOWN]


def draw(comparer: Comparer, known: Facts) -> Figure | None:
    """One panel a family and scorer, a row a language: gain over the floor with paired 95 % intervals, one line a method.

    The marker says whether the language is trained on, held out or guard; fill, dash and place say which method it is. Bars
    that leave the panel end in an arrow. A method far below the others is named with its mean gain, and not drawn. None where
    there is no floor or nothing to hold against it.

    Args:
        known: name, family and script by code, as languages.yaml has them.
    """
    from matplotlib.figure import Figure

    rows = by_language(comparer, shown(comparer))
    rows = rows[rows["difference"].notna()]
    if not len(rows):
        return None
    means = rows.groupby(["method", "scorer"], sort=False)["difference"].mean().rename_axis(["first", "scorer"]).reset_index()
    left_out = far_below(means.assign(low=means["difference"], high=means["difference"]))
    rows = rows[~rows["method"].isin(left_out)]
    names, scorers = (list(dict.fromkeys(rows[column])) for column in ("method", "scorer"))
    panels = families(list(dict.fromkeys(rows["language"])), known)
    each = LINE * len(names) + GAP
    left = 0.2 + max(_width(name) for family in panels for name in family.languages.values())
    block = left + (WIDE + BETWEEN) * len(scorers)
    heights = [TITLE + BELOW + each * len(family.languages) for family in panels]
    columns = _columns(heights, block)
    tallest = max(sum(heights[at] for at in column) for column in columns)
    width = max(block * len(columns), 3.6) + 0.1
    colors = [plots.styles(comparer.methods)[name]["color"] for name in names]
    said = f"gain over {rows['over'].iloc[0]} (nDCG@10, mean over tasks), {int(rows['size'].iloc[0])} languages trained on"
    for name in left_out:
        gain = f"{means[means['first'] == name]['difference'].mean():+.2f}".replace("-", "\N{MINUS SIGN}")
        said += f"\nnot drawn, far below: {plots.label(name)} ({gain} in the mean)"
    legend = _legend_of(dict(zip(names, colors, strict=True)), [group for group in SEEN if group in set(rows["group"])])
    width = max(block * len(columns) + 0.1, plots.legend_width([*legend, *said.splitlines()]))
    across = plots.legend_columns(list(legend), width)
    top = TOP + plots.ROW * -(-len(legend) // across)
    height = tallest + top + BOTTOM + plots.ROW * len(left_out)
    figure = Figure(figsize=(width, height), dpi=160)
    low, high = limits(rows)
    for number, column in enumerate(columns):
        y = height - top
        for at in column:
            for turn, scorer in enumerate(scorers):
                x = number * block + left + turn * (WIDE + BETWEEN)
                box = (x / width, (y - heights[at] + BELOW) / height, WIDE / width, (heights[at] - TITLE - BELOW) / height)
                panel = figure.add_axes(box)
                _panel(panel, rows[rows["scorer"] == scorer], panels[at], dict(zip(names, colors, strict=True)), (low, high))
                panel.tick_params(labelleft=turn == 0, labelbottom=at == column[-1], length=0, labelsize=SMALL)
                if turn == 0:
                    panel.set_title(_cut(panels[at].title), loc="left", fontsize=SMALL + 0.5, fontweight="bold", pad=3)
                if at == column[0]:
                    centre = (x + WIDE / 2) / width
                    figure.text(centre, (y + 0.02) / height, plots.named(scorer), ha="center", va="bottom", fontsize=8.5)
            y -= heights[at]
    figure.text(0.5, 0.06 / height, said, ha="center", va="bottom", fontsize=8.5)
    look: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 1), "frameon": False, "fontsize": 8.5}
    figure.legend(list(legend.values()), list(legend), ncols=across, **look)
    return figure


def families(codes: Sequence[str], known: Facts) -> list[Family]:
    """The languages by family, the largest first; a large family branch by branch; families of one language share a panel.

    Languages are named as `Swahili (Latn)`, those that share a panel also with what they belong to.
    """
    whole: dict[str, dict[str, list[str]]] = {}
    for code in sorted(codes, key=lambda code: str(known.get(code, {}).get("name") or code)):
        family, _, branch = str(known.get(code, {}).get("family") or "Family not known").partition("/")
        whole.setdefault(family, {}).setdefault(branch, []).append(code)
    found, alone = list[Family](), list[str]()
    for family, branches in sorted(whole.items(), key=lambda item: (-sum(map(len, item[1].values())), item[0])):
        members = [code for own in branches.values() for code in own]
        if len(members) == 1 and len(whole) > 1:
            alone += members
        elif len(members) <= LARGE:
            found.append(Family(family, {code: _name(code, known) for code in members}))
        else:
            of_branch = sorted(branches.items(), key=lambda item: (-len(item[1]), item[0]))
            found += [Family(f"{family}: {branch or 'no branch'}", {code: _name(code, known) for code in own})
                      for branch, own in of_branch if len(own) > 1]  # fmt: skip
            if rest := {code: _name(code, known, branch) for branch, own in of_branch if len(own) == 1 for code in own}:
                found.append(Family(f"{family}: other branches", rest))
    if alone:
        named = {code: _name(code, known, str(known.get(code, {}).get("family") or "")) for code in alone}
        found.append(Family(ALONE, named))
    return found


def limits(rows: pd.DataFrame) -> tuple[float, float]:
    """Of the axis: all gains, and the intervals but for the widest twentieth."""
    ends = [*rows["difference"], 0.0, *np.nanquantile([rows["low"], rows["high"]], [0.025, 0.975]).tolist()]
    ends = [end for end in ends if not np.isnan(end)]
    room = 0.05 * (max(ends) - min(ends) or 0.1)
    return min(ends) - room, max(ends) + room


def _name(code: str, known: Facts, more: str = "") -> str:
    own = known.get(code, {})
    name, script = str(own.get("name") or code), str(own.get("script") or "")
    family = "" if more.split("/")[0] == name else more.split("/")[0]
    whole = f"{name} ({', '.join(part for part in (family, script) if part)})" if family or script else name
    return _cut(whole)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _width(text: str) -> float:
    """Inches of a name."""
    from matplotlib.textpath import TextPath

    return float(TextPath((0, 0), text, size=SMALL).get_extents().width) / 72


def _columns(heights: Sequence[float], block: float) -> list[list[int]]:
    """Panels from top to bottom, column by column, in as few columns as keep the picture from getting too tall."""
    for count in range(1, len(heights) + 1):
        columns = _split(heights, count)
        if max(sum(heights[at] for at in column) for column in columns) <= TALL * block * len(columns):
            break
    return columns


def _split(heights: Sequence[float], count: int) -> list[list[int]]:
    """At most `count` runs of neighbours whose tallest is as low as can be."""
    for limit in sorted({sum(heights[a:b]) for a in range(len(heights)) for b in range(a + 1, len(heights) + 1)}):
        found: list[list[int]] = [[]]
        for at, height in enumerate(heights):
            if found[-1] and sum(heights[n] for n in found[-1]) + height > limit + 1e-9:
                found.append([])
            found[-1].append(at)
        if len(found) <= count and limit >= max(heights):
            return found
    return [list(range(len(heights)))]


def _panel(panel: Axes, rows: pd.DataFrame, family: Family, colors: Mapping[str, str], ends: tuple[float, float]) -> None:
    codes, (low, high), step = list(family.languages), ends, LINE / (LINE * len(colors) + GAP)
    panel.axvline(0, color="#333333", lw=0.8, zorder=1)
    for number, (name, color) in enumerate(colors.items()):
        own = rows[(rows["method"] == name) & rows["language"].isin(codes)]
        y = np.array([codes.index(code) for code in own["language"]]) + (number - (len(colors) - 1) / 2) * step
        panel.hlines(y, own["low"].clip(low, high), own["high"].clip(low, high), color=color, lw=0.9, linestyle=DASHES[number])
        for beyond, edge, arrow in ((own["low"] < low, low, "<"), (own["high"] > high, high, ">")):
            panel.plot(np.full(int(beyond.sum()), edge), y[beyond], arrow, color=color, ms=2.5, clip_on=False)
        for group in dict.fromkeys(own["group"]):
            here = (own["group"] == group).to_numpy()
            panel.plot(own["difference"][here], y[here], **_mark(group, number, color), linestyle="none")
    panel.set_xlim(low, high)
    panel.set_ylim(len(codes) - 0.5, -0.5)
    panel.set_yticks(range(len(codes)), list(family.languages.values()))
    panel.grid(False, axis="y")
    panel.locator_params(axis="x", nbins=4)


def _mark(group: str, number: int, color: str) -> dict[str, Any]:
    return {
        "marker": MARKERS[group], "fillstyle": FILLS[number], "color": color, "markerfacecoloralt": "white", "markersize": 4.0,
        "markeredgewidth": 0.8,
    }  # fmt: skip


def _legend_of(colors: Mapping[str, str], groups: Sequence[str]) -> dict[str, Any]:
    from matplotlib.lines import Line2D

    methods = {
        plots.label(name): Line2D([], [], linestyle=DASHES[number], lw=0.9, **_mark("trained", number, color))
        for number, (name, color) in enumerate(colors.items())
    }
    return methods | {f"{group} language": Line2D([], [], linestyle="none", **_mark(group, 0, plots.GREY)) for group in groups}
