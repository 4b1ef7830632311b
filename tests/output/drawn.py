"""What a figure looks like once it is drawn: texts that lie on each other or leave the picture, lines that look alike."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from bench.output import plots

SLACK = 1.0  # pixels, of 160 an inch


def draw(make: Any) -> Any:
    """The figure that `make` gives, drawn in the common style."""
    with rc_context(plots.STYLE):
        figure = make()
        FigureCanvasAgg(figure).draw()
    return figure


def texts(figure: Any) -> dict[str, Any]:
    """What each text says, with a number to tell equal ones apart -> its box in pixels. Only what a reader sees: no text of
    a tick outside of its axis, none that a neighbour has in its place."""
    found = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for panel in figure.axes:
        if not panel.get_visible():
            continue
        found += [panel.title, panel._left_title, panel._right_title, panel.xaxis.label, panel.yaxis.label, *panel.texts]
        for axis, limits in ((panel.xaxis, panel.get_xlim()), (panel.yaxis, panel.get_ylim())):
            low, high = sorted(limits)
            ticks = [tick for tick in axis.get_major_ticks() if low - 1e-9 <= tick.get_loc() <= high + 1e-9]
            found += [label for tick in ticks for label in (tick.label1, tick.label2) if label.get_visible()]
    seen = [text for text in found if isinstance(text, Text) and text.get_visible() and text.get_text().strip()]
    return {f"{number}: {text.get_text()!r}": text.get_window_extent() for number, text in enumerate(seen)}


def faults(figure: Any) -> list[str]:
    """Each pair of texts that overlap, and each text that is cut off by the edge of the picture."""
    boxes, (width, height) = texts(figure), figure.bbox.size
    inside = {
        name: box.x0 >= -SLACK and box.y0 >= -SLACK and box.x1 <= width + SLACK and box.y1 <= height + SLACK
        for name, box in boxes.items()
    }
    found = [f"{name} leaves the picture" for name, whole in inside.items() if not whole]
    for (one, a), (other, b) in itertools.combinations(boxes.items(), 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        up = min(a.y1, b.y1) - max(a.y0, b.y0)
        if across > SLACK and up > SLACK:
            found.append(f"{one} lies on {other}")
    for legend in figure.legends:
        box = legend.get_window_extent()
        for panel in figure.axes:
            on = panel.get_window_extent()
            if panel.get_visible() and min(box.x1, on.x1) - max(box.x0, on.x0) > SLACK and box.y0 < on.y1 - SLACK:
                found.append("the legend lies on a panel")
    return found


def alike(figure: Any) -> list[str]:
    """Names of the legend whose marker, fill and dash are the same, and colours too pale to be seen in grey."""
    found, looks = [], {}
    for legend in figure.legends:
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            line = handle if hasattr(handle, "get_marker") else getattr(handle, "get_children", list)()
            line = next((one for one in line if hasattr(one, "get_marker")), None) if isinstance(line, list) else line
            if line is None:  # a band
                continue
            look = (line.get_marker(), line.get_fillstyle(), str(line._unscaled_dash_pattern), line.get_linestyle())
            if other := looks.get(look):
                found.append(f"{text.get_text()} looks like {other}")
            looks[look] = text.get_text()
            grey = float(np.dot(to_rgb(line.get_color()), (0.299, 0.587, 0.114)))
            if grey > 0.75 and text.get_text() != plots.OTHER["label"]:
                found.append(f"{text.get_text()} is pale: {grey:.2f}")
    return found
