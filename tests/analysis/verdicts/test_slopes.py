import numpy as np
import pandas as pd
import pytest

from bench.analysis import comparison
from bench.analysis.results import load
from bench.base.errors import BenchError
from bench.output.tables import slopes_text
from tests.analysis.test_comparison import noisy
from tests.made_up import LOW, QUESTIONS, cell, plan

SIZES, SEEDS = (1, 2, 4), (0, 1, 2)
SLOPE = {"optical": 0.03, "contrastive": -0.02, "mimo": 0.0}


def compare_slopes(*args, **options):
    return comparison.compare_slopes(*args, **options).rows


def world(folder, methods=("optical", "contrastive"), seeds=SEEDS, noise=0.0, **profile):
    ids = ["untrained@0#0", *(f"{m}@{n}#{seed}" for m in methods for n in SIZES for seed in seeds)]
    plan(folder, ids, {"low": LOW}, **profile)

    def score(cell_id, *at):
        method, rest = cell_id.split("@")
        size, seed = map(int, rest.split("#"))
        base = np.array(noisy("untrained@0#0", *at))
        run = noise * np.random.default_rng([size, seed, len(method)]).normal()
        # Every question has a slope of its own, around that of the method.
        own = np.random.default_rng([len(method), len(at[0]), 0 if at[0] == "faq" else len(at[2])]).normal(0, 0.01, QUESTIONS)
        return np.clip(base + (SLOPE.get(method, 0) + own - own.mean()) * np.log2(max(size, 1)) + run, 0, 1).round(6).tolist()

    for name in ids:
        cell(folder, name, score)
    return load(folder)


def test_the_difference_of_two_straight_lines(tmp_path):
    rows = compare_slopes(world(tmp_path / "x"), "optical", "contrastive")
    guard = rows[(rows["scorer"] == "dense") & (rows["group"] == "guard")].iloc[0]
    assert (guard["first_slope"], guard["second_slope"], guard["difference"]) == pytest.approx((0.03, -0.02, 0.05), abs=2e-5)
    assert guard["low"] < 0.05 < guard["high"] and (guard["verdict"], guard["size"], guard["seeds"]) == ("better", "1 2 4", 3)
    assert guard["margin"] == pytest.approx(0.005), "the margin, over two doublings"
    # Two tasks, one draw of questions each: the spread of the slopes of questions decides.
    assert guard["se"] == pytest.approx(guard["question_se"], rel=1e-3) and 0.002 < guard["se"] < 0.01


def test_training_noise_enters_the_slope(tmp_path):
    still, moving = (compare_slopes(world(tmp_path / str(n), noise=n), "optical", "contrastive") for n in (0, 0.02))
    assert (moving["run_se"] > 0.004).all() and (still["run_se"] < 1e-4).all()
    assert (moving["se"] > still["se"]).all()


def test_one_seed_has_no_verdict(tmp_path):
    rows = compare_slopes(world(tmp_path / "x", seeds=(0,)), "optical", "contrastive")
    assert set(rows["runs"]) == {"unknown"} and set(rows["verdict"]) == {"undecided"}
    assert rows[["p", "p_holm", "p_equivalent_holm", "smallest", "smallest_corrected"]].isna().all(axis=None)


def test_slopes_of_declared_pairs_are_corrected_together(tmp_path):
    experiment = world(tmp_path / "x", ("optical", "contrastive", "mimo"), noise=0.01)
    alone = compare_slopes(experiment, "optical", "mimo", groups=["guard"], scorers=["dense"])
    experiment.plan.profile["resolved"]["primary"] = [["optical", "contrastive"], ["optical", "mimo"]]
    experiment.plan.profile["comparison"] = {"groups": ["guard"], "scorers": ["dense"]}
    found = compare_slopes(experiment, "optical", "mimo", groups=["guard"], scorers=["dense"])
    assert set(found["family"]) == {"primary"} and set(alone["family"]) == {"exploratory"}
    p = float(alone["p"].iloc[0])
    assert float(found["p_holm"].iloc[0]) in (pytest.approx(p), pytest.approx(2 * p))
    assert found["smallest"].tolist() == alone["smallest"].tolist() and (found["smallest_corrected"] > found["smallest"]).all()


def test_a_slope_has_the_same_verdict_however_little_is_looked_at(tmp_path):
    experiment = world(tmp_path / "x", ("optical", "contrastive", "mimo"), noise=0.01)
    whole = compare_slopes(experiment, "optical", "mimo").set_index(["scorer", "group"])
    assert len(whole) > 4 and (whole["p_holm"] > whole["p"]).any()
    for scorer, group in (("dense", "guard"), ("late", "trained")):
        part = compare_slopes(experiment, "optical", "mimo", scorers=[scorer], groups=[group])
        pd.testing.assert_series_equal(part.set_index(["scorer", "group"]).loc[(scorer, group)], whole.loc[(scorer, group)])


def test_one_size_is_told(tmp_path):
    with pytest.raises(BenchError, match="no slopes to compare"):
        compare_slopes(world(tmp_path / "x"), "optical", "contrastive", sizes=[2])


def test_what_is_left_out_is_told(tmp_path):
    experiment = world(tmp_path / "x")
    whole = comparison.compare_slopes(experiment, "optical", "contrastive")
    assert all("which document they ask for" in note for note in whole.notes) and len(whole.notes) == 2
    (tmp_path / "x" / "cells" / "optical@4#2" / "manifest.json").unlink()
    (tmp_path / "x" / "cells" / "optical@1#0" / "manifest.json").unlink()
    found = comparison.compare_slopes(load(tmp_path / "x"), "optical", "contrastive")
    assert "optical@4#2 missing" in " ".join(found.notes) and "contrastive@4#2" in " ".join(found.notes)
    assert all(note in slopes_text.text(found) for note in found.notes) and len(found.notes) == 6
    with pytest.raises(BenchError, match="unknown task 'fax'"):
        comparison.compare_slopes(experiment, "optical", "contrastive", tasks=["fax"])
