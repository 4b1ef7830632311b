import numpy as np
import pytest

from bench.analysis.arms import Scores
from bench.analysis.comparison import compare
from bench.analysis.results import load
from bench.analysis.verdicts.comparer import Comparer
from bench.analysis.verdicts.gains import by_language, shown_size
from bench.output import languages, plots
from bench.output.tables.leaderboard import known_facts
from tests.made_up import GUARD, LOW, QUESTIONS, cell, plan
from tests.output.drawn import draw

TRAINED = ("optical", "contrastive", "mine")
IDS = ("untrained@0#0", "english@0#0",
       *(f"{name}@{size}#{seed}" for name in TRAINED for size in (2, 3, 4) for seed in (0, 1)))  # fmt: skip


def score(cell_id, task, scorer, language):
    method = cell_id.split("@")[0]
    level = {"untrained": 0.1, "english": 0.9, "optical": 0.3, "contrastive": 0.25}.get(method, 0.2)
    random = np.random.default_rng([sum(map(ord, cell_id)), len(task), len(scorer), (*LOW, *GUARD).index(language)])
    return np.clip(level + 0.1 * random.standard_normal(QUESTIONS), 0, 1).round(6).tolist()


@pytest.fixture(scope="module")
def comparer(tmp_path_factory):
    made = plan(tmp_path_factory.mktemp("languages") / "made-up", IDS)
    for name in IDS:
        cell(made, name, score)
    return Comparer(load(made))


@pytest.fixture(scope="module")
def figure(comparer):
    return draw(lambda: languages.draw(comparer, known_facts(comparer.experiment)))


def test_a_language_s_gain_is_the_comparison_of_that_language_alone(comparer):
    rows = by_language(comparer, ["optical"], [3])
    assert set(rows["language"]) == {*LOW, *GUARD}
    assert {code: group for code, group in zip(rows["language"], rows["group"], strict=True)} == {
        **dict.fromkeys(LOW[:3], "trained"), LOW[3]: "held-out", GUARD[0]: "guard",
    }  # fmt: skip
    # Guard and held-out are one language each: their rows of the whole comparison are those of the language.
    whole = compare(comparer.experiment, "optical", "untrained", sizes=[3], groups=["held-out", "guard"]).rows
    for _, expected in whole.iterrows():
        own = rows[(rows["group"] == expected["group"]) & (rows["scorer"] == expected["scorer"])]
        for name in ("difference", "low", "high"):
            assert own[name].tolist() == pytest.approx([expected[name]])
    cells = [one for one in comparer.experiment.cells if one.name.method in ("optical", "untrained")]
    scores = Scores(cells, comparer.plan.tasks, comparer.plan.min_questions)
    arms = scores.index("optical", 3), scores.index("untrained", 0)
    places = [place for place, (scorer, _, code) in enumerate(scores.places) if (scorer, code) == ("late", "amh_Ethi")]
    own = rows[(rows["scorer"] == "late") & (rows["language"] == "amh_Ethi")]
    assert len(places) == 2, "its gain is the mean over its two tasks"
    assert own["difference"].tolist() == pytest.approx([np.mean([scores.values[arms[0], at, 0] - scores.values[arms[1], at, 0]
                                                                 for at in places])])  # fmt: skip


def test_the_size_leaves_languages_held_out_where_it_can(comparer):
    assert shown_size(comparer, ["optical"], "low") == 3, "at 4 all are trained"
    assert set(by_language(comparer, ["optical"])["size"]) == {3}
    assert by_language(comparer, ["untrained"]).empty and by_language(comparer, ["no such method"]).empty


def test_one_panel_a_family_and_scorer_one_row_a_language(figure):
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    assert titles[::2] == ["Afroasiatic", languages.ALONE] and set(titles[1::2]) == {""}
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["Amharic (Ethi)", "Hausa (Latn)"]
    alone = [label.get_text() for label in figure.axes[2].get_yticklabels()]
    assert alone == ["Khmer (Austroasiatic, Khmr)", "German (Indo-European, Latn)", "Swahili (Niger-Congo, Latn)"]


