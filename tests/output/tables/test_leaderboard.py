import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.analysis import resampling
from bench.analysis.results import CellName, folder_of, load
from bench.base.errors import BenchError
from bench.experiment.plan import make_plan
from bench.output.tables import leaderboard
from tests.made_up import GUARD, LOW, QUESTIONS, TASKS, cell, failure, plan

GOLDEN = Path(__file__).parent / "golden" / "leaderboard.md"
FLOOR, CEILING = "untrained@0#0", "english@0#0"


def constant(cell_id, task, scorer, language):
    """Numbers that can be checked by hand: all questions of a language score the same."""
    method, size = cell_id.split("@")[0], int(cell_id.split("@")[1][0])
    if language in GUARD:  # next to nothing to gain: its gap is left out
        return 0.51 if method == "english" else 0.5
    if method == "english":
        return 0.9
    floor = {"symbols": 0.2, "faq": 0.1}[task] + (0.1 if scorer == "late" else 0) + 0.02 * LOW.index(language)
    gain = {"untrained": 0, "optical": 0.1, "contrastive": 0.2}[method]
    return round(floor + gain * (1 if language in LOW[:size] else 0.5), 6)


@pytest.fixture
def made(tmp_path):
    """One of everything: done, incomplete, warned of, failed, not run."""
    ids = [FLOOR, CEILING, *(f"{method}@{size}#0" for size in (2, 3) for method in ("optical", "contrastive", "nmt"))]
    folder = plan(tmp_path / "made-up", ids)
    for name in (FLOOR, CEILING, "optical@2#0", "contrastive@2#0"):
        cell(folder, name, constant, pairs_per_second=None if name in (FLOOR, CEILING) else 120.0)
    cell(folder, "optical@3#0", constant, pairs_per_second=100.0, collapse={"warning": "effective rank fell from 90 to 9"},
         pairs_by_language={"swh_Latn": 2000, "amh_Ethi": 2000, "hau_Latn": 2000})  # fmt: skip
    cell(folder, "contrastive@3#0", lambda *at: None if at[1::2] == ("symbols", "khm_Khmr") else constant(*at))
    failure(folder, "nmt@2#0", "ValueError: loss is NaN at step 12")
    return folder


@pytest.fixture
def drawn():
    """Asked for by tests that look at pictures."""


@pytest.fixture(autouse=True)
def quick(request, monkeypatch):
    """Drawing takes most of the time; the other tests go without."""
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(leaderboard, "_draw", lambda *_: None)
        monkeypatch.setattr("bench.output.aside.possible", lambda: False)


def written(folder, name="leaderboard.csv"):
    leaderboard.write(folder)
    return pd.read_csv(folder / name)


def rows(table, **where):
    where = {"order": "low", "scorer": "dense", "task": "mean", "group": "trained"} | where
    for column, value in where.items():
        table = table[table[column] == value]
    return table


def one(table, **where):
    found = rows(table, **where)
    assert len(found) == 1, found
    return found.iloc[0]


def test_golden(made):
    """Changed on purpose? Look at the difference, then copy the new text over tests/output/tables/golden/leaderboard.md."""
    assert leaderboard.write(made) == GOLDEN.read_text(encoding="utf-8")
    assert (made / "leaderboard.md").read_text(encoding="utf-8") == GOLDEN.read_text(encoding="utf-8")


def test_same_files_same_bytes(made, tmp_path, drawn):
    leaderboard.write(made)
    shutil.copytree(made, tmp_path / "copied" / "made-up")
    leaderboard.write(tmp_path / "copied" / "made-up")
    for name in ("leaderboard.csv", "leaderboard.md", "per_language.csv", "gain.svg", "gain.png", "scaling.svg", "scaling.png"):
        assert (made / name).read_bytes() == (tmp_path / "copied" / "made-up" / name).read_bytes(), name


