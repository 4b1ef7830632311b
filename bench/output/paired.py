"""The pictures that answer: gain over the floor and over `centred`, and A - B with its margin of equivalence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.analysis.comparison import compare
from bench.analysis.results import Experiment
from bench.analysis.verdicts.comparer import Comparer, comparable
from bench.analysis.verdicts.decide import BETTER, WORSE
from bench.analysis.verdicts.gains import gains, references
from bench.base.errors import BenchError
from bench.output import languages, plots
from bench.output.far import far_below
from bench.output.highlight import chosen, family_heads
from methods.facts import facts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAIN, DIFFERENCE, LANGUAGES = "gain", "difference", "languages"
# Marker, colour, dash. The colours are no method's: this is not one method against another.
GROUPS = {"trained": ("o", "#222222", "-"), "held-out": ("s", "#7a5195", (0, (4, 2)))}
PANEL = 2.2  # inches, both ways, for few sizes
STEP = 0.55  # inches of one size; its label needs half of that
SPREAD = 0.5  # of the way to the next size that the methods of one size take together
LEFT, RIGHT, TOP, BOTTOM = 0.95, 0.1, 0.35, 0.5  # inches, without the legend
UNSURE = "hollow: neither better nor worse"
EDGE = 0.2  # of a panel's height, for each method whose marks stand at the edge


def write(
    experiment: Experiment, tables: Sequence[pd.DataFrame], folder: Path, known: languages.Facts, comparer: Comparer | None = None
) -> list[Path]:  # fmt: skip
    """Write gain, difference and languages, each as .svg and .png, of the experiment's own order of languages into `folder`.

    A picture without anything to show is not written, and one of an earlier state is taken away.

    Args:
        tables: `tables.leaderboard` of every order; they say which of many methods are shown.
        known: name, family and script of every language by code.
        comparer: of this experiment, if there is one already.

    Returns:
        The files written.
    """
    comparer, files = comparer or Comparer(experiment), list[Path]()
    shown = [*chosen(comparer.methods, tables), *references(comparer.methods)] if tables else []
    drawn = {
        GAIN: partial(gain, comparer, shown), DIFFERENCE: partial(difference, comparer),
        LANGUAGES: partial(languages.draw, comparer, known),
    }  # fmt: skip
    for name, draw in drawn.items():
        for suffix in (".svg", ".png"):
            (folder / f"{name}{suffix}").unlink(missing_ok=True)
        files += plots.save(draw, folder / name) if tables else []
    return files


def gain(comparer: Comparer, shown: Sequence[str]) -> Figure | None:
    """Gain of each method against the number of languages: a row of panels a reference, a column a scorer.

    Bars are paired 95 % intervals over questions and training runs; the methods of one size stand side by side, so that no
    bar covers another. Where some methods have fewer seeds than others the legend says so. A method far below all others
    stands at the lower edge, with its gain as a number. None where there is no reference or nothing to hold against it.
    """
    rows = gains(comparer, shown)
    if not len(rows):
        return None
    scorers, seconds = _there(rows, "scorer"), references(list(rows["second"]))
    sizes = sorted({int(size) for size in rows["size"]})
    looks = {name: look for name, look in plots.styles(comparer.methods).items() if name in set(rows["first"])}
    few = fewer_seeds(rows)
    named = {name: plots.label(name) + (f" ({few[name]} seed{'s' * (few[name] > 1)})" if name in few else "") for name in looks}
    figure, panels = _grid(len(seconds), scorers, sizes, list(named.values()))
    for line, second in zip(panels, seconds, strict=True):
        line[0].set_ylabel(f"gain over {second}\n(nDCG@10)")
        far = far_below(rows[rows["second"] == second])
        for panel, scorer in zip(line, scorers, strict=True):
            own = rows[(rows["second"] == second) & (rows["scorer"] == scorer)]
            for number, (name, look) in enumerate(looks.items()):
                marked = {"marker": "_", "markersize": 6.0, **look}  # a method without training has no marker of its own
                if len(line_of := own[own["first"] == name]):
                    draw = partial(_at_the_edge, above=far.index(name)) if name in far else _line
                    draw(panel, line_of, sizes, _offset(number, len(looks)), label=named[name], **marked)
        bottom, top = line[0].get_ylim()  # the panels of a line share it
        line[0].set_ylim(bottom - EDGE * len(far) * (top - bottom), top)
    _legend(figure, panels, order=list(named.values()))
    return figure


def fewer_seeds(rows: pd.DataFrame) -> dict[str, int]:
    """Seeds of those trained methods that have fewer than another one, by `first` and `seeds` of rows of gains; where sizes
    differ, at the size with the fewest."""
    trained = rows[[not facts(name).is_reference for name in rows["first"]]]
    seeds = trained.groupby("first")["seeds"].min()
    return {str(name): int(own) for name, own in seeds.items() if own < seeds.max()}


def difference(comparer: Comparer) -> Figure | None:
    """`pair`, first minus second, against the number of languages, one panel a scorer.

    Bars are paired 95 % intervals; the band holds differences too small to be of interest (the margin of equivalence). A
    filled mark is a difference that its test, corrected, calls better or worse; a hollow one is not. None without a pair.
    """
    found = differences(comparer)
    if found is None:
        return None
    two, rows = found
    scorers, sizes = _there(rows, "scorer"), sorted({int(size) for size in rows["size"]})
    margin = float(rows["margin"].iloc[0])
    band = f"margin of equivalence (±{margin:g})"
    groups = [group for group in GROUPS if group in set(rows["group"])]
    title = _title(two)
    figure, panels = _grid(1, scorers, sizes, [*(f"{group} languages" for group in groups), band, UNSURE], title)
    panels[0][0].set_ylabel("difference (nDCG@10)")
    for panel, scorer in zip(panels[0], scorers, strict=True):
        panel.axhspan(-margin, margin, facecolor="#eeeeee", edgecolor="#bbbbbb", hatch="////", lw=0, zorder=0, label=band)
        for number, group in enumerate(groups):
            marker, color, dash = GROUPS[group]
            own = rows[(rows["scorer"] == scorer) & (rows["group"] == group)]
            look: dict[str, Any] = {"marker": marker, "color": color, "linestyle": dash, "linewidth": 1.4, "markersize": 5.5}
            _line(panel, own, sizes, _offset(number, len(groups)), label=f"{group} languages", **look)
            unsure = own[~own["verdict"].isin([BETTER, WORSE])]
            at = _places(unsure, sizes, _offset(number, len(groups)))
            panel.plot(at, unsure["difference"], marker, color=color, markerfacecolor="white", markersize=5.5, zorder=4)
        panel.plot([], [], "o", color="#555555", markerfacecolor="white", markersize=5.5, label=UNSURE)
    _legend(figure, panels, plots.ROW * 1.2 * len(title.splitlines()))
    return figure


def differences(
    comparer: Comparer, order: str = "", two: tuple[str, str] | None = None
) -> tuple[tuple[str, str], pd.DataFrame] | None:  # fmt: skip
    """Two methods (default: `pair`) and their comparison at each size, in trained and held-out languages of one order (default:
    the experiment's own).

    None without a pair, or where nothing can be compared yet.
    """
    two = two or pair(comparer)
    if two is None:
        return None
    try:
        rows = compare(comparer.experiment, *two, groups=[*GROUPS], comparer=comparer).rows
    except BenchError:  # cells of the two that nothing can be held against yet
        return None
    # Rows of several sizes are means over them.
    rows = rows[(rows["order"] == (order or next(iter(comparer.plan.orders)))) & ~rows["size"].str.contains(" ")]
    return (two, rows) if len(rows) else None


def pair(comparer: Comparer) -> tuple[str, str] | None:
    """The two methods that the experiment is about: its first primary comparison, else two families of the question, else the
    first two that are trained. None where there are no two that can be compared."""
    trained = list(dict.fromkeys(cell.name.method for cell in comparer.experiment.cells if cell.name.size and cell.done))
    there = {cell.name.method for cell in comparer.experiment.cells if cell.done}
    for two in (*comparer.declared.pairs, tuple(family_heads(trained)[:2]), tuple(trained[:2])):
        if len(two) == 2 and set(two) <= there and comparable(*two):
            return two
    return None


def _grid(
    lines: int, scorers: Sequence[str], sizes: Sequence[int], named: Sequence[str], title: str = ""
) -> tuple[Figure, list[list[Axes]]]:  # fmt: skip
    """Empty panels with room for the legend; sizes stand at equal distances, so that their numbers never touch."""
    from matplotlib.figure import Figure

    across = max(PANEL, STEP * len(sizes))
    titled = title.splitlines()
    width = max(across * len(scorers) + LEFT + RIGHT, plots.legend_width([*named, *titled]))
    legend = plots.ROW * (-(-len(named) // plots.legend_columns(named, width)) + 1.2 * len(titled)) + 0.1
    height = PANEL * lines + TOP + BOTTOM + legend
    figure = Figure(figsize=(width, height), dpi=160)
    panels = figure.subplots(lines, len(scorers), sharex=True, sharey="row", squeeze=False)
    top = 1 - (TOP + legend) / height
    figure.subplots_adjust(LEFT / width, BOTTOM / height, 1 - RIGHT / width, top, wspace=0.08, hspace=0.1)
    for panel in panels.flat:
        panel.axhline(0, color="#333333", lw=0.8, zorder=1)
        panel.set_xticks(range(len(sizes)), [str(size) for size in sizes])
        panel.set_xlim(-0.6, len(sizes) - 0.4)
        panel.tick_params(length=2)
    for panel, scorer in zip(panels[0], scorers, strict=True):
        panel.set_title(plots.named(scorer))
    middle = (LEFT + width - RIGHT) / 2 / width
    figure.text(middle, 0.06 / height, "number of languages trained on", ha="center", va="bottom")
    if title:
        figure.text(0.5, 1 - 0.06 / height, title, ha="center", va="top", fontsize=10, linespacing=1.3)
    return figure, [list(line) for line in panels]


def _legend(figure: Figure, panels: list[list[Axes]], below: float = 0.0, order: Sequence[str] = ()) -> None:
    """`below`: inches above it that a title takes; `order`: of the names, where it is not that in which they were drawn."""
    entries: dict[str, Any] = {}
    for panel in (one for line in panels for one in line):
        entries |= dict(zip(*reversed(panel.get_legend_handles_labels()), strict=True))
    names = [name for name in order if name in entries] or list(entries)
    handles = [entries[name] for name in names]
    columns = plots.legend_columns(names, figure.get_figwidth())
    top = 1 - below / figure.get_figheight()
    figure.legend(handles, names, loc="upper center", bbox_to_anchor=(0.5, top), ncols=columns, frameon=False)


def _line(panel: Axes, rows: pd.DataFrame, sizes: Sequence[int], offset: float, **look: Any) -> None:
    rows = rows.assign(n=rows["size"].astype(int)).sort_values("n")
    low, high = rows["difference"] - rows["low"], rows["high"] - rows["difference"]
    panel.errorbar(_places(rows, sizes, offset), rows["difference"], [low, high], elinewidth=1.0, capsize=2, zorder=3, **look)


def _at_the_edge(panel: Axes, rows: pd.DataFrame, sizes: Sequence[int], offset: float, above: int, **look: Any) -> None:
    """Marks at the lower edge, each with its gain; `above`: lines of numbers that stand there already."""
    edge, height = panel.get_xaxis_transform(), 0.05 + 0.15 * above
    places = _places(rows, sizes, offset)
    panel.plot(places, [height] * len(rows), transform=edge, zorder=3, **look | {"linestyle": "none"})
    for x, difference in zip(places, rows["difference"], strict=True):
        said = f"\N{DOWNWARDS ARROW}{difference:+.2f}".replace("-", "\N{MINUS SIGN}")
        panel.text(x, height + 0.03, said, transform=edge, ha="center", va="bottom", fontsize=7)


def _places(rows: pd.DataFrame, sizes: Sequence[int], offset: float) -> list[float]:
    return [sizes.index(int(size)) + offset for size in rows["size"]]


def _offset(number: int, count: int) -> float:
    return SPREAD * ((number + 0.5) / count - 0.5)


def _there(rows: pd.DataFrame, column: str) -> list[str]:
    return list(dict.fromkeys(rows[column]))


def _title(two: tuple[str, str]) -> str:
    """Long names stand on lines of their own."""
    first, second = two
    return f"{first} minus {second}" if len(first + second) < 40 else f"{first}\nminus {second}"
