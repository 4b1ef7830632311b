import shutil
import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from bench.analysis.arms import scores_of
from bench.analysis.comparison import Comparer, compare
from bench.analysis.results import load
from bench.analysis.statistics import holm
from bench.analysis.verdicts.left_out import LeftOut
from bench.base.errors import BenchError
from bench.cli import main
from bench.output.tables.comparison_text import remark, sentence, text
from tests.cli.test_app import bench, loaded
from tests.made_up import GUARD, LOW, QUESTIONS, cell, plan

FLOOR, CEILING = "untrained@0#0", "english@0#0"
SEEDS = (0, 1, 2)
IDS = (FLOOR, CEILING, *(f"{m}@{size}#{seed}" for size in (2, 3) for m in ("optical", "contrastive") for seed in SEEDS))


def noisy(cell_id, task, scorer, language):
    """Questions differ by task and language; contrastive answers each a bit better, optical half of them a bit worse."""
    method = cell_id.split("@")[0]
    random = np.random.default_rng([len(task), len(scorer), 0 if task == "faq" else (*LOW, *GUARD).index(language)])
    base = 0.2 + 0.5 * random.random(QUESTIONS)
    gain = {"untrained": 0, "english": 0.3, "optical": 0.02, "contrastive": 0.05}[method]
    own = random.random(QUESTIONS) * gain
    return (base + (own if method != "optical" else np.where(np.arange(QUESTIONS) % 2, own, -own))).round(6).tolist()


@pytest.fixture
def made(tmp_path):
    folder = plan(tmp_path / "made-up", IDS)
    for name in IDS:
        cell(folder, name, noisy)
    return folder


def again(folder, arm, score):
    """Other scores for all seeds of an arm, such as `optical@3`."""
    for seed in SEEDS:
        shutil.rmtree(folder / "cells" / f"{arm}#{seed}", ignore_errors=True)
        cell(folder, f"{arm}#{seed}", score)


def t_test(mean, variances, units):
    """Two-sided p-value of a mean over tasks, by hand (Satterthwaite), from the variance and the number of units of each task."""
    df = sum(variances) ** 2 / sum(v**2 / (n - 1) for v, n in zip(variances, units, strict=True))
    return 2 * stats.t.sf(abs(mean) / np.sqrt(sum(variances)), df)


def one(found, **where):
    rows = found.rows
    for column, value in ({"scorer": "dense", "group": "trained"} | where).items():
        rows = rows[rows[column] == str(value)]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def test_difference_interval_and_p_by_hand(made):
    found = compare(load(made), "contrastive", "optical")
    row = one(found, size=3)
    expected, units = [], {}
    for task, languages in {"symbols": LOW[:3], "faq": ("swh_Latn", "amh_Ethi")}.items():
        pairs = {code: [noisy(f"{name}@3#0", task, "dense", code) for name in ("contrastive", "optical")] for code in languages}
        gaps = {code: np.subtract(*pair) for code, pair in pairs.items()}
        expected.append(np.mean([gap.mean() for gap in gaps.values()]))
        for code, gap in gaps.items():
            for number, value in enumerate(gap):
                key = (task, "" if task == "faq" else code, number)
                units[key] = units.get(key, 0) + value / (2 * len(languages) * QUESTIONS)
    assert row["difference"] == pytest.approx(np.mean(expected), abs=1e-5)
    assert row["units"] == len(units) == 3 * QUESTIONS + QUESTIONS  # the FAQ asks the same questions in both languages
    # Languages are no sample: where they ask questions of their own, each has its own mean.
    faq = [value for key, value in units.items() if key[0] == "faq"]
    symbols = np.array([value for key, value in units.items() if key[0] == "symbols"]).reshape(3, QUESTIONS)
    variances = [QUESTIONS * symbols.var(axis=1, ddof=1).sum(), QUESTIONS * np.var(faq, ddof=1)]
    assert row["p"] == pytest.approx(t_test(np.mean(expected), variances, [3 * QUESTIONS, QUESTIONS]), rel=1e-3)
    assert row["low"] < row["difference"] < row["high"] and row["low"] > 0
    assert (row["runs"], row["run_se"]) == ("own", pytest.approx(0, abs=1e-6)) and row["se"] == pytest.approx(row["question_se"])
    assert (row["languages"], row["places"], row["questions"]) == (3, 5, 5 * QUESTIONS)
    np.testing.assert_allclose(found.rows["p_holm"], holm(found.rows["p"]))