def test_mean_goes_over_languages_then_tasks(made):
    table = written(made)
    # Trained at 3: sw am ha. Symbols .30 .32 .34 with the gain of .1; FAQ has no Hausa: .20 .22.
    assert one(table, method="optical", size=3, task="symbols")["ndcg@10"] == pytest.approx(0.32)
    assert one(table, method="optical", size=3, task="faq")["ndcg@10"] == pytest.approx(0.21)
    mean = one(table, method="optical", size=3)
    assert mean["ndcg@10"] == pytest.approx((0.32 + 0.21) / 2)  # not the mean of the five numbers, .276
    assert (mean["languages"], mean["languages_declared"]) == (3, 3)
    assert one(table, method="optical", size=3, task="faq")["languages"] == 2
    assert mean["worst_tenth"] == pytest.approx((0.30 + 0.20) / 2)


def test_groups(made):
    table = written(made)
    expected = {"trained": 2, "core": 2, "held-out": 2, "guard": 1, "all": 4}
    for group, languages in expected.items():
        assert one(table, method="optical", size=2, group=group)["languages"] == languages
    # The core is the same in every column: no more than what the smallest size trains on.
    assert one(table, method="optical", size=3, group="core")["languages"] == 2
    assert one(table, method="optical", size=2, group="held-out", task="symbols")["ndcg@10"] == pytest.approx(0.30)
    assert one(table, method="optical", size=2, group="guard")["ndcg@10"] == pytest.approx(0.5)


def test_floor_and_ceiling_are_cut_to_each_size(made):
    table = written(made)
    floor = rows(table, method="untrained", task="symbols").set_index("size")["ndcg@10"]
    assert floor.to_dict() == pytest.approx({2: 0.21, 3: 0.22})
    assert set(rows(table, method="english")["size"]) == {2, 3}
    references = table[table["method"].isin(["untrained", "english"])]
    assert references["rank"].isna().all() and not references["ties_best"].any() and references["complete"].all()


def test_the_ceiling_of_another_retriever_stands_aside(tmp_path):
    """It is the best of all here, asks the English questions of symbol search, and moves nobody's rank, gap or interval."""
    scores = {"untrained": 0.2, "english": 0.8, "optical": 0.5, "teacher_query": 0.1, "teacher_query(ask=english)": 0.9}
    folders = []
    for name, methods in (("without", list(scores)[:4]), ("with", list(scores))):
        ids = [f"{method}@{2 if method == 'optical' else 0}#0" for method in methods]
        folders.append(plan(tmp_path / name, ids))
        for cell_id in ids:
            cell(folders[-1], cell_id, lambda cell_id, *_: scores[cell_id.partition("@")[0]])
    without, table = map(written, folders)
    own = table["method"] == "teacher_query(ask=english)"
    pd.testing.assert_frame_equal(table[~own].reset_index(drop=True), without)
    assert table["complete"].all() and table.loc[own, "rank"].isna().all() and not table.loc[own, "ties_best"].any()
    assert one(table, method="optical", size=2)["rank"] == 1 and one(table, method="teacher_query", size=2)["rank"] == 2
    text = (folders[1] / "leaderboard.md").read_text()
    lines = text[text.index("| *english (ceiling)*") :].splitlines()[:5]
    assert [line.split("|")[1].strip() for line in lines] == [
        "*english (ceiling)*", "*teacher_query(ask=english) (its own ceiling)*", "optical", "teacher_query",
        "*untrained (floor)*",
    ]  # fmt: skip
    assert ".900" in lines[1] and "**.500" in lines[2]
    assert "trained: teacher_query " in text and "trained: teacher_query(" not in text and "trained: *" not in text
    assert "*Its own ceiling*" in text and "*Its own ceiling*" not in (folders[0] / "leaderboard.md").read_text()


