import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.analysis import covariates, transfer
from bench.analysis.covariates import clustered_ols
from bench.analysis.results import load
from bench.cli import main
from bench.output.tables import leaderboard
from bench.output.tables.leaderboard import language_facts
from tests import made_up
from tests.cli.test_app import bench, loaded
from tests.made_up import GUARD, QUESTIONS, cell, plan

FLOOR, CEILING = "untrained@0#0", "english@0#0"
# Two branches of two families, scripts that cut across them, isolates.
ORDER = (
    "swh_Latn", "rus_Cyrl", "amh_Ethi", "hin_Deva", "zul_Latn", "ukr_Cyrl", "mar_Deva", "khm_Khmr", "kaz_Cyrl", "tur_Latn",
    "yor_Latn", "bul_Cyrl", "kat_Geor", "hye_Armn",
)  # fmt: skip
SIZES = (2, 4, 8)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(leaderboard, "_draw", lambda *_: None)
    monkeypatch.setattr(made_up, "TASKS", {"symbols": (*ORDER, *GUARD), "faq": (*ORDER[:11], *GUARD)})


def hard(task, language):
    """(questions,) scores of the floor, between .1 and .4; an FAQ question is as hard in every language."""
    index = (*ORDER, *GUARD).index(language)
    random = np.random.default_rng([1, 0 if task == "faq" else index])
    return 0.1 + 0.01 * index + 0.15 * random.random(QUESTIONS)


def linear(cell_id, task, scorer, language):
    """Each doubling adds .03 to optical everywhere, takes .02 from contrastive; late interaction adds .05 to all."""
    method, size = cell_id.split("#")[0].split("@")
    if method == "english":
        return 0.9
    slope = {"untrained": 0.0, "optical": 0.03, "contrastive": -0.02}[method]
    gain = slope * (np.log2(int(size)) - 1) + 0.05 if method != "untrained" else 0.0
    return (hard(task, language) + gain + (0.05 if scorer == "late" else 0)).round(6).tolist()


def made(folder, score=linear, seeds=(0,), methods=("optical", "contrastive"), skip=(), asked=(), **manifest):
    ids = [FLOOR, CEILING, *(f"{method}@{size}#{seed}" for method in methods for size in SIZES for seed in seeds)]
    plan(folder, ids, {"low": ORDER}, asked=asked)
    for name in ids:
        if name not in skip:
            cell(folder, name, score, **manifest)
    return folder


def table(folder, name, **where):
    leaderboard.write(folder)
    rows = pd.read_csv(folder / name)
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows


def one(folder, name, **where):
    rows = table(folder, name, **where)
    assert len(rows) == 1, rows
    return rows.iloc[0]


def test_slopes_of_a_straight_line(tmp_path):
    folder = made(tmp_path / "x")
    for method, slope in (("optical", 0.03), ("contrastive", -0.02)):
        row = one(folder, "scaling.csv", scorer="dense", task="mean", group="core", method=method)
        assert row["slope"] == pytest.approx(slope, abs=1e-5) and row["sizes"] == "2 4 8"
        # Every question moves by the same: there is nothing to be unsure of.
        assert (row["low"], row["high"]) == pytest.approx((slope, slope), abs=1e-5)
        assert (row["rising"], row["falling"], row["languages"]) == ((2, 0, 2) if slope > 0 else (0, 2, 2))
    # Later languages score higher by themselves, so the trained group rises by more; the gain over the floor does not.
    trained = one(folder, "scaling.csv", scorer="dense", task="mean", group="trained", method="optical")
    assert trained["slope"] > 0.035 and trained["gain_slope"] == pytest.approx(0.03, abs=1e-5)
    assert (trained["gain_low"], trained["gain_high"]) == pytest.approx((0.03, 0.03), abs=1e-5)
    assert trained["low"] < trained["slope"] < trained["high"] and np.isnan(trained["rising"])
    assert set(table(folder, "scaling.csv")["method"]) == {"optical", "contrastive"}, "floor and ceiling have no slope"
    assert set(table(folder, "scaling.csv")["group"]) == {"core", "trained", "held-out", "guard"}


