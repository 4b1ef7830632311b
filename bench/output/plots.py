"""The scaling picture: score against number of languages, one line a method."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.analysis.arms import CEILING, FLOOR
from bench.analysis.results import RANKED_BY
from bench.analysis.tables import MEAN
from bench.base.paths import atomic_write
from bench.experiment.profile.comparison import GROUPS
from bench.output.highlight import chosen, family_heads
from methods.declaration import base_scorer
from methods.facts import NO_TRAINING, NOT_MATCHED, facts, highlighted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCORERS = {"dense": "dense", "late": "late interaction", "sparse": "words (BM25)"}
# Okabe and Ito: distinct for all common forms of colour blindness; yellow is left out, too pale for a line.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8C6D31")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (3, 1.5)), (0, (6, 2, 1.5, 2)))  # of the first, second, ... user of a colour
GREY = "#666666"
DOTS: tuple[Any, ...] = ((0, (1, 1)), (0, (4, 1, 1, 1)), (0, (1, 3)))  # of methods without training
OTHER = {"color": "#c4c8cc", "linewidth": 0.8, "label": "other methods"}
PANEL = (2.3, 2.2)  # inches, with the space between panels
LEFT, RIGHT, TOP, BOTTOM = 0.75, 0.1, 0.7, 0.5  # inches; the top has room for two rows of legend
ROW = 0.18  # inches of a further row
HANDLE = 2.0  # length of a line in a legend, in units of the font size, as matplotlib has it
LETTER = 9 / 72  # inches of that unit
STYLE: Any = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    "axes.edgecolor": "#999999", "axes.grid": True, "grid.color": "#e5e5e5", "grid.linewidth": 0.6,
    "axes.titlesize": 9.5, "axes.axisbelow": True, "xtick.color": "#333333", "ytick.color": "#333333",
    "svg.hashsalt": "xlsd-bench", "svg.fonttype": "path", "path.simplify": False,
}  # fmt: skip


def scaling(
    table: pd.DataFrame, path: Path, task: str = MEAN, shown: Sequence[str] = (), methods: Sequence[str] = ()
) -> list[Path]:  # fmt: skip
    """Draw one order's `tables.leaderboard` to `path`.svg and `path`.png; the same table gives the same bytes.

    Rows of panels are scorers, columns are groups of languages. Bands are 95 % intervals over questions;
    an incomplete point is hollow, without a band, and no line leads to it.

    Args:
        task: one of the table's, or the mean over them.
        shown: methods in colour, the others are grey; default: `highlight.chosen`.
        methods: all of the experiment, in its order, so that each looks as in its other pictures; default: those of the table.

    Returns:
        The two files.
    """
    return save(lambda: draw(table, task, shown, methods), path)


def save(drawn: Callable[[], Figure | None], path: Path) -> list[Path]:
    """Write the figure that `drawn` makes in the common style to `path`.svg and `path`.png; the same figure gives the same bytes.

    Where it makes none, nothing is written.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    svg, png = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure = drawn()
        if figure is None:
            return []
        # The canvases' own printers: `savefig` would draw everything once more to find its size.
        FigureCanvasAgg(figure).print_png(png, metadata={"Software": None})
        FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None, "Creator": None})  # leaves the figure at 72 dpi
    files = [path.with_name(f"{path.name}{suffix}") for suffix in (".svg", ".png")]
    for file, content in zip(files, (svg, png), strict=True):
        atomic_write(file, content.getvalue())
    return files