def test_gap_closed_is_a_ratio_of_means(made):
    table = written(made)
    ways = [0.7, 0.68, 0.8, 0.78]  # of two languages and two tasks
    row = one(table, method="optical", size=2)
    assert row["gap_closed"] == pytest.approx(0.1 / np.mean(ways), abs=1e-6)
    assert (row["gap_low"], row["gap_high"]) == pytest.approx((row["gap_closed"],) * 2, abs=1e-5)
    assert (row["gap_languages"], row["gap_left_out"]) == (4, 0)
    assert one(table, method="untrained", size=2)["gap_closed"] == 0
    assert one(table, method="english", size=2)["gap_closed"] == 1
    guard = one(table, method="optical", size=2, group="guard")
    assert np.isnan(guard["gap_closed"]) and guard["gap_left_out"] == 0, "there is no way to go"


def test_a_language_with_little_to_gain_moves_a_gap_by_little(tmp_path):
    """Mean of ratios: (.1 / .6 + -.05 / .03) / 2 = -.75. The way of both together is clear."""
    folder = plan(tmp_path / "x", [FLOOR, CEILING, "optical@2#0"])
    ends = {"untrained": (0.3, 0.3), "english": (0.9, 0.33), "optical": (0.4, 0.25)}
    for name in (FLOOR, CEILING, "optical@2#0"):
        cell(folder, name, lambda cell_id, task, scorer, code: ends[cell_id.split("@")[0]][code == "amh_Ethi"])
    row = one(written(folder), method="optical", size=2)
    assert row["gap_closed"] == pytest.approx((0.1 - 0.05) / (0.6 + 0.03), abs=1e-6)


def test_where_there_may_be_no_way_a_gap_has_no_interval(tmp_path):
    folder = plan(tmp_path / "x", [FLOOR, CEILING, "optical@2#0"])

    def scattered(cell_id, task, scorer, language):
        random = np.random.default_rng([len(task), LOW.index(language) if language in LOW else 9, len(cell_id)])
        mean = {"untrained": 0.4, "english": 0.44, "optical": 0.42}[cell_id.split("@")[0]]
        own = random.normal(0, 0.2, QUESTIONS)
        return (mean + own - own.mean()).clip(0, 1).round(6).tolist()

    for name in (FLOOR, CEILING, "optical@2#0"):
        cell(folder, name, scattered)
    row = one(written(folder), method="optical", size=2)
    assert not np.isnan(row["gap_closed"]) and np.isnan(row["gap_low"]) and np.isnan(row["gap_high"])


def test_languages_with_too_few_questions_are_listed_and_out_of_the_mean(tmp_path):
    few = ("faq", "amh_Ethi")
    folder = plan(tmp_path / "x", [FLOOR, CEILING, "optical@2#0"], evaluation={"min_questions": 40})
    for name in (FLOOR, CEILING, "optical@2#0"):
        cell(folder, name, lambda *at: [constant(*at)] * (3 if at[1::2] == few else QUESTIONS))
    table = written(folder)
    assert one(table, method="optical", size=2, task="faq")["languages_declared"] == 1
    assert one(table, method="optical", size=2, task="faq")["ndcg@10"] == pytest.approx(0.2)  # Swahili alone
    assert one(table, method="optical", size=2, task="symbols")["languages_declared"] == 2, "half of a task is never left out"
    assert "- faq: amh_Ethi 3" in (folder / "leaderboard.md").read_text()
    assert "amh_Ethi" in set(pd.read_csv(folder / "per_language.csv").query("task == 'faq'")["language"])


def test_bold_takes_the_noise_of_training_into_account(tmp_path):
    """The same means; once runs agree, once they lie far apart."""
    for noise, tied in ((0.0, False), (0.1, True)):
        ids = [FLOOR, *(f"{method}@2#{seed}" for method in ("optical", "contrastive") for seed in (0, 1, 2))]
        folder = plan(tmp_path / str(noise), ids)
        for name in ids:
            moved = noise * (int(name[-1]) - 1) * (1 if name.startswith("optical") else -1)
            cell(folder, name, lambda *at, moved=moved: constant(*at) + moved)
        assert bool(one(written(folder), method="optical", size=2)["ties_best"]) is tied