def test_an_incomplete_size_is_left_out_and_named(tmp_path):
    folder = made(tmp_path / "x", lambda *at: None if at[:2] == ("optical@8#0", "faq") and at[3] == "swh_Latn" else linear(*at))
    row = one(folder, "scaling.csv", scorer="dense", task="mean", group="core", method="optical")
    assert (row["sizes"], str(row["sizes_left_out"])) == ("2 4", "8.0") and row["slope"] == pytest.approx(0.03, abs=1e-5)
    whole = one(folder, "scaling.csv", scorer="dense", task="symbols", group="core", method="optical")
    assert whole["sizes"] == "2 4 8"
    assert "optical (core, N = 8)" in (folder / "scaling.md").read_text()


def test_one_size_has_no_slope(tmp_path):
    folder = made(tmp_path / "x", skip=("optical@4#0", "optical@8#0"))
    assert set(table(folder, "scaling.csv")["method"]) == {"contrastive"}


def test_seeds_have_slopes_of_their_own(tmp_path):
    def seeded(cell_id, *at):
        size, seed = int(cell_id.split("@")[1][0]), int(cell_id[-1])
        return (np.array(linear(cell_id, *at)) + 0.01 * seed * np.log2(max(size, 1))).tolist()

    folder = made(tmp_path / "x", seeded, seeds=(0, 1, 2), methods=("optical",))
    row = one(folder, "scaling.csv", scorer="late", task="mean", group="guard", method="optical")
    assert (row["seeds"], row["slope"]) == pytest.approx((3, 0.04), abs=1e-5)
    assert row["seed_slope_sd"] == pytest.approx(0.01, abs=1e-5)


def test_an_interval_of_a_slope_is_that_of_its_noise(tmp_path):
    """Questions move on their own: the width follows from the spread of their slopes."""

    def scattered(cell_id, task, scorer, language):
        size = int(cell_id.split("@")[1].split("#")[0])
        random = np.random.default_rng([7, 0 if task == "faq" else ORDER.index(language) if language in ORDER else 99])
        own = random.normal(0.03, 0.02, QUESTIONS)
        return (0.3 + own * np.log2(max(size, 1))).round(6).tolist()

    folder = made(tmp_path / "x", scattered, methods=("optical",))
    row = one(folder, "scaling.csv", scorer="dense", task="faq", group="guard", method="optical")
    own = np.random.default_rng([7, 0]).normal(0.03, 0.02, QUESTIONS)
    assert row["slope"] == pytest.approx(own.mean(), abs=1e-5)
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * own.std() / np.sqrt(QUESTIONS), rel=0.15)


def test_relatives_by_branch_family_and_script():
    facts = {
        "a": {"family": "Indo-European/Slavic", "script": "Cyrl"}, "b": {"family": "Indo-European/Romance", "script": "Latn"},
        "c": {"family": "Turkic", "script": "Cyrl"}, "d": {},
    }  # fmt: skip
    assert transfer.relatives("a", ["b"], facts) == {"branch": False, "family": True, "script": False}
    assert transfer.relatives("a", ["c", "d"], facts) == {"branch": False, "family": False, "script": True}
    assert transfer.relatives("a", ["a"], facts) == {"branch": False, "family": False, "script": False}, "not its own relative"
    assert transfer.relatives("d", ["a"], facts) == {"branch": None, "family": None, "script": None}


def related(kind, bonus):
    """A score in which held-out languages with a trained relative gain `bonus` more."""
    facts = language_facts(load_plan(), Path())

    def score(cell_id, task, scorer, language):
        method, rest = cell_id.split("@")
        if method == "english":
            return 0.9
        size = int(rest.split("#")[0])
        kin = transfer.relatives(language, ORDER[:size], facts)[kind]
        gain = 0.0 if method == "untrained" else 0.1 + (bonus if kin else 0.0)
        return (hard(task, language) + gain).round(6).tolist()

    return score


def load_plan():
    from bench.analysis.results import Plan

    return Plan("x", {"low": ORDER}, GUARD, (), SIZES, ())