def test_what_would_be_found_is_said_alone_and_by_the_strictest_step_of_the_correction(made):
    rows = compare(load(made), "optical", "contrastive").rows
    assert len(rows) > 2 and (rows["smallest_corrected"] > rows["smallest"]).all()
    row = one(compare(load(made), "optical", "contrastive"), scorer="dense", group="trained", size=2)
    # Runs of made-up seeds differ by nothing, so both are sums of two quantiles of one t distribution, times the standard error.
    strict, plain = (sum(stats.t.ppf([1 - level / 2, 0.8], row["df"])) for level in (0.05 / len(rows), 0.05))
    assert row["smallest_corrected"] / row["smallest"] == pytest.approx(strict / plain, rel=0.01)


def test_a_translator_made_here_is_no_translation_as_such(made):
    assert remark("optical", "nmt").startswith("`nmt` translates with what this experiment has")
    assert remark("nmt", "lexical(lexicon=gatitos)").startswith("`nmt` and `lexical(lexicon=gatitos)` translate with")
    assert remark("optical", "nmt(model=m)") == remark("optical", "contrastive") == ""


def test_the_other_way_round_is_the_mirror_image(made):
    one_way, other = compare(load(made), "optical", "contrastive").rows, compare(load(made), "contrastive", "optical").rows
    np.testing.assert_allclose(one_way["difference"], -other["difference"])
    np.testing.assert_allclose(one_way["low"], -other["high"])
    assert list(one_way["p"]) == list(other["p"]) and list(one_way["first_beats"]) == list(other["second_beats"])
    assert list(one_way["ahead"]) == list(other["behind"])
    assert set(one_way["verdict"]) == {"worse"} and set(other["verdict"]) == {"better"}


def test_the_same_answers_are_equivalent_and_ties_are_counted(made):
    for size in (2, 3):
        again(made, f"optical@{size}", lambda cell_id, *at: noisy("contrastive@0#0", *at))
    found = compare(load(made), "optical", "contrastive")
    row = one(found, size=2)
    assert (row["p"], row["difference"], row["verdict"], row["smallest"]) == (1.0, 0.0, "equivalent", 0.0)
    assert row["questions_tied"] == row["questions"] and row["level"] == row["languages"] == 2
    assert row["first_beats"] == row["second_beats"] == 0 and row["first_beats_in"] == ""
    assert "100 %" in text(found) and "equivalent within .010 in all 14 (differences +.000" in sentence(found)