def test_incomplete_rows_are_shown_marked_and_not_ranked(made):
    table = written(made)
    partial = one(table, method="contrastive", size=3, group="held-out")
    assert not partial["complete"] and partial["status"] == "incomplete" and np.isnan(partial["rank"])
    assert (partial["languages"], partial["languages_declared"]) == (1, 1)  # Khmer's FAQ is there, its symbols are not
    assert np.isnan(partial["low"])
    # Where nothing is missing the same cell is ranked, and wins.
    whole = one(table, method="contrastive", size=3, group="trained")
    assert whole["complete"] and whole["rank"] == 1
    assert one(table, method="optical", size=3, group="held-out")["rank"] == 1
    assert one(table, method="optical", size=3, group="trained")["rank"] == 2


def test_a_scorer_that_few_methods_have_makes_nobody_incomplete(tmp_path):
    words = "lexical(form=structured)"
    ids = [FLOOR, CEILING, "optical@2#0", f"{words}@2#0", "contrastive@2#0"]
    folder = plan(tmp_path / "x", ids)
    for name in ids[:-2]:
        cell(folder, name, constant)
    failure(folder, "contrastive@2#0", "it broke")
    failure(folder, f"{words}@2#0", "it broke too")
    table = written(folder)
    # Which methods belong where is known even without a result.
    assert set(rows(table, scorer="sparse")["method"]) == {"untrained", "english", words}
    assert set(rows(table, scorer="dense")["method"]) == {"untrained", "english", "optical", "contrastive"}
    assert one(table, scorer="sparse", method=words)["status"] == "failed"
    shutil.rmtree(folder / "cells" / f"{words}@2#0")
    cell(folder, f"{words}@2#0", lambda name, *at: constant(name.replace(words, "optical"), *at))
    table = written(folder)
    own = one(table, scorer="sparse", method=words)
    assert own["complete"] and own["rank"] == 1
    assert own["gap_closed"] == pytest.approx(0.1 / np.mean([0.7, 0.68, 0.8, 0.78]), abs=1e-6)
    assert rows(table[table["method"] == "optical"])["complete"].all()
    text = (folder / "leaderboard.md").read_text(encoding="utf-8")
    assert "incomplete" not in text.partition("## How to read it")[0] and "## Sparse: words and BM25" in text


def test_floor_and_ceiling_alone_bring_no_further_scorer(made):
    assert set(written(made)["scorer"]) == {"dense", "late"}
    assert set(pd.read_csv(made / "cells" / FLOOR / "metrics.csv")["scorer"]) == {"dense", "late", "sparse"}


def test_a_missing_question_makes_a_row_incomplete(made):
    shutil.rmtree(made / "cells" / "contrastive@2#0")
    place = ("faq", "dense", "swh_Latn")
    cell(made, "contrastive@2#0", lambda *at: [1.0] * (QUESTIONS - 1) if at[1:] == place else constant(*at))
    table = written(made)
    assert not one(table, method="contrastive", size=2)["complete"]
    assert one(table, method="contrastive", size=2, scorer="late")["complete"]
    assert one(table, method="optical", size=2)["rank"] == 1


def test_cells_without_result_keep_their_rows(made):
    table = written(made)
    failed, missing = one(table, method="nmt", size=2), one(table, method="nmt", size=3)
    assert (failed["status"], missing["status"]) == ("failed", "missing")
    assert np.isnan(failed["ndcg@10"]) and np.isnan(missing["rank"])
    assert (failed["seeds"], failed["seeds_planned"]) == (0, 1)
    text = (made / "leaderboard.md").read_text(encoding="utf-8")
    assert "`nmt@2#0` failed: ValueError: loss is NaN at step 12" in text and "`nmt@3#0` not run" in text


