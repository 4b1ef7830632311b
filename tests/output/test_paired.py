import numpy as np
import pytest

from bench.analysis import tables
from bench.analysis.comparison import compare
from bench.analysis.results import load
from bench.analysis.verdicts.comparer import Comparer
from bench.analysis.verdicts.gains import gains
from bench.output import paired, plots
from bench.output.far import far_below
from bench.output.tables.leaderboard import boards_of, known_facts
from tests.made_up import GUARD, LOW, QUESTIONS, cell, plan
from tests.output.drawn import alike, draw, faults

STILL = ("untrained", "centred", "english")
TRAINED = {"contrastive": 0.05, "optical": 0.10, "nmt": 0.02, "contrastive(form=dense,temperature=0.1)": 0.06}
SIZES, SEEDS = (2, 3, 4), (0, 1, 2)
IDS = (*(f"{name}@0#0" for name in STILL),
       *(f"{name}@{size}#{seed}" for name in TRAINED for size in SIZES for seed in SEEDS))  # fmt: skip


def score(cell_id, task, scorer, language):
    """Questions differ much from each other and are the same for all methods; methods differ little."""
    method, at = cell_id.split("@")
    size, seed = map(int, at.split("#"))
    asked = np.random.default_rng([len(task), len(scorer), (*LOW, *GUARD).index(language)]).random(QUESTIONS)
    noise = np.random.default_rng([sum(map(ord, cell_id)), len(task), len(scorer), (*LOW, *GUARD).index(language)])
    level = {"untrained": 0.0, "centred": 0.03, "english": 0.3}.get(method, TRAINED.get(method, 0) + 0.01 * size)
    return np.clip(0.1 + 0.5 * asked + level + 0.01 * noise.standard_normal(QUESTIONS), 0, 1).round(6).tolist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = plan(tmp_path_factory.mktemp("paired") / "made-up", IDS)
    for name in IDS:
        cell(made, name, score)
    return made


@pytest.fixture(scope="module")
def comparer(folder):
    return Comparer(load(folder))


def figures(comparer):
    shown = [*TRAINED, "centred"]
    return {"gain": draw(lambda: paired.gain(comparer, shown)), "difference": draw(lambda: paired.difference(comparer))}


@pytest.fixture(scope="module")
def drawn(comparer):
    return figures(comparer)


def bars(panel):
    """Label -> its error bars as drawn: (x, middle, low, high) of each point."""
    found = {}
    for container in panel.containers:
        line, _, (lines,) = container
        ends = [segment[:, 1] for segment in lines.get_segments()]
        xy = zip(line.get_xdata(), line.get_ydata(), ends, strict=True)
        found[container.get_label()] = [(x, y, low, high) for x, y, (low, high) in xy]
    return found


def test_gains_are_the_paired_differences_of_the_comparison(comparer):
    rows = gains(comparer, ["optical", "centred", "english", "untrained"])
    assert set(zip(rows["first"], rows["second"], strict=True)) == {
        ("optical", "untrained"), ("centred", "untrained"), ("optical", "centred"),
    }  # fmt: skip
    expected = compare(comparer.experiment, "optical", "untrained", groups=["trained"], scorers=["dense"]).rows
    own = rows[(rows["first"] == "optical") & (rows["second"] == "untrained") & (rows["scorer"] == "dense")]
    for name in ("difference", "low", "high"):
        assert own[name].tolist() == pytest.approx(expected[name].tolist())


def test_the_first_picture_has_a_row_a_reference_and_a_column_a_scorer(comparer, drawn):
    panels = drawn["gain"].axes
    assert [panel.get_title() for panel in panels] == ["dense", "late interaction", "", ""]
    assert [panel.get_ylabel().split("\n")[0] for panel in panels[::2]] == ["gain over untrained", "gain over centred"]
    found = bars(panels[0])
    assert set(found) == {*TRAINED, plots.label("centred")} and plots.label("centred") not in bars(panels[2])
    rows = gains(comparer, ["optical"])
    rows = rows[(rows["second"] == "untrained") & (rows["scorer"] == "dense")]
    for (_, middle, low, high), row in zip(found["optical"], rows.to_dict("records"), strict=True):
        assert (middle, low, high) == pytest.approx((row["difference"], row["low"], row["high"]))


def test_paired_bars_show_what_unpaired_ones_hide(comparer, folder, drawn):
    """Scores of the same questions move together: the interval of a gain is narrower than that of either score."""
    [(_, board)] = boards_of(load(folder)).values()
    at = board[(board["method"] == "optical") & (board["scorer"] == "dense") & (board["group"] == "trained")]
    widths = {int(row["size"]): row["high"] - row["low"] for row in at[at["task"] == tables.MEAN].to_dict("records")}
    for size, (_, _, low, high) in zip(SIZES, bars(drawn["gain"].axes[0])["optical"], strict=True):
        assert high - low < widths[size] / 2