def draw(table: pd.DataFrame, task: str = MEAN, shown: Sequence[str] = (), methods: Sequence[str] = ()) -> Figure:
    """The picture of `scaling`, not yet written."""
    from matplotlib.figure import Figure

    means = table[table["task"] == task]
    scorers = list(dict.fromkeys(means["scorer"]))
    groups = [group for group in GROUPS if group in set(means["group"])]
    there = list(dict.fromkeys(means["method"]))
    names = [*(name for name in methods if name in there), *(name for name in there if name not in methods)]
    looks = {name: look for name, look in styles(methods or names, shown or chosen(names, [table])).items() if name in there}
    legend = _legend(looks)
    width = max(PANEL[0] * len(groups) + LEFT + RIGHT, legend_width(legend))
    columns = legend_columns(legend, width)
    top = TOP + ROW * max(0, -(-len(legend) // columns) - 2)
    height = PANEL[1] * len(scorers) + top + BOTTOM
    figure = Figure(figsize=(width, height), dpi=160)
    panels = figure.subplots(len(scorers), len(groups), sharex=True, sharey="row", squeeze=False)
    # Fixed margins: letting matplotlib find them takes longer than drawing.
    figure.subplots_adjust(LEFT / width, BOTTOM / height, 1 - RIGHT / width, 1 - top / height, wspace=0.08, hspace=0.1)
    for row, scorer in zip(panels, scorers, strict=True):
        for panel, group in zip(row, groups, strict=True):
            _panel(panel, means[(means["scorer"] == scorer) & (means["group"] == group)], looks)
        row[0].set_ylabel(f"{named(scorer)}\nnDCG@10")
    sizes = sorted(int(size) for size in means["size"].unique())
    inch = (width - LEFT - RIGHT) / len(groups) / (1.12 * (sizes[-1] - sizes[0]) or 1)
    named_sizes = apart([size * inch for size in sizes], list(map(str, sizes)))
    for panel, group in zip(panels[0], groups, strict=True):
        panel.set_title(f"{group} languages")
        panel.set_xticks(sizes, named_sizes)
    middle = (LEFT + width - RIGHT) / 2 / width
    figure.text(middle, 0.06 / height, "number of languages trained on", ha="center", va="bottom")
    lines = {str(line.get_label()): line for panel in panels.flat for line in panel.get_lines()}
    drawn = [name for name in legend if name in lines]
    handles = [lines[name] for name in drawn]
    figure.legend(handles, drawn, loc="upper center", bbox_to_anchor=(middle, 1), ncols=columns, frameon=False)
    return figure


def sheet(width: float, height: float, layout: Any = None) -> Figure:
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=160, layout=layout)


def broken(name: str, letters: int) -> str:
    """A long name in lines of at most so many letters, where it has places to break at: behind `(`, `,` and spaces.

    >>> broken("contrastive(form=dense,temperature=0.1)", 24).splitlines()
    ['contrastive(form=dense,', 'temperature=0.1)']
    """
    lines = [""]
    for part in re.split(r"(?<=[(, ])", name):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > letters:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def legend_width(names: Sequence[str], handle: float = HANDLE) -> float:
    """Inches that a legend of one column needs. `handle`: length of its lines, in letters of the font's size."""
    return 0.9 + LETTER * (handle - HANDLE) + 0.08 * max(map(len, names), default=0)


def apart(at: Sequence[float], labels: Sequence[str], letter: float = 0.085) -> list[str]:
    """The labels of an axis at these places (inches, rising), empty where one would touch the next; the last always stays.

    >>> apart([0, 0.1, 1], ["5", "10", "100"])
    ['', '10', '100']
    """
    kept, free = [""] * len(labels), float("inf")
    for n in range(len(labels) - 1, -1, -1):
        half = letter * len(labels[n]) / 2
        if at[n] + half + 0.05 < free:
            kept[n], free = labels[n], at[n] - half
    return kept


def legend_columns(names: Sequence[str], width: float, handle: float = HANDLE) -> int:
    """As many columns as fit into `width` inches; matplotlib fills a legend column by column, the first ones with one more."""
    beside = 0.6 + LETTER * (handle - HANDLE)
    for columns in range(len(names), 1, -1):
        rows, longer = divmod(len(names), columns)
        starts = [number * rows + min(number, longer) for number in range(columns + 1)]
        widest = [max(map(len, names[start:end])) for start, end in pairwise(starts)]
        if sum(beside + 0.075 * length for length in widest) < width:
            return columns
    return 1


def slots(methods: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Numbers in PALETTE, MARKERS and DASHES of every method but floor and ceilings; no two of 28 methods look alike."""
    own = [method for method in methods if not facts(method).is_reference]
    # The same colours for the families of the question, whatever else there is.
    known = {name: highlighted().index(name.partition("(")[0]) for name in family_heads(own)}
    free = [number for number in range(len(PALETTE)) if number not in known.values()]
    # The colours of known methods that are absent are taken only when all the rest are.
    free.sort(key=lambda number: number < len(highlighted()))
    others = iter(free + list(range(len(PALETTE))) * len(own))
    found: dict[str, tuple[int, int, int]] = {}
    users = [int(number in known.values()) for number in range(len(PALETTE))]
    for method in own:
        number, turn = known.get(method, -1), 0
        if method not in known:
            number = next(others)
            turn, users[number] = users[number], users[number] + 1
        found[method] = number, (number + 3 * turn) % len(MARKERS), turn % len(DASHES)
    return found


def styles(methods: Sequence[str], shown: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Look of each method's line: ceiling first, then methods in their order, floor last.

    If some are `shown`, the rest are thin, grey and without markers.
    """
    looks: dict[str, dict[str, Any]] = {CEILING: {"color": "#000000", "linestyle": (0, (5, 2)), "linewidth": 1.2}}
    # Retrievers of their own, most often one: their ceilings share a look, the legend names them.
    looks |= {method: {"color": "#000000", "linestyle": (0, (1, 2)), "linewidth": 1.0}
              for method in methods if facts(method).asks_english and method != CEILING}  # fmt: skip
    for method, (color, marker, dash) in slots(methods).items():
        looks[method] = {
            "color": PALETTE[color], "marker": MARKERS[marker], "linestyle": DASHES[dash], "linewidth": 1.6, "markersize": 4.5,
        }  # fmt: skip
        if shown and method not in shown:
            looks[method] = OTHER
    more = [method for method in methods if facts(method).role == NOT_MATCHED]
    for number, method in enumerate(more):
        looks[method] = {"color": "#000000", "linestyle": DOTS[number % len(DOTS)], "linewidth": 1.0}
    untrained = [method for method in methods if facts(method).role == NO_TRAINING]
    for number, method in enumerate(untrained):
        looks[method] = {"color": GREY, "linestyle": DOTS[number % len(DOTS)], "linewidth": 1.0}
    looks[FLOOR] = {"color": GREY, "linestyle": (0, (2, 2)), "linewidth": 1.2}
    return {method: look for method, look in looks.items() if method in methods}


def _panel(panel: Axes, rows: pd.DataFrame, looks: Mapping[str, dict[str, Any]]) -> None:
    sizes = sorted(rows["size"].unique())
    for method, look in looks.items():
        line = rows[rows["method"] == method].sort_values("size")
        whole = line["complete"].astype(bool)
        # NaN breaks the line where a size is not complete.
        score = line[RANKED_BY].where(whole)
        if facts(method).is_reference:
            # A single size has no line to draw: a short dash takes its place.
            dash: dict[str, Any] = {"marker": "_", "markersize": 14} if len(sizes) == 1 else {}
            panel.plot(line["size"], score, label=label(method), zorder=2, **look, **dash)
            continue
        if look is OTHER:
            panel.plot(line["size"], score, zorder=1, **look)
            continue
        low, high = line["low"].where(whole), line["high"].where(whole)
        panel.fill_between(line["size"], low, high, color=look["color"], alpha=0.14, lw=0)
        panel.plot(line["size"], score, label=label(method), zorder=3, **look)
        part = line[~whole & line[RANKED_BY].notna()]
        panel.plot(part["size"], part[RANKED_BY], **{**look, "linestyle": "none", "markerfacecolor": "white"}, zorder=3)
    panel.margins(x=0.06)
    panel.tick_params(length=2)


def _legend(looks: Mapping[str, dict[str, Any]]) -> list[str]:
    """What the legend names: grey methods have one entry together."""
    return list(dict.fromkeys(str(OTHER["label"]) if look is OTHER else label(method) for method, look in looks.items()))


def named(scorer: str) -> str:
    """What a scorer is called in pictures."""
    base = base_scorer(scorer)
    return SCORERS.get(base, base) + ("" if base == scorer else f", {scorer.removeprefix(base + '_')} means")


def label(method: str) -> str:
    """What a method is called in pictures."""
    role = facts(method).role
    return f"{method} ({role})" if method in (CEILING, FLOOR) or role in (NO_TRAINING, NOT_MATCHED) else method