def test_stale_and_damaged_cells_have_no_numbers(made):
    manifest = made / "cells" / "optical@2#0" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"key": "of other settings"}))
    metrics = made / "cells" / "optical@3#0" / "metrics.csv"
    metrics.write_text(metrics.read_text().replace("0.300000", "0.900000"))
    table = written(made)
    assert one(table, method="optical", size=2)["status"] == "stale"
    assert one(table, method="optical", size=3)["status"] == "damaged"
    assert rows(table, method="optical")["ndcg@10"].isna().all()


@pytest.mark.parametrize(
    ("name", "content"),
    [("metrics.csv", "task,scorer\n"), ("per_query.parquet", "no parquet"), ("manifest.json", "[1]"), ("manifest.json", "{")],
)
def test_unreadable_files_become_a_state(made, name, content):
    (made / "cells" / "optical@2#0" / name).write_text(content)
    assert one(written(made), method="optical", size=2)["status"] == "damaged"


def test_collapse_warning_is_shown(made):
    text = leaderboard.write(made)
    assert "- `optical@3#0`: effective rank fell from 90 to 9" in text
    [line] = [line for line in text.splitlines() if line.startswith("| optical ")][:1]
    assert line.count("!") == 1 and line.rstrip(" |").endswith("!")


def test_seeds_are_averaged_and_their_spread_told(tmp_path):
    folder = plan(tmp_path / "x", [FLOOR, CEILING, *(f"optical@2#{seed}" for seed in range(3))])
    for name in (FLOOR, CEILING, "optical@2#0", "optical@2#1"):
        cell(folder, name, lambda *at: constant(*at) + (0.04 if at[0].endswith("#1") else 0.0))
    row = one(written(folder), method="optical", size=2)
    assert row["status"] == "incomplete" and (row["seeds"], row["seeds_planned"]) == (2, 3)
    cell(folder, "optical@2#2", lambda *at: constant(*at) + 0.08)
    row = one(written(folder), method="optical", size=2)
    assert row["complete"] and row["ndcg@10"] == pytest.approx(0.26 + 0.04) and row["seed_sd"] == pytest.approx(0.04)
    assert "means over up to 3 seeds" in (folder / "leaderboard.md").read_text()


def noisy(cell_id, task, scorer, language):
    """Questions differ a lot; a question of the FAQ is equally hard in all languages."""
    seed = [1, len(task), 0 if task == "faq" else TASKS[task].index(language)]
    return np.random.default_rng(seed).random(QUESTIONS).round(6).tolist()


@pytest.mark.parametrize("task", ["faq", "symbols"])
def test_intervals_agree_with_the_plain_bootstrap(tmp_path, task):
    folder = plan(tmp_path / "x", [FLOOR, "optical@4#0"])
    for name in (FLOOR, "optical@4#0"):
        cell(folder, name, noisy)
    row = one(written(folder), method="optical", size=4, task=task)
    asked = load(folder).cells[1].questions
    asked = asked[(asked["task"] == task) & (asked["scorer"] == "dense") & asked["language"].isin(LOW)]
    mean, low, high = plain_bootstrap(asked.pivot(index="language", columns="query_id", values="ndcg@10"), task == "faq")
    assert row["ndcg@10"] == pytest.approx(mean, abs=1e-5)
    assert row["high"] - row["low"] == pytest.approx(high - low, rel=0.12)
    assert row["low"] == pytest.approx(low, abs=0.03)


def plain_bootstrap(table, parallel, rounds=4000):
    """Mean over languages with its interval, by drawing question after question. Rows are languages."""
    random = np.random.default_rng(0)
    scores = [row[~np.isnan(row)] for row in table.to_numpy()]
    means = []
    for _ in range(rounds):
        joint = random.integers(len(scores[0]), size=len(scores[0]))
        means.append(np.mean([row[joint if parallel else random.integers(len(row), size=len(row))].mean() for row in scores]))
    low, high = np.quantile(means, [0.025, 0.975])
    return np.mean([row.mean() for row in scores]), low, high