def test_the_marker_says_whether_a_language_was_trained_on_and_the_fill_which_method_it_is(figure, comparer):
    panel = figure.axes[2]  # dense, families of one language
    marks = {}
    for line in panel.get_lines():
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True):
            if line.get_marker() in languages.MARKERS.values():
                marks[round(float(y)), line.get_fillstyle()] = line.get_marker(), float(x)
    rows = by_language(comparer, languages.shown(comparer)).query("scorer == 'dense'")
    assert languages.shown(comparer) == ["optical", "contrastive"]
    order = ["khm_Khmr", "deu_Latn", "swh_Latn"]
    for method, fill in zip(("optical", "contrastive"), languages.FILLS, strict=False):
        for at, code in enumerate(order):
            row = rows[(rows["method"] == method) & (rows["language"] == code)].iloc[0]
            marker = languages.MARKERS[row["group"]]
            assert marks[at, fill] == (marker, pytest.approx(row["difference"]))
    assert {marker for marker, _ in marks.values()} == {"o", "s", "D"}


def test_bars_are_the_intervals_and_those_that_leave_the_panel_end_in_an_arrow(figure, comparer):
    rows = by_language(comparer, languages.shown(comparer))
    low, high = figure.axes[0].get_xlim()
    drawn = [segment[:, 0] for panel in figure.axes for lines in panel.collections for segment in lines.get_segments()]
    expected = sorted((max(low, a), min(high, b)) for a, b in zip(rows["low"], rows["high"], strict=True))
    assert sorted(map(tuple, drawn)) == [pytest.approx(pair) for pair in expected]
    arrows = sum(len(line.get_xdata()) for panel in figure.axes for line in panel.get_lines() if line.get_marker() in "<>")
    assert arrows == int((rows["low"] < low).sum() + (rows["high"] > high).sum()) > 0


def test_large_families_are_shown_branch_by_branch():
    known = {f"a{n}": {"name": f"A{n:02}", "family": f"Big/{'One' if n < 7 else 'Two' if n < 11 else 'Three'}", "script": "Latn"}
             for n in range(12)}  # fmt: skip
    known |= {"b": {"name": "B", "family": "Small", "script": "Cyrl"}, "c": {"name": "C", "family": "Small", "script": "Cyrl"}}
    found = languages.families([*known, "unknown"], known)
    assert [one.title for one in found] == ["Big: One", "Big: Two", "Big: other branches", "Small", languages.ALONE]
    assert found[2].languages == {"a11": "A11 (Three, Latn)"} and found[3].languages == {"b": "B (Cyrl)", "c": "C (Cyrl)"}
    assert found[4].languages == {"unknown": "unknown"}
    assert [one.title for one in languages.families(["a1"], known)] == ["Big"]


def test_without_a_floor_there_is_no_picture(tmp_path):
    made = plan(tmp_path / "made-up", ["optical@2#0", "english@0#0"])
    for name in ("optical@2#0", "english@0#0"):
        cell(made, name, score)
    assert languages.draw(Comparer(load(made)), {}) is None


def test_methods_look_as_in_the_other_pictures(figure, comparer):
    looks = plots.styles(comparer.methods)
    [legend] = figure.legends
    colors = {text.get_text(): line.get_color() for line, text in zip(legend.legend_handles, legend.get_texts(), strict=True)}
    assert all(colors[name] == looks[name]["color"] for name in languages.shown(comparer))


def test_a_method_far_below_is_named_and_not_drawn(tmp_path):
    ids = ("untrained@0#0", *(f"{name}@{size}#{seed}" for name in ("optical", "nmt") for size in (2, 3, 4) for seed in (0, 1)))
    made = plan(tmp_path / "made-up", ids)
    for name in ids:
        cell(made, name, lambda cell_id, *at: [0.0 if "nmt" in cell_id else min(1.0, 0.5 + one) for one in score(cell_id, *at)])
    lost = Comparer(load(made))
    picture = draw(lambda: languages.draw(lost, known_facts(lost.experiment)))
    assert any("not drawn, far below: nmt (\N{MINUS SIGN}0." in text.get_text() for text in picture.texts)
    assert "nmt" not in [text.get_text() for text in picture.legends[0].get_texts()]
    assert all(panel.get_xlim()[0] > -0.3 for panel in picture.axes)