def test_a_method_far_below_the_others_does_not_make_theirs_one_line(tmp_path):
    """A translator that has learnt nothing, say."""
    trained = [f"{name}@{size}#{seed}" for name in ("optical", "nmt") for size in SIZES for seed in SEEDS]
    ids = [*(f"{name}@0#0" for name in STILL), *trained]
    made = plan(tmp_path / "made-up", ids)
    for name in ids:
        cell(made, name, lambda cell_id, *at: [0.0 if "nmt" in cell_id else min(1.0, 0.3 + one) for one in score(cell_id, *at)])
    comparer = Comparer(load(made))
    figure = draw(lambda: paired.gain(comparer, ["optical", "nmt", "centred"]))
    rows = gains(comparer, ["optical", "nmt", "centred"])
    assert far_below(rows[rows["second"] == "untrained"]) == ["nmt"]
    lows = rows[rows["first"] == "nmt"]["difference"]
    for panel in figure.axes:
        assert "nmt" not in bars(panel) and panel.get_ylim()[0] > -0.2 > lows.max()
        said = [text.get_text() for text in panel.texts]
        assert len(said) == len(SIZES) and all(text.startswith("\N{DOWNWARDS ARROW}\N{MINUS SIGN}0.") for text in said)
    assert "nmt" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert faults(figure) == []


def test_the_legend_says_where_a_method_has_fewer_seeds(tmp_path):
    ids = [name for name in IDS if not name.startswith("nmt") or name.endswith("#0")]
    made = plan(tmp_path / "made-up", ids)
    for name in ids:
        cell(made, name, score)
    uneven = Comparer(load(made))
    named = [text.get_text() for text in draw(lambda: paired.gain(uneven, [*TRAINED, "centred"])).legends[0].get_texts()]
    assert "nmt (1 seed)" in named and "optical" in named and not any("centred" in name and "seed" in name for name in named)


def test_no_bar_covers_another(drawn):
    for figure in drawn.values():
        for panel in figure.axes:
            places = [x for of_method in bars(panel).values() for x, *_ in of_method]
            assert len(set(np.round(places, 6))) == len(places)
            assert np.diff(sorted(places)).min() > 0.05


def test_the_second_picture_has_the_margin_as_a_band_and_hollow_marks_where_nothing_is_sure(comparer, drawn):
    panel = drawn["difference"].axes[0]
    assert "optical minus contrastive" in [text.get_text() for text in drawn["difference"].texts]
    band = next(patch for patch in panel.patches if patch.get_label().startswith("margin"))
    assert (band.get_y(), band.get_height()) == pytest.approx((-comparer.margin, 2 * comparer.margin))
    rows = compare(comparer.experiment, "optical", "contrastive", groups=["trained", "held-out"]).rows
    rows = rows[rows["scorer"] == "dense"]
    unsure = rows[~rows["verdict"].isin(["better", "worse"])]
    hollow = [line for line in panel.get_lines() if line.get_markerfacecolor() == "white"]
    assert sum(len(line.get_xdata()) for line in hollow) == len(unsure) < len(rows)


def test_the_pair_is_the_declared_one(tmp_path, comparer):
    assert paired.pair(comparer) == ("optical", "contrastive")
    made = plan(tmp_path / "declared", IDS)
    for name in IDS:
        cell(made, name, score)
    text = (made / "profile.yaml").read_text()
    (made / "profile.yaml").write_text(text.replace("resolved:\n", "resolved:\n  primary: [[contrastive, nmt]]\n"))
    assert paired.pair(Comparer(load(made))) == ("contrastive", "nmt")


def test_labels_never_overlap_and_grey_is_enough(drawn):
    for figure in drawn.values():
        assert faults(figure) == [] and alike(figure) == []


def test_the_same_results_give_the_same_bytes_and_nothing_gives_no_picture(folder, tmp_path):
    experiment = load(folder)
    known = known_facts(experiment)
    boards = [board for _, board in boards_of(experiment).values()]
    found = [paired.write(experiment, boards, place, known) for place in (_made(tmp_path / "a"), _made(tmp_path / "b"))]
    names = ("gain", "difference", "languages")
    assert [path.name for path in found[0]] == [f"{name}{end}" for name in names for end in (".svg", ".png")]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*found, strict=True))
    assert paired.write(experiment, [], tmp_path / "a", known) == [] and not list((tmp_path / "a").iterdir())
    alone = plan(tmp_path / "alone", ["untrained@0#0", "optical@2#0"])
    cell(alone, "untrained@0#0", score)
    assert paired.gain(Comparer(load(alone)), ["optical"]) is None
    assert paired.difference(Comparer(load(alone))) is None


def _made(folder):
    folder.mkdir()
    return folder
