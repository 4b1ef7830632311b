import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from bench.output import plots

PNG = b"\x89PNG\r\n"


METHODS = ("untrained", "english", "optical", "contrastive")


def table(methods=METHODS, sizes=(5, 10, 20), scorers=("dense", "late"), incomplete=()):
    """The columns of `tables.leaderboard` that are drawn. `incomplete`: (method, size)."""
    rows = []
    for scorer in scorers:
        for task in ("mean", "faq"):
            for group in ("trained", "core", "held-out", "guard", "all"):
                for size in sizes:
                    for number, method in enumerate(methods):
                        score = 0.2 + 0.1 * number + 0.001 * size + (0.5 if task == "faq" else 0)
                        whole = (method, size) not in incomplete
                        low, high = (score - 0.02, score + 0.02) if whole else (np.nan, np.nan)
                        rows.append([scorer, task, group, size, method, whole, score, low, high])
    return pd.DataFrame(rows, columns=["scorer", "task", "group", "size", "method", "complete", "ndcg@10", "low", "high"])


def lines(panel):
    return {line.get_label(): line for line in panel.get_lines()}


def test_same_table_same_bytes(tmp_path):
    first, second = (plots.scaling(table(), tmp_path / name) for name in ("first", "second"))
    assert [path.name for path in first] == ["first.svg", "first.png"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert first[1].read_bytes().startswith(PNG)
    svg = first[0].read_text()
    assert "<svg" in svg and not re.search(r"\d{4}-\d\d-\d\dT", svg), "a date would change every file"


def test_one_panel_a_scorer_and_group_of_the_mean_over_tasks():
    figure = plots.draw(table())
    assert [panel.get_title() for panel in figure.axes[:4]] == [f"{group} languages" for group in plots.GROUPS]
    assert len(figure.axes) == 8 and figure.axes[4].get_ylabel().startswith("late interaction")
    for panel in figure.axes:
        drawn = lines(panel)["optical"]
        assert drawn.get_xdata().tolist() == [5, 10, 20]
        assert drawn.get_ydata() == pytest.approx([0.405, 0.41, 0.42])  # the rows of the task would be .5 higher
        assert panel.get_xticks().tolist() == [5, 10, 20]


def test_floor_and_ceiling_are_dashed_and_without_band():
    panel = plots.draw(table()).axes[0]
    drawn = lines(panel)
    assert {name for name, line in drawn.items() if line.is_dashed()} == {"english (ceiling)", "untrained (floor)"}
    assert len(panel.collections) == 2  # bands of the two methods


def test_incomplete_points_are_hollow_and_unconnected():
    panel = plots.draw(table(incomplete=[("optical", 10)])).axes[0]
    assert np.isnan(lines(panel)["optical"].get_ydata()).tolist() == [False, True, False]
    [hollow] = [line for line in panel.get_lines() if line.get_markerfacecolor() == "white" and len(line.get_xdata())]
    assert hollow.get_xdata().tolist() == [10] and hollow.get_linestyle() == "None"
    assert hollow.get_color() == lines(panel)["optical"].get_color()


def test_a_legend_names_every_line_once():
    figure = plots.draw(table(incomplete=[("optical", 10)]))
    [legend] = figure.legends
    named = [text.get_text() for text in legend.get_texts()]
    assert named == ["english (ceiling)", "optical", "contrastive", "untrained (floor)"]


def test_a_single_size_and_scorer_still_shows_its_points(tmp_path):
    figure = plots.draw(table(sizes=(2,), scorers=("late",)))
    assert len(figure.axes) == 4
    assert all(line.get_marker() not in ("None", None, "") for line in figure.axes[0].get_lines())
    plots.scaling(table(sizes=(2,), scorers=("late",)), tmp_path / "x")


def test_method_colours_stay_whatever_else_is_drawn():
    alone = plots.styles(["optical", "nmt"])
    among = plots.styles(["mine", "nmt", "other", "contrastive", "optical", "untrained"])
    assert alone["optical"] == among["optical"] and alone["nmt"] == among["nmt"]
    variants = plots.styles(["nmt(depth=2)", "optical(epsilon=1)", "optical"])
    assert variants["nmt(depth=2)"] == alone["nmt"] and variants["optical"] == alone["optical"] != variants["optical(epsilon=1)"]
    looks = [(look["color"], look.get("marker")) for look in among.values()]
    assert len(set(looks)) == len(looks)
    assert list(among)[-1] == "untrained"
    assert len(plots.styles([f"m{n}" for n in range(30)])) == 30


def test_the_ceiling_of_another_retriever_is_a_line_without_band():
    looks = plots.styles(["untrained", "optical", "teacher_query(ask=english)", "teacher_query", "english"])
    assert list(looks) == ["english", "teacher_query(ask=english)", "optical", "teacher_query", "untrained"]
    panel = plots.draw(table(("untrained", "english", "teacher_query(ask=english)", "teacher_query"))).axes[0]
    assert lines(panel)["teacher_query(ask=english)"].is_dashed() and len(panel.collections) == 1


def test_twenty_eight_methods_look_different_and_of_many_a_few_are_in_colour():
    looks = plots.styles([f"m{n}" for n in range(28)])
    assert len({(look["color"], look["marker"], str(look["linestyle"])) for look in looks.values()}) == 28
    names = [f"m{n}" for n in range(9)]
    figure = plots.draw(table(("untrained", *names)), shown=["m2", "m4"])
    panel = figure.axes[0]
    assert [line.get_label() for line in panel.get_lines() if line.get_color() == plots.OTHER["color"]] == ["other methods"] * 7
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["other methods", "m2", "m4", "untrained (floor)"]
    assert len(panel.collections) == 2, "grey methods have no band"


def test_a_task_of_its_own():
    drawn = lines(plots.draw(table(), task="faq").axes[0])["optical"]
    assert drawn.get_ydata() == pytest.approx([0.905, 0.91, 0.92])


def test_the_legend_fits_into_the_picture():
    own = ("optical", "contrastive", "contrastive(form=dense,temperature=0.1)", "nmt",
           "optical(cost=cosine,epsilon=0.05,reach=0.0)", "shuffled")  # fmt: skip
    figure = plots.draw(table(("untrained", "english", *own)))
    FigureCanvasAgg(figure).draw()
    [legend] = figure.legends
    box, whole = legend.get_window_extent(), figure.bbox
    assert box.x0 >= whole.x0 and box.x1 <= whole.x1
    assert box.y0 >= max(panel.get_window_extent().y1 for panel in figure.axes), "nor does it lie on a panel"
    assert plots.legend_columns(["a", "b", "c"], 10) == 3 and plots.legend_columns(["a" * 99, "b" * 99], 10) == 1
    # Longer lines in the legend take room from its columns.
    assert plots.legend_columns(["a", "b", "c"], 2.1) == 3 and plots.legend_columns(["a", "b", "c"], 2.1, handle=4) == 2
    assert plots.legend_width(["a"], handle=4) == plots.legend_width(["a"]) + 0.25
