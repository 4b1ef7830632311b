import pytest

from bench.analysis.results import load
from bench.analysis.verdicts.budget import COLUMNS, ladder, pairs_of, recipe
from bench.base.errors import BenchError
from bench.output import budget as writing
from bench.output import plots
from tests.made_up import cell, plan

IDS = ("untrained@0#0", "centred@0#0", *(f"{name}@{size}#{seed}" for name in ("optical", "contrastive") for size in (2, 3)
       for seed in (0, 1)))  # fmt: skip
FREE = {"freeze_layers": 0, "freeze_embeddings": False}


def step(folder, pairs, gain, recipe=FREE, **profile):
    training = {"pairs": pairs, "budget": "fixed_total", "batch_size": 32, **recipe}

    def score(cell_id, task, scorer, language):
        method = cell_id.partition("@")[0]
        level = {"untrained": 0.2, "centred": 0.25, "optical": 0.2 + gain, "contrastive": 0.2 + gain / 2}[method]
        return [min(1, max(0, level + 0.01 * (number - 3.5))) for number in range(8)]

    made = plan(folder, IDS, training=training, **profile)
    for name in IDS:
        cell(made, name, score)
    return load(made)


@pytest.fixture
def steps(tmp_path):
    return [step(tmp_path / "more", 6000, 0.3), step(tmp_path / "few", 1500, 0.1)]


def test_a_row_a_budget_with_the_gain_over_each_reference(steps):
    rows = ladder(steps)
    assert tuple(rows.columns) == COLUMNS and set(rows["size"]) == {3}
    own = rows[(rows["method"] == "optical") & (rows["scorer"] == "dense") & (rows["over"] == "untrained")]
    assert own["pairs"].tolist() == [1500, 6000] and own["difference"].tolist() == pytest.approx([0.1, 0.3])
    centred = rows[(rows["method"] == "contrastive") & (rows["scorer"] == "late") & (rows["over"] == "centred")]
    assert centred["difference"].tolist() == pytest.approx([0.0, 0.1])
    assert (rows["low"] <= rows["difference"]).all() and (rows["difference"] <= rows["high"]).all()
    assert "centred" not in set(rows["method"])
    assert set(ladder(steps, size=2)["size"]) == {2}


def test_steps_that_differ_in_more_than_the_budget_are_no_ladder(tmp_path, steps):
    other = step(tmp_path / "other", 3000, 0.2, evaluation={"tasks": ["symbols", "faq"]})
    with pytest.raises(BenchError, match="differ in `evaluation`"):
        ladder([*steps, other])
    batch = step(tmp_path / "batch", 3000, 0.2, recipe=FREE | {"batch_size": 64})
    with pytest.raises(BenchError, match=r"training\.batch_size"):
        ladder([*steps, batch])
    with pytest.raises(BenchError, match="no ladder"):
        ladder(steps[:1])
    with pytest.raises(BenchError, match="size 7 is not in all steps"):
        ladder(steps, size=7)


def test_an_older_step_that_does_not_name_what_is_not_set_is_a_step(tmp_path):
    old = step(tmp_path / "old", 1500, 0.1, evaluation={"tasks": ["faq"]})
    new = step(tmp_path / "new", 6000, 0.3, evaluation={"tasks": ["faq"], "languages": None})
    assert set(ladder([old, new])["pairs"]) == {1500, 6000}
    some = step(tmp_path / "some", 6000, 0.3, evaluation={"tasks": ["faq"], "languages": "sw"})
    with pytest.raises(BenchError, match="differ in `evaluation`"):
        ladder([old, some])


def test_pairs_of_a_budget_for_each_language():
    assert pairs_of({"budget": "per_language", "pairs_per_language": 100, "pairs": 9}, 20) == 2000
    assert pairs_of({"budget": "fixed_total", "pairs": 1500}, 20) == 1500
    assert recipe({"freeze_layers": 6, "freeze_embeddings": False}) == "6 layers frozen"


def test_table_and_picture(tmp_path, steps):
    frozen = step(tmp_path / "frozen", 1500, 0.05, {"freeze_layers": 6, "freeze_embeddings": True})
    rows = ladder([*steps, frozen])
    files = writing.write(rows, tmp_path / "out")
    assert [file.name for file in files] == ["budget.csv", "budget.md", "budget.svg", "budget.png"]
    text = files[1].read_text()
    assert "1,500 pairs" in text and "6 layers and embeddings frozen" in text and "+.300" in text
    assert files[2].read_bytes() == writing.write(rows, tmp_path / "again")[2].read_bytes()
    figure = writing.draw(rows)
    titles = [panel.get_title() for panel in figure.axes[:2]]
    assert titles == [plots.named("dense"), plots.named("late")]
    # Two budgets, two methods and a third line for the recipe in each: no two points of a panel share a place.
    panel = figure.axes[0]
    places = [x for container in panel.containers for x in container[0].get_xdata()]
    assert len(places) == len(set(places)) == 6
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == ["1.5k", "6k"]


def test_intervals_without_the_noise_of_training_are_told_apart(steps):
    rows = ladder(steps)
    assert "over questions and training runs.\n" in writing.written(rows)
    rows.loc[rows["pairs"] == 6000, "runs"] = "unknown"
    assert "At 6,000 pairs nothing is known of the noise of training" in writing.written(rows)


def test_of_two_recipes_the_one_without_the_noise_of_training_is_named(tmp_path, steps):
    frozen = [step(tmp_path / str(n), n, 0.05, {"freeze_layers": 6, "freeze_embeddings": True}) for n in (1500, 6000)]
    rows = ladder([*steps, *frozen])
    rows.loc[rows["recipe"] != "everything trained", "runs"] = "unknown"
    text = writing.written(rows)
    assert " At 1,500 and 6,000 pairs with 6 layers and embeddings frozen nothing is known of the noise of training" in text
    rows.loc[rows["pairs"] == 6000, "runs"] = "unknown"
    text = writing.written(rows)
    recipes = "At 6,000 pairs with everything trained, and at 1,500 and 6,000 pairs with 6 layers and embeddings frozen nothing"
    assert recipes in text
    assert text.index("everything trained |") < text.index("embeddings frozen |")