def test_held_out_languages_with_a_relative_gain_more(tmp_path):
    folder = made(tmp_path / "x", related("script", 0.07), methods=("optical",))
    row = one(folder, "transfer.csv", scorer="dense", size=4, method="optical", relative="script")
    # Trained: Latin, Cyrillic, Ethiopic, Devanagari. Held out: seven in these scripts, Khmer, Georgian, Armenian not.
    assert (row["related"], row["unrelated"], row["tasks"]) == (7, 3, "symbols faq")
    assert row["related_gain"] == pytest.approx(0.17, abs=1e-5) and row["unrelated_gain"] == pytest.approx(0.1, abs=1e-5)
    assert (row["difference"], row["low"], row["high"]) == pytest.approx((0.07, 0.07, 0.07), abs=1e-5)
    # A branch is something else: no such difference is sure there.
    branch = one(folder, "transfer.csv", scorer="dense", size=4, method="optical", relative="branch")
    assert branch["low"] <= branch["difference"] <= branch["high"] and branch["difference"] != pytest.approx(0.07, abs=1e-3)


def test_a_relative_that_is_not_asked_was_trained_all_the_same(tmp_path):
    asked = ("ukr_Cyrl", "mar_Deva", "khm_Khmr", "kat_Geor", *ORDER[:1])
    folder = made(tmp_path / "x", lambda *at: related("script", 0.07)(*at) if at[3] in asked else None, methods=("optical",),
                  asked=asked)  # fmt: skip
    languages = table(folder, "per_language.csv", scorer="dense", size=4, method="optical", task="symbols").set_index("language")
    assert set(languages.index) == set(asked)
    assert languages["script_relative"].to_dict() == {
        "ukr_Cyrl": True, "mar_Deva": True, "khm_Khmr": False, "kat_Geor": False, "swh_Latn": False,
    }  # fmt: skip
    row = one(folder, "transfer.csv", scorer="dense", size=4, method="optical", relative="script")
    assert (row["related"], row["unrelated"]) == (2, 2) and row["difference"] == pytest.approx(0.07, abs=1e-5)


def test_transfer_needs_the_floor(tmp_path):
    folder = made(tmp_path / "x", skip=(FLOOR,), methods=("optical",))
    assert len(table(folder, "transfer.csv")) == 0 and len(table(folder, "covariates.csv")) == 0
    row = one(folder, "scaling.csv", scorer="dense", task="mean", group="core", method="optical")
    assert np.isnan(row["gain_slope"]) and row["slope"] == pytest.approx(0.03, abs=1e-5)


def test_regression_finds_what_was_put_in(tmp_path):
    folder = made(tmp_path / "x", related("script", 0.07), methods=("optical",))
    found = table(folder, "covariates.csv", scorer="dense", size=4, method="optical").set_index("covariate")
    assert found.loc["script_relative", "coefficient"] == pytest.approx(0.07, abs=1e-4)
    assert found.loc["floor", "coefficient"] == pytest.approx(0, abs=1e-3)
    assert found["r2"].iloc[0] == pytest.approx(1, abs=1e-6) and found["languages"].iloc[0] == len(ORDER)
    # No pairs are known, nor tokens.
    assert found["left_out"].iloc[0].split()[-2:] == ["token_premium", "unknown_rate"] and "log2_pairs" not in found.index


def test_pairs_and_tokens_enter_the_regression(tmp_path):
    pairs = {code: 2 ** (3 + n) - 1 for n, code in enumerate(ORDER[:8])}

    def bought(cell_id, task, scorer, language):
        gain = 0.01 * np.log2(1 + pairs.get(language, 0)) if cell_id.startswith("optical") else 0.0
        return (hard(task, language) + gain).round(6).tolist()

    folder = made(tmp_path / "x", bought, methods=("optical",), pairs_by_language=pairs)
    lines = [f"{code},{1 + 0.1 * (n % 5)},{1 + 0.2 * (n % 3)},{0.01 * (n % 4)}" for n, code in enumerate(ORDER)]
    (folder / "texts.csv").write_text("language,fertility,token_premium,unknown_rate\n" + "\n".join(lines) + "\n")
    found = table(folder, "covariates.csv", scorer="late", size=8, method="optical").set_index("covariate")
    assert found.loc["log2_pairs", "coefficient"] == pytest.approx(0.01, abs=1e-4)
    assert found.loc["token_premium", "coefficient"] == pytest.approx(0, abs=1e-4)
    languages = pd.read_csv(folder / "per_language.csv")
    row = languages[(languages["language"] == "rus_Cyrl") & (languages["size"] == 8)].iloc[0]
    assert (row["fertility"], row["token_premium"], row["unknown_rate"]) == (1.1, 1.2, 0.01)
    assert bool(row["branch_relative"]) and bool(row["script_relative"])  # Ukrainian