def test_english_questions_of_the_ceiling_are_drawn_once_for_all_languages(tmp_path):
    """The same forty questions stand for every language: more languages do not make the ceiling surer."""
    folder = plan(tmp_path / "x", [FLOOR, CEILING, "optical@1#0", "optical@4#0"])
    for name in (FLOOR, "optical@1#0", "optical@4#0"):
        cell(folder, name, noisy)
    cell(folder, CEILING, lambda *at: np.random.default_rng(5).random(QUESTIONS).round(6).tolist())
    table = written(folder)
    few, many = (one(table, method="english", size=size, task="symbols") for size in (1, 4))
    assert few["complete"] and many["complete"]
    assert many["high"] - many["low"] == pytest.approx(few["high"] - few["low"], rel=1e-4)
    own = [one(table, method="optical", size=size, task="symbols") for size in (1, 4)]
    assert own[1]["high"] - own[1]["low"] < 0.8 * (own[0]["high"] - own[0]["low"])


def test_bold_rests_on_paired_differences(tmp_path):
    """Better by a little on every question: certain. As good on average, at random: not to be told apart."""
    folder = plan(tmp_path / "x", ["optical@4#0", "contrastive@4#0", "nmt@4#0"])
    cell(folder, "optical@4#0", lambda *at: [value * 0.98 + 0.02 for value in noisy(*at)])
    cell(folder, "contrastive@4#0", noisy)
    cell(folder, "nmt@4#0", lambda *at: [value * 0.98 + 0.018 for value in noisy(*at)][::-1])
    table = written(folder)
    assert one(table, method="optical", size=4)["ties_best"]
    assert one(table, method="nmt", size=4)["ties_best"]
    behind = one(table, method="contrastive", size=4)
    assert not behind["ties_best"] and behind["high"] > one(table, method="optical", size=4)["low"]


def test_another_cell_moves_no_interval(made):
    before = rows(written(made), method="optical", size=2)
    shutil.rmtree(made / "cells" / "contrastive@2#0")
    after = rows(written(made), method="optical", size=2)
    pd.testing.assert_frame_equal(before[["low", "high"]].reset_index(drop=True), after[["low", "high"]].reset_index(drop=True))


def test_resample_leaves_unanswered_columns_out():
    drawn = resampling.weights("faq", "", 4)
    assert (drawn.sum(axis=1) == 4).all()
    means = resampling.resample(np.array([[1, 1], [1, np.nan], [1, 1], [1, 1]], dtype=np.float32), drawn)
    assert (means[:, 0] == 1).all() and np.isnan(means[:, 1]).all()
    assert resampling.interval(means[:, 1])[0] != resampling.interval(means[:, 1])[0]


def test_per_language(made):
    table = written(made, "per_language.csv")
    row = one(table, method="optical", size=3, task="faq", group="trained", language="amh_Ethi")
    assert (row["name"], row["class"], row["script"], row["core"]) == ("Amharic", 2, "Ethi", True)
    assert row["family"].startswith("Afroasiatic") and row["pairs_seen"] == 2000 and row["queries"] == QUESTIONS
    assert (row["ndcg@10"], row["untrained"], row["english"]) == pytest.approx((0.22, 0.12, 0.9))
    assert row["gap_closed"] == pytest.approx(0.1 / 0.78, abs=1e-4)
    german = one(table, method="optical", size=3, task="faq", group="guard")
    assert german["language"] == "deu_Latn" and german["pairs_seen"] == 0 and np.isnan(german["gap_closed"])
    assert set(table["method"]) == {"untrained", "english", "optical", "contrastive"}