def test_in_how_many_languages_and_in_which(made):
    """Contrastive is better by far in Amharic, worse in Swahili, and in Hausa now this and now that."""
    sign = {"amh_Ethi": 0.2, "swh_Latn": -0.1, "hau_Latn": np.array([0.12, -0.1] * (QUESTIONS // 2))}
    again(made, "contrastive@3", lambda _, *at: (np.array(noisy("optical@3#0", *at)) + sign.get(at[2], 0.0)).tolist())
    row = one(compare(load(made), "contrastive", "optical"), size=3)
    assert (row["ahead"], row["behind"], row["level"]) == (2, 1, 0)
    assert (row["first_beats"], row["first_beats_in"]) == (1, "amh_Ethi")
    assert (row["second_beats"], row["second_beats_in"]) == (1, "swh_Latn")


def test_a_language_that_one_lacks_is_left_out_and_told(made):
    again(made, "optical@3", lambda *at: None if at[1::2] == ("faq", "amh_Ethi") else noisy(*at))
    found = compare(load(made), "optical", "contrastive")
    row = one(found, size=3)
    assert (row["languages"], row["places"], row["places_declared"]) == (3, 4, 5)
    assert any("faq: not asked of both: 1 of 2 languages in dense trained N = 3 (amh_Ethi)" in note for note in found.notes)
    assert "(4 of 5 places)" in text(found) and "4 of them stand on fewer languages or tasks than declared" in sentence(found)
    # What is left is compared on the same languages: the mean of the other method moves with it.
    faq = np.mean(noisy("contrastive@3#0", "faq", "dense", "swh_Latn"))
    symbols = np.mean([np.mean(noisy("contrastive@3#0", "symbols", "dense", code)) for code in LOW[:3]])
    assert row["second_mean"] == pytest.approx((faq + symbols) / 2, abs=1e-5)


def test_a_question_that_one_lacks_takes_its_language_out(made):
    place = ("symbols", "late", "swh_Latn")
    again(made, "optical@2", lambda *at: noisy(*at)[:-1] if at[1:] == place else noisy(*at))
    found = compare(load(made), "optical", "contrastive")
    assert one(found, size=2, scorer="late")["places"] == 3 and one(found, size=2)["places"] == 4
    assert any("have not answered the same questions: 1 of 2 languages in late trained N = 2" in note for note in found.notes)


def test_the_ceiling_asks_other_questions_where_a_task_is_not_parallel(made):
    found = compare(load(made), "optical", "english")
    row = one(found, size=3)
    assert row["tasks"] == "faq" and (row["places"], row["places_declared"]) == (2, 5)
    assert any(note.startswith("symbols: they have not answered the same questions: all languages") for note in found.notes)


def test_missing_cells_are_named(made):
    for seed in SEEDS:
        shutil.rmtree(made / "cells" / f"optical@3#{seed}")
    found = compare(load(made), "optical", "contrastive")
    assert set(found.rows["size"]) == {"2"}
    assert any("optical@3#2 missing, so there is no comparison at N = 3" in note for note in found.notes)
    with pytest.raises(BenchError, match="nothing to compare.*optical@3#0 missing"):
        compare(load(made), "optical", "contrastive", sizes=[3])


def test_over_sizes_the_spread_over_seeds_is_that_of_the_sizes_with_several(tmp_path):
    several = [f"{method}@2#{seed}" for method in ("optical", "contrastive") for seed in (0, 1)]
    ids = [FLOOR, *several, "optical@3#0", "contrastive@3#0"]
    folder = plan(tmp_path / "x", ids)
    for name in ids:
        cell(folder, name, noisy)
    found = compare(load(folder), "optical", "contrastive", groups=["trained"], scorers=["dense"], over_sizes=True)
    alone = one(compare(load(folder), "optical", "contrastive", sizes=[2], groups=["trained"], scorers=["dense"]))
    [row] = found.rows.to_dict("records")
    assert (row["size"], row["seed_sizes"], row["seeds"]) == ("2 3", "2", 2)
    assert row["seed_sd"] == pytest.approx(alone["seed_sd"]) and row["difference"] != pytest.approx(alone["difference"])
    assert "measured at N = 2, other sizes have one seed" in sentence(found)
    assert "measured at" not in sentence(compare(load(folder), "optical", "contrastive", sizes=[2]))


def test_rounding_of_stored_scores_is_no_difference(tmp_path):
    ids = [FLOOR, *(f"optical@2#{seed}" for seed in range(3)), "contrastive@2#0"]
    folder = plan(tmp_path / "x", ids)

    def same(cell_id, *at):  # equal but for the seventh decimal
        return (np.array(noisy("untrained@0#0", *at)) + (4e-7 if cell_id.startswith("optical") else 0)).tolist()

    for name in ids:
        cell(folder, name, same)
    found = compare(load(folder), "optical", "untrained", sizes=[2])
    assert set(found.rows["verdict"]) == {"equivalent"} and (found.rows["p"] == 1).all()


def test_only_seeds_that_both_have_count(tmp_path):
    ids = [FLOOR, *(f"{method}@2#{seed}" for method in ("optical", "contrastive") for seed in range(3))]
    folder = plan(tmp_path / "x", ids)

    def shifted(cell_id, *at):
        return (np.array(noisy(cell_id, *at)) + 0.02 * int(cell_id[-1])).tolist()

    for name in ids:
        if name != "optical@2#2":
            cell(folder, name, shifted)
    found = compare(load(folder), "optical", "contrastive")
    row = one(found, size=2)
    assert row["seeds"] == 2 and row["seed_sd"] == pytest.approx(0, abs=1e-5)
    assert any("left out, because the other method has no result with that seed: contrastive@2#2" in n for n in found.notes)
    assert any("1 of 3 cells have no result: optical@2#2 missing" in n for n in found.notes)
    cell(folder, "optical@2#2", shifted)
    whole = one(compare(load(folder), "optical", "contrastive"), size=2)
    assert whole["difference"] == pytest.approx(row["difference"], abs=1e-5)  # all seeds are shifted alike
    assert whole["seeds"] == 3 and whole["second_mean"] == pytest.approx(row["second_mean"] + 0.01, abs=1e-5)
    again_found = compare(load(folder), "optical", "contrastive")
    assert "one seed" not in sentence(again_found) and "| 3 (sd .000, 0 ahead) |" in text(again_found)


def one_seed(folder, others=()):
    """An experiment in which contrastive is better by far, with one seed of the two, and `others`."""
    ids = [FLOOR, *(f"{method}@2#0" for method in ("optical", "contrastive")), *others]
    plan(folder, ids)

    def moved(cell_id, *at):
        method, seed = cell_id.split("@")[0], int(cell_id[-1])
        run = 0.004 * np.random.default_rng([seed, len(method)]).normal()
        return (np.array(noisy(f"{method if method in ('optical', 'contrastive') else 'untrained'}@2#0", *at)) + run).tolist()

    for name in ids:
        cell(folder, name, moved)
    return load(folder)


def test_one_seed_alone_is_about_these_runs_and_never_significant(tmp_path):
    found = compare(one_seed(tmp_path / "x"), "optical", "contrastive")
    assert set(found.rows["verdict"]) == {"undecided"} and set(found.rows["runs"]) == {"unknown"}
    assert found.rows["p"].isna().all() and found.rows["run_se"].isna().all() and (found.rows["high"] < 0).any()
    assert (found.rows["first_beats"] == 0).all() and (found.rows["second_beats"] == 0).all()
    assert "conditional on these runs" in sentence(found) and "undecided (these runs only)" in text(found)


@pytest.mark.parametrize(("lenders", "runs"), [(("mimo",), "unknown"), (("mimo", "clear", "score_kl"), "borrowed")])
def test_one_seed_borrows_the_noise_of_arms_with_several(tmp_path, lenders, runs):
    """A single other arm says nothing of a difference of two."""
    experiment = one_seed(tmp_path / "x", [f"{method}@2#{seed}" for method in lenders for seed in range(3)])
    row = one(compare(experiment, "optical", "contrastive"))
    assert row["runs"] == runs
    if runs == "borrowed":
        assert 0.001 < row["run_se"] < 0.02 and row["se"] > row["question_se"] and row["df"] < 40
        assert row["se"] ** 2 == pytest.approx(row["question_se"] ** 2 + row["run_se"] ** 2)


def declaring(folder, *primary):
    """An experiment that declares these pairs as primary, over sizes, in trained and in guard languages."""
    plan(folder, IDS, comparison={"primary": [list(primary[0])], "groups": ["trained", "guard"]})
    content = yaml.safe_load((folder / "profile.yaml").read_text())
    content["resolved"]["primary"] = [list(pair) for pair in primary]
    (folder / "profile.yaml").write_text(yaml.safe_dump(content))
    for name in IDS:
        cell(folder, name, noisy)
    return folder


def test_primary_rows_are_corrected_over_all_that_are_declared(tmp_path):
    folder = declaring(tmp_path / "x", ("contrastive", "optical"), ("optical", "untrained"))
    found = compare(load(folder), "optical", "contrastive")
    primary = found.rows[found.rows["family"] == "primary"]
    assert primary[["scorer", "group", "size"]].values.tolist() == [
        [scorer, group, "2 3"] for scorer in ("dense", "late") for group in ("trained", "guard")
    ]
    assert found.primary == 8, "four rows of each of the two pairs"
    exploratory = found.rows[found.rows["family"] == "exploratory"]
    assert exploratory["p_holm"].tolist() == holm(exploratory["p"]).tolist() and len(exploratory) == 14
    both = Comparer(load(folder)).primary()
    assert sorted(primary["p_holm"]) == sorted(both["p_holm"][:4]) and both["p_holm"].tolist() == holm(both["p"]).tolist()
    # The pair was declared the other way round: the row is the mirror image.
    np.testing.assert_allclose(primary["difference"].to_numpy(), -both["difference"][:4].to_numpy())
    assert set(primary["verdict"]) == {"worse"} and set(both["verdict"][:4]) == {"better"}
    assert "Of 4 primary comparisons, `optical` against `contrastive` is worse in 4" in sentence(found)
    assert "**Primary: declared in the profile**" in text(found) and "all 8 primary tests" in text(found)
    # Whoever asks for a part gets that part, with the correction of the whole.
    part = compare(load(folder), "optical", "contrastive", scorers=["late"], groups=["guard"], over_sizes=True).rows
    assert part["family"].tolist() == ["primary"]
    assert set(compare(load(folder), "optical", "contrastive", tasks=["faq"]).rows["family"]) == {"exploratory"}


def test_a_difference_below_the_margin_is_marked_and_the_margin_is_the_profiles(tmp_path):
    folder = plan(tmp_path / "x", IDS, comparison={"margin": 0.05})
    for name in IDS:
        cell(folder, name, noisy)
    row = one(compare(load(folder), "contrastive", "optical", groups=["guard"], sizes=[2], scorers=["dense"]), group="guard")
    assert row["verdict"] == "better" and row["margin"] == 0.05 and row["within_margin"]
    wide = compare(load(folder), "contrastive", "optical", margin=0.001)
    assert not wide.rows["within_margin"].any() and "(below .050)" in text(compare(load(folder), "contrastive", "optical"))


def test_languages_with_too_few_questions_are_left_out_and_listed(tmp_path):
    folder = plan(tmp_path / "x", IDS, evaluation={"min_questions": QUESTIONS})
    few = ("faq", "amh_Ethi")
    for name in IDS:
        cell(folder, name, lambda *at: noisy(*at)[:3] if at[1::2] == few else noisy(*at))
    found = compare(load(folder), "optical", "contrastive")
    assert one(found, size=3)["places"] == one(found, size=3)["places_declared"] == 4
    assert "faq: too few questions to count in its mean: amh_Ethi 3" in found.notes


def test_sizes_scorers_tasks_and_groups_can_be_chosen(made):
    chosen = {"sizes": [2], "scorers": ["late"], "tasks": ["faq"], "groups": ["core", "guard"]}
    rows = compare(load(made), "optical", "contrastive", **chosen).rows
    assert rows[["scorer", "group", "size", "tasks"]].drop_duplicates().values.tolist() == [
        ["late", "core", "2", "faq"], ["late", "guard", "2", "faq"],
    ]  # fmt: skip


VERDICT = ["family", "p_holm", "p_equivalent_holm", "within_margin", "smallest_corrected", "verdict"]


@pytest.mark.parametrize("picked", [
    {"sizes": [2]}, {"scorers": ["late"]}, {"groups": ["guard"]}, {"groups": ["core"]}, {"groups": ["core"], "sizes": [2]},
    {"groups": ["guard"], "tasks": ["faq"]}, {"tasks": ["symbols", "faq"]}, {"tasks": ["symbols", "faq"], "groups": ["guard"]},
])  # fmt: skip
@pytest.mark.parametrize("primary", [(), ("contrastive", "optical")])
def test_a_row_has_the_same_verdict_however_little_is_looked_at(tmp_path, made, picked, primary):
    """Else whoever asks for less would find more."""
    folder = declaring(tmp_path / "x", primary) if primary else made
    estimand = {"tasks": picked["tasks"]} if len(picked.get("tasks", ())) == 1 else {}
    part, whole = (compare(load(folder), "optical", "contrastive", **chosen).rows for chosen in (picked, estimand))
    exploratory = whole[whole["family"] == "exploratory"]
    assert exploratory["p_holm"].tolist() == holm(exploratory["p"]).tolist()
    assert 0 < len(part) and (len(part) < len(whole) or picked == {"tasks": ["symbols", "faq"]})
    # The core languages are the trained ones at the smallest size.
    is_trained = (part["group"] == "core") & (part["size"] == "2")
    expected = part.assign(group=part["group"].mask(is_trained, "trained"))[["scorer", "group", "size"]]
    expected = expected.merge(whole, how="left", on=["scorer", "group", "size"])
    assert is_trained.any() == ("core" in picked.get("groups", ()))
    pd.testing.assert_frame_equal(part[["p", "se", *VERDICT]], expected[["p", "se", *VERDICT]])


def test_a_mean_over_one_size_has_the_verdict_of_that_size(tmp_path):
    """As of held-out languages, which are none at the largest size."""
    made = plan(tmp_path / "x", ids := [name.replace("@3", f"@{len(LOW)}") for name in IDS])
    for name in ids:
        cell(made, name, noisy)
    plain, means = (compare(load(made), "optical", "contrastive", over_sizes=over).rows for over in (False, True))
    single = means[~means["size"].str.contains(" ")].reset_index(drop=True)
    assert set(single["group"]) == {"held-out"} and len(means) > len(single)
    expected = single[["scorer", "group", "size"]].merge(plain, how="left", on=["scorer", "group", "size"])
    pd.testing.assert_frame_equal(single[VERDICT], expected[VERDICT])
    one_row = {"groups": ["held-out"], "scorers": ["late"]}
    for picked in ({"groups": ["guard"]}, {"scorers": ["late"]}, {"sizes": [2, len(LOW)]}, one_row):
        part = compare(load(made), "optical", "contrastive", over_sizes=True, **picked).rows
        expected = part[["scorer", "group", "size"]].merge(means, how="left", on=["scorer", "group", "size"])
        pd.testing.assert_frame_equal(part[VERDICT], expected[VERDICT])


def test_methods_without_a_common_scorer_are_not_compared_and_it_is_said(made):
    words = "lexical(form=structured)"
    plan(made, [*IDS, f"{words}@2#0", f"{words}@3#0"])
    for size in (2, 3):
        cell(made, f"{words}@{size}#0", lambda cell_id, *at: noisy("optical@2#0", *at))
    with pytest.raises(BenchError, match="structured.* is scored with sparse and optical is scored with dense, late"):
        compare(load(made), words, "optical")
    with pytest.raises(BenchError, match="with the scorer sparse: english is scored with dense, late, sparse and optical"):
        compare(load(made), "english", "optical", scorers=["sparse"])
    found = compare(load(made), words, "untrained")
    assert set(found.rows["scorer"]) == {"sparse"} and "dense: only untrained is scored with it" in found.notes
    assert "sparse: only english is scored with it" in compare(load(made), "english", "optical").notes
    assert not any("scored" in note for note in compare(load(made), "contrastive", "optical").notes)


def test_the_mean_over_sizes_is_one_test(made):
    found = compare(load(made), "optical", "contrastive", over_sizes=True)
    assert found.rows[["scorer", "group", "size"]].values.tolist() == [
        [scorer, group, "2 3"] for scorer in ("dense", "late") for group in ("trained", "core", "held-out", "guard")
    ]
    single = compare(load(made), "optical", "contrastive").rows
    single = single[(single["scorer"] == "dense") & (single["group"] == "trained")]
    row = one(found)
    assert row["difference"] == pytest.approx(single["difference"].mean(), abs=1e-6)
    # Swahili and Amharic are asked at both sizes, Hausa (no FAQ) at one: three languages' symbols, one FAQ.
    assert row["units"] == 4 * QUESTIONS and (row["places"], row["languages"]) == (9, 3)
    assert "| mean of 2 3 |" in text(found)


def test_both_sizes_of_a_question_flip_together(made):
    """The same answers at both sizes: no surer than one of them."""
    for method in ("optical", "contrastive"):
        for size in (2, 3):
            again(made, f"{method}@{size}", lambda cell_id, *at: noisy(cell_id.split("@")[0] + "@2#0", *at))
    both = one(compare(load(made), "optical", "contrastive", groups=["guard"], over_sizes=True), group="guard")
    single = one(compare(load(made), "optical", "contrastive", groups=["guard"], sizes=[2]), group="guard")
    assert both["p"] == single["p"] and both["units"] == single["units"]
    assert (both["low"], both["high"]) == pytest.approx((single["low"], single["high"]), abs=1e-6)


def test_core_has_no_row_where_it_is_the_trained_group(made):
    rows = compare(load(made), "optical", "contrastive").rows
    assert set(rows[rows["group"] == "core"]["size"]) == {"3"} and set(rows[rows["group"] == "trained"]["size"]) == {"2", "3"}
    assert set(compare(load(made), "optical", "contrastive", groups=["core"]).rows["size"]) == {"2", "3"}


def test_orders_have_rows_of_their_own(tmp_path):
    ids = [f"{method}@1#0{order}" for method in ("optical", "contrastive") for order in ("", "~other")]
    folder = plan(tmp_path / "x", ids, {"low": LOW, "other": ("hau_Latn", "swh_Latn")})
    for name in ids:
        cell(folder, name, noisy)
    found = compare(load(folder), "optical", "contrastive")
    assert set(found.rows["order"]) == {"low", "other"}
    assert "other, dense, trained" in text(found)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("optcal", "contrastive"), "did you mean 'optical'"),
        (("optical", "optical"), "compared with itself"),
        (("optical", "contrastive", "--size", "20"), "allowed: 2, 3"),
        (("optical", "contrastive", "--scorer", "lat"), "did you mean 'late'"),
        (("optical", "contrastive", "--task", "symbol"), "did you mean 'symbols'"),
        (("optical", "contrastive", "--group", "heldout"), "did you mean 'held-out'"),
        (("optical", "contrastive", "-p", "nowhere"), "holds no experiment"),
    ],
)
def test_mistakes_are_one_message(made, monkeypatch, capsys, options, expected):
    monkeypatch.delenv("XLSD_DEBUG", raising=False)
    monkeypatch.setattr(sys, "argv", ["bench", "compare", "-p", "made-up", "--results", str(made.parent), *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and expected in said


def test_the_command_prints_the_table_and_writes_the_numbers(made, tmp_path):
    done = bench(
        "compare", "contrastive", "optical", "-p", "made-up", "--results", str(made.parent), "--csv", str(tmp_path / "c.csv")
    )
    assert done.returncode == 0, done.stderr
    assert loaded(done) == []
    assert "# contrastive against optical" in done.stdout and "| dense, trained" in done.stdout
    last = [line for line in done.stdout.splitlines() if line.strip()][-2]
    assert last.startswith("**Of 14 comparisons, `contrastive` against `optical` is better in 14 (everywhere; by .0")
    rows = pd.read_csv(tmp_path / "c.csv")
    assert len(rows) == 14 and rows["difference"].gt(0).all() and rows["first_beats_in"].str.contains("_").any()


def test_adding_a_cell_moves_no_number(made):
    before = compare(load(made), "optical", "contrastive").rows
    ids = [*IDS, "nmt@2#0"]
    plan(made, ids)
    cell(made, "nmt@2#0", lambda cell_id, *at: noisy("untrained@0#0", *at))
    pd.testing.assert_frame_equal(before, compare(load(made), "optical", "contrastive").rows)


def test_a_comparison_may_be_declared_for_the_scorers_of_another_space(tmp_path):
    """`dense_own` is the scorer dense in the space of languages' own means: every method that has the one has the other."""
    declared = {"primary": [["optical", "contrastive"]], "groups": ["trained"], "scorers": ["dense_own"]}
    folder = plan(tmp_path / "x", IDS, comparison=declared)
    content = yaml.safe_load((folder / "profile.yaml").read_text())
    content["resolved"]["primary"] = declared["primary"]
    (folder / "profile.yaml").write_text(yaml.safe_dump(content))
    for name in IDS:
        place = cell(folder, name, noisy)
        for file, read, write in (
            ("per_query.parquet", pd.read_parquet, pd.DataFrame.to_parquet), ("metrics.csv", pd.read_csv, pd.DataFrame.to_csv)
        ):  # fmt: skip
            known = read(place / file)
            own = known[known["scorer"] == "dense"].assign(scorer="dense_own")
            write(pd.concat([known, own], ignore_index=True), place / file, index=False)
    comparer = Comparer(load(folder))
    assert set(comparer.primary()["scorer"]) == {"dense_own"}
    assert set(compare(load(folder), "optical", "contrastive").rows["scorer"]) == {"dense", "dense_own", "late"}


def test_scores_of_the_same_cells_are_worked_out_once(made):
    experiment = load(made)
    cells = list(experiment.cells)
    everything = scores_of(experiment, cells)
    assert scores_of(experiment, tuple(cells)) is everything and scores_of(load(made), cells) is not everything
    order = next(iter(experiment.plan.orders))
    assert Comparer(experiment).scores(order, "optical", "contrastive", LeftOut(), ()) is everything
    assert scores_of(experiment, cells[:-1]) is not everything
    others = [cell for cell in cells if cell.name.method != "optical"]
    assert len(scores_of(experiment, others).methods) == len(everything.methods) - 1