def test_clustered_errors_by_hand():
    """One observation a cluster: White's errors with n/(n-1) (n-1)/(n-k); copies of clusters add no certainty."""
    random = np.random.default_rng(0)
    x = np.column_stack([np.ones(30), random.normal(size=30)])
    y = x @ [1, 2] + random.normal(size=30)
    coefficients, errors = clustered_ols(x, y, np.arange(30))
    np.testing.assert_allclose(coefficients, np.linalg.lstsq(x, y, rcond=None)[0])
    inverse, residuals = np.linalg.inv(x.T @ x), y - x @ coefficients
    white = inverse @ (x.T * residuals**2) @ x @ inverse * 30 / 28
    np.testing.assert_allclose(errors, np.sqrt(np.diag(white)))
    twice = clustered_ols(np.tile(x, (2, 1)), np.tile(y, 2), np.tile(np.arange(30), 2))[1]
    np.testing.assert_allclose(twice, errors * np.sqrt(30 / 29 * 59 / 58 * 28 / 30), rtol=1e-9)
    assert (twice > 0.95 * errors).all()


def test_covariates_that_follow_from_others_are_left_out():
    assert covariates.COVARIATES[0] == "log2_pairs"
    frame = pd.DataFrame({
        "language": [f"l{n}" for n in range(20)], "task": "t", "ndcg@10": np.linspace(0.3, 0.6, 20), "untrained": 0.2,
        "pairs_seen": np.arange(20) % 4, "class": 1, "branch_relative": np.arange(20) % 2 == 0,
        "script_relative": np.arange(20) % 2 == 0, "token_premium": np.nan, "unknown_rate": np.nan,
    })  # fmt: skip
    found = covariates._regression(frame)
    assert [row["covariate"] for row in found] == ["log2_pairs", "branch_relative"]
    assert found[0]["left_out"] == "class script_relative floor token_premium unknown_rate"


def test_language_spread_is_in_the_leaderboard(tmp_path):
    folder = made(tmp_path / "x", lambda cell_id, task, scorer, code: 0.1 if code == ORDER[0] else 0.3, methods=("optical",))
    row = one(folder, "leaderboard.csv", scorer="dense", task="mean", group="trained", size=2, method="optical")
    assert row["language_sd"] == pytest.approx(0.2 / np.sqrt(2), abs=1e-6)


def test_the_command_prints_and_loads_nothing_heavy(tmp_path):
    made(tmp_path / "x")
    done = bench("scaling", "-p", "x", "--results", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert loaded(done) == [] and "# Scaling and transfer: made-up" in done.stdout
    assert "+.030 [+.030, +.030]" in done.stdout


def test_nothing_done_is_a_message(tmp_path, monkeypatch, capsys):
    plan(tmp_path / "x", [FLOOR], {"low": ORDER})
    monkeypatch.setattr(sys, "argv", ["bench", "scaling", "-p", "x", "--results", str(tmp_path)])
    with pytest.raises(SystemExit):
        main()
    assert "has a score yet" in capsys.readouterr().err


def test_results_of_an_earlier_state_go(tmp_path):
    import shutil

    folder = made(tmp_path / "x")
    leaderboard.write(folder)
    assert (folder / "scaling.md").is_file()
    shutil.rmtree(folder / "cells")
    leaderboard.write(folder)
    assert not any((folder / name).exists() for name in ("scaling.md", "scaling.csv", "transfer.csv", "covariates.csv"))
    assert load(folder).plan.name == "made-up"