def test_every_order_has_its_own_floor_and_picture(tmp_path, drawn):
    other = ("hau_Latn", "swh_Latn")
    ids = [FLOOR, f"{FLOOR}~other", "optical@1#0", "optical@1#0~other"]
    folder = plan(tmp_path / "x", ids, {"low": LOW, "other": other})
    for name in ids:
        cell(folder, name, lambda cell_id, *at: constant(cell_id.split("~")[0], *at) + (0.1 if "~" in cell_id else 0))
    table = written(folder)
    for order, expected in {"low": 0.2, "other": 0.34}.items():
        assert one(table, method="untrained", size=1, order=order, task="symbols")["ndcg@10"] == pytest.approx(expected)
    assert one(table, method="optical", size=1, order="other", group="held-out", task="faq")["languages"] == 1
    assert (folder / "scaling-other.svg").is_file() and "## Order `other`" in (folder / "leaderboard.md").read_text()


def test_another_order_changes_neither_sizes_nor_core_of_the_first(tmp_path):
    first = [FLOOR, CEILING, "optical@2#0", "optical@3#0"]
    alone, both = plan(tmp_path / "alone", first), tmp_path / "both"
    plan(both, [*first, f"{FLOOR}~list", f"{CEILING}~list", "optical@1#0~list"], {"low": LOW, "list": LOW[2:]})
    for folder in (alone, both):
        for name in first:
            cell(folder, name, constant)
    for name in (f"{FLOOR}~list", f"{CEILING}~list", "optical@1#0~list"):
        cell(both, name, constant)
    tables = [written(folder) for folder in (alone, both)]
    own = tables[1][tables[1]["order"] == "low"].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, tables[0], check_dtype=False)
    assert set(tables[1].loc[tables[1]["order"] == "list", "size"]) == {1}


def test_nothing_done_yet(made, drawn):
    leaderboard.write(made)
    shutil.rmtree(made / "cells")
    text = leaderboard.write(made)
    assert "There is no score yet" in text and "0 of 8 cells are done (8 not run)" in text
    assert len(pd.read_csv(made / "leaderboard.csv")) == 0
    pictures = [*made.glob("*.svg"), *made.glob("*.png")]
    assert not pictures, "a picture of an earlier state is left"


def test_unplanned_cells_are_named_but_not_counted(made):
    cell(made, "optical@4#0", constant)
    text = leaderboard.write(made)
    assert "not part of the profile and so not shown: `optical@4#0`" in text
    assert 4 not in set(pd.read_csv(made / "leaderboard.csv")["size"])


def test_reads_what_a_plan_writes(tmp_path):
    """The description of a real plan, of a profile with a list of languages as its order."""
    real = make_plan("smoke", tmp_path, changes=["grid.sizes=[2]"])
    folder = real.store.root
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(real.description(), encoding="utf-8")
    found = load(folder)
    assert [cell.name.id for cell in found.cells] == [spec.id for spec in real.specs]
    assert found.plan.sizes == (2,) and found.plan.tasks == real.profile.evaluated().tasks
    [order] = found.plan.orders
    assert {cell.name.order for cell in found.cells} == {order}
    spec = real.specs[-1]
    assert found.plan.group("trained", order, spec.size) == spec.languages
    assert found.plan.group("held-out", order, spec.size) == spec.held_out
    assert found.plan.group("guard", order, spec.size) == spec.guard
    assert "not run" in leaderboard.write(folder)


def test_cell_names():
    name = CellName.parse("contrastive(form=dense)@20#1~mixed", "low")
    assert (name.method, name.size, name.seed, name.order) == ("contrastive(form=dense)", 20, 1, "mixed")
    assert CellName.parse("optical@5#0", "low").order == "low"
    with pytest.raises(BenchError, match="'optical-5' is not a cell id"):
        CellName.parse("optical-5", "low")


@pytest.mark.parametrize("content", [None, "a: [", "name: x\n", "resolved: {orders: {}, cells: []}\n", "resolved: 3\n"])
def test_a_folder_without_a_plan_is_a_clear_error(tmp_path, content):
    if content is not None:
        (tmp_path / "profile.yaml").write_text(content)
    with pytest.raises(BenchError, match="profile"):
        leaderboard.write(tmp_path)


def test_imports_no_torch(made):
    code = (
        "import os, sys; from pathlib import Path; from bench.output.tables import leaderboard; "
        "os.sched_getaffinity = lambda _: {0}; "  # one core: pictures are drawn here, not in a copy of the process
        "assert 'matplotlib' not in sys.modules; "
        f"leaderboard.write(Path({str(made)!r})); "
        "heavy = {'torch', 'transformers', 'faiss', 'matplotlib.pyplot'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_trials_are_linked_and_mixed_machines_are_told(made):
    leaderboard.write(made)
    text = (made / "leaderboard.md").read_text()
    assert "tuning.csv" not in text and "precision" not in text
    (made / "tuning.csv").write_text("arm\n")
    for one in ("optical@2#0", "contrastive@2#0"):
        shutil.rmtree(made / "cells" / one)
    cell(made, "optical@2#0", constant, precision="bf16-mixed")
    leaderboard.write(made)
    text = (made / "leaderboard.md").read_text()
    assert "[tuning.csv](tuning.csv)" in text and "precision" not in text
    cell(made, "contrastive@2#0", constant, precision="32-true")
    leaderboard.write(made)
    text = (made / "leaderboard.md").read_text()
    assert "different hardware or software" in text
    assert "- precision: 32-true (contrastive@2#0), bf16-mixed (optical@2#0)" in text
    for one, torch, machine in (("optical@2#0", "2.4.0", {"accelerator": "NVIDIA H200"}), ("contrastive@2#0", "2.5.1", {})):
        shutil.rmtree(made / "cells" / one)
        made_with = {"versions": {"torch": torch}, "hardware": {"processor": "Xeon", "cores": 2} | machine}
        cell(made, one, constant, precision="32-true", **made_with)
    leaderboard.write(made)
    text = (made / "leaderboard.md").read_text()
    assert "- precision" not in text and "- device: NVIDIA H200 (optical@2#0), Xeon (contrastive@2#0)" in text
    assert "- torch: 2.4.0 (optical@2#0), 2.5.1 (contrastive@2#0)" in text


def test_an_experiment_is_called_by_its_name_its_file_or_its_folder(tmp_path):
    results, file = tmp_path / "results", tmp_path / "own_data.yaml"
    folder = results / "own-data"
    folder.mkdir(parents=True)
    file.write_text("name: own-data\n")
    assert folder_of("own-data", results) == folder_of(str(file), results) == folder_of(str(folder), tmp_path) == folder
    assert folder_of("somewhere/full.yaml", results) == results / "full"


def test_pictures_are_put_whole_and_old_ones_go(tmp_path):
    (drawn := tmp_path / "drawn").mkdir()
    (folder := tmp_path / "folder").mkdir()
    for name in ("scaling-old.svg", "difference.png", "gain.svg", "leaderboard.md"):
        (folder / name).write_text("old")
    (drawn / "gain.svg").write_text("new")
    (drawn / ".gain.svg.12ab.tmp").write_text("half")
    leaderboard._put(drawn, folder)
    assert {file.name: file.read_text() for file in folder.iterdir()} == {"gain.svg": "new", "leaderboard.md": "old"}


def test_tables_say_in_which_languages_questions_were_asked(tmp_path):
    folder = plan(tmp_path / "made-up", [FLOOR, "optical@3#0"], asked=LOW[:2])
    for name in (FLOOR, "optical@3#0"):
        cell(folder, name, lambda *at: constant(*at) if at[3] in LOW[:2] else None)
    text = leaderboard.write(folder)
    assert "Questions are asked in these languages alone (`evaluation.languages`, 2)" in text and ", ".join(LOW[:2]) in text
    assert "Guard languages" not in text, "none is asked"
    assert "Trained languages (the first N of the order, those that are asked)" in text
    assert "(the first 3 of the order, 2 of them asked, trained in every column" in text
    cell(plan(tmp_path / "all", [FLOOR]), FLOOR, constant)
    assert "are asked in" not in leaderboard.write(tmp_path / "all")
