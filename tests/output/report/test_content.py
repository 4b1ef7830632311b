import pandas as pd
import pytest

from bench.analysis.comparison import Comparison, compare
from bench.analysis.results import load
from bench.analysis.verdicts.comparer import Comparer
from bench.analysis.verdicts.gains import by_language, gains
from bench.base.errors import BenchError
from bench.output import paired
from bench.output.report.answer import headline, pairs, verdict
from bench.output.report.content import content
from bench.output.report.embed import FACTOR, scaled
from bench.output.tables import leaderboard
from bench.output.tables.comparison_text import sentence
from tests.made_up import plan
from tests.output.report import made


def test_the_board_is_the_leaderboard(world, found, monkeypatch):
    monkeypatch.setattr(leaderboard, "_draw", lambda *_: None)
    leaderboard.write(world)
    table = pd.read_csv(world / "leaderboard.csv")
    [view] = found["views"]
    board = pd.DataFrame(view["board"])
    assert len(board) == len(table)
    names = [method["name"] for method in found["methods"]]
    assert [names[n] for n in board["method"]] == table["method"].tolist()
    assert [found["tasks"][n] for n in board["task"]] == table["task"].tolist()
    assert [list(found["groups"])[n] for n in board["group"]] == table["group"].tolist()
    assert [found["states"][n] for n in board["state"]] == table["status"].tolist()
    for column in ("ndcg@10", "low", "high", "gap_closed", "recall@100", "worst_tenth"):
        shown = (board[column].astype(float) / FACTOR).tolist()
        assert shown == pytest.approx(table[column].tolist(), abs=6e-5, nan_ok=True), column
    assert board["best"].astype(bool).tolist() == table["ties_best"].tolist()


def test_a_language_has_its_score_gap_and_the_mean_over_its_tasks(found):
    [view] = found["views"]
    codes, tasks, scorers = list(found["languages"]), found["tasks"], found["scorers"]
    names = [method["name"] for method in found["methods"]]
    own = view["by_language"]
    place = {tuple(at): n for n, at in enumerate(own["places"])}
    arm = next(arm for arm in own["arms"] if names[arm["method"]] == "optical" and arm["size"] == 2)
    at = [place[scorers.index("dense"), tasks.index(task), codes.index("swh_Latn")] for task in ("mean", "faq", "symbols")]
    expected = sum(made.score("optical@2#0", "faq", "dense", "swh_Latn")) / 8
    assert [arm["score"][n] for n in at] == [round(1000 * expected)] * 3
    assert arm["gap"][at[0]] == round(100 * (expected - 0.2) / (0.9 - 0.2))
    assert arm["low"][at[1]] < arm["score"][at[1]] < arm["high"][at[1]]
    assert [own["questions"][n] for n in at] == [16, 8, 8]
    assert (scorers.index("dense"), tasks.index("faq"), codes.index("hau_Latn")) not in place, "there is no FAQ in Hausa"


def test_the_answer_is_the_comparison(world, found):
    [view] = found["views"]
    assert [(one["first"], one["second"]) for one in view["compared"]] == [
        ("optical", "contrastive"), ("optical", "nmt"), ("contrastive", "nmt")]  # fmt: skip
    first, second, _ = view["compared"]
    own = compare(load(world), "optical", "contrastive", over_sizes=True)
    assert first["sentence"] == sentence(own).strip("*") and first["notes"] == list(own.notes)
    assert [row["verdict"] for row in first["rows"]] == own.rows["verdict"].tolist()
    assert own.rows["p_holm"].isna().all(), "one run of each"
    assert [row["p_holm"] for row in first["rows"]] == [None] * len(own.rows)
    # By far, but with one run of each and no other arm to say how runs differ.
    assert second["headline"] == "`optical` and `nmt` cannot be told apart" and "nmt@3#0 failed" in second["notes"][0]
    assert "one training run of each, so this is about these runs only" in first["verdict"] and view["gains"]["alone"]
    assert "`nmt` translates with what this experiment has" in second["sentence"] and "translator" not in first["sentence"]
    assert "conditional on these runs" in second["sentence"] and {row["verdict"] for row in second["rows"]} == {"undecided"}


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["undecided"] * 3, "`a` and `b` cannot be told apart"), (["worse"] * 2, "`a` is worse than `b` everywhere"),
        (["equivalent"] * 2, "`a` and `b` are equivalent within .010"),
        (["equivalent", "undecided"], "`a` and `b` cannot be told apart, and equivalent in 1 of 2 comparisons"),
        (["better", "undecided"], "`a` is better than `b` in 1 of 2 comparisons"),
        (["better", "worse", "worse"], "`a` is better than `b` in 1 and worse in 2 of 3 comparisons"),
    ],
)  # fmt: skip
def test_a_headline_says_no_more_than_the_verdicts(verdicts, expected):
    exploratory = pd.DataFrame({"verdict": verdicts, "family": "exploratory", "margin": 0.01})
    assert headline(Comparison("a", "b", exploratory, ())) == expected
    # Where there are primary rows, the others say nothing here.
    both = pd.concat([exploratory.assign(family="primary"), exploratory.assign(verdict="better")])
    assert headline(Comparison("a", "b", both, ())) == expected


def test_cells_say_what_happened_and_what_it_cost(found):
    [view] = found["views"]
    cells = {cell["id"]: cell for cell in view["cells"]}
    assert cells["nmt@3#0"]["state"] == "failed" and cells["nmt@3#0"]["reason"].startswith("ValueError")
    assert cells["optical@3#0"]["warning"].startswith("rank fell") and cells["optical@3#0"]["collapse"][2:4] == [20.0, 50.0]
    assert cells["optical@2#0"]["curve"]["loss"][0] == 1.0 and cells["optical@2#0"]["curve"]["dev"] == [[4, 0.3], [8, 0.3]]
    assert cells["untrained@0#0"]["curve"] is None
    costs = {(found["methods"][one["method"]]["name"], one["size"]): one for one in view["costs"]}
    assert costs["optical", 2]["seconds"] == {"train": 50.0, "total": 60.0} and costs["optical", 2]["memory"] == 2048
    assert found["languages"]["hau_Latn"]["pairs"] == 300 and view["trained_pairs"][2] == {"swh_Latn": 30, "amh_Ethi": 20}


def test_several_experiments_are_views_of_one_page(world, tmp_path):
    other = made.experiment(tmp_path / "other", name="other")
    both = content([load(world), load(other)])[0]
    assert [view["label"] for view in both["views"]] == ["made-up", "other"]
    assert all(view["compared"] for view in both["views"])


def test_an_experiment_is_not_asked_for_methods_of_another(world):
    comparer = Comparer(load(world))
    names = [*comparer.methods, "nmt(pairs=all)"]
    assert "nmt(pairs=all)" not in comparer.methods
    asked = pairs(comparer, names)
    assert asked and asked == pairs(comparer, comparer.methods)
    assert pairs(comparer, ["optical", "nmt(pairs=all)"], asked=True) == []


def rows_of(part, *columns):
    return list(zip(*(part[name] for name in columns), strict=True))


def test_the_first_figures_are_the_gains_and_the_difference(world, found):
    [view], comparer = found["views"], Comparer(load(world))
    names, scorers = [method["name"] for method in found["methods"]], found["scorers"]
    expected = gains(comparer, ["optical", "contrastive", "nmt"])
    assert rows_of(view["gains"], "method", "over", "scorer", "size", "difference", "low", "high") == [
        (names.index(row.first), names.index(row.second), scorers.index(row.scorer), int(row.size),
         *scaled([row.difference, row.low, row.high])) for row in expected.itertuples()
    ]  # fmt: skip
    (first, second), rows = paired.differences(comparer)
    part = view["difference"]
    assert [names[n] for n in part["two"]] == [first, second] == ["optical", "contrastive"] and part["margin"] == 0.01
    assert rows_of(part, "scorer", "size", "difference", "low", "high", "verdict") == [
        (scorers.index(row.scorer), int(row.size), *scaled([row.difference, row.low, row.high]), row.verdict)
        for row in rows.itertuples()
    ]  # fmt: skip
    assert [list(found["groups"])[n] for n in part["group"]] == rows["group"].tolist()


def test_languages_stand_by_family_at_every_size(world, found):
    [view], codes = found["views"], list(found["languages"])
    part = view["families"]
    assert [(title, [name for _, name in own]) for title, own in part["panels"]][0] == (
        "Afroasiatic", ["Amharic (Ethi)", "Hausa (Latn)"]
    )  # fmt: skip
    assert {codes[n] for _, own in part["panels"] for n, _ in own} == set(codes) and set(part["size"]) == {2, 3}
    expected = by_language(Comparer(load(world)), ["optical", "contrastive", "nmt"], [2, 3])
    assert part["difference"] == scaled(expected["difference"])
    assert [codes[n] for n in part["language"]] == expected["language"].tolist()


def test_several_experiments_that_form_a_ladder_have_its_curve(found, ladder):
    assert found["budget"] is None
    assert [view["label"] for view in ladder["views"]] == ["made-up (few)", "made-up (more)"], "two steps of one profile"
    part = ladder["budget"]
    assert set(part["pairs"]) == {300, 1200} and part["recipes"] == ["everything trained"] and part["languages"] == 3
    assert {ladder["methods"][n]["name"] for n in part["method"]} == {"optical", "contrastive"}, "nmt failed at 3"


@pytest.mark.parametrize(
    ("verdicts", "said", "agree"),
    [
        (["undecided"] * 3, "`a` and `b` cannot be told apart", "3 of 3"),
        (["worse", "better", "worse"], "`a` is better than `b`", "1 of 3"),
        (["worse", "equivalent", "equivalent"], "`a` and `b` are equivalent within .010", "2 of 3"),
    ],
)
def test_the_verdict_is_one_sentence_with_its_interval(verdicts, said, agree):
    rows = pd.DataFrame({
        "order": "low", "scorer": ["dense", "late", "late"], "group": ["trained", "trained", "guard"], "size": "2 3",
        "verdict": verdicts, "family": "exploratory", "runs": "own", "margin": 0.01,
        "difference": [0.5, 0.02, 0.6], "low": -0.01, "high": 0.05,
    })  # fmt: skip
    assert verdict(Comparison("a", "b", rows, ())) == (
        f"{said} on the languages trained on (late interaction, mean over N = 2, 3): a difference of +.020 nDCG@10, "
        f"95 % interval -.010 to +.050; {agree} comparisons say the same."
    )
    # Where there are primary rows, it is one of them.
    primary = pd.concat([rows, rows.iloc[2:].assign(family="primary", verdict="equivalent", size="3")], ignore_index=True)
    assert verdict(Comparison("a", "b", primary, ())) == (
        "`a` and `b` are equivalent within .010 on guard languages (late interaction, N = 3): a difference of +.600 nDCG@10, "
        "95 % interval -.010 to +.050."
    )


def test_of_many_methods_few_are_in_colour(tmp_path):
    many = tuple(f"m{n}" for n in range(9))
    found = content([load(made.experiment(tmp_path / "many", many))])[0]
    shown = [method["name"] for method in found["methods"] if method["shown"]]
    assert {"english", "untrained", *made.METHODS} <= set(shown) and len(shown) == 7
    asked = content([load(tmp_path / "many")], ("m1", "m2"))[0]
    assert [method["name"] for method in asked["methods"] if method["shown"]] == ["english", "m1", "m2", "untrained"]
    assert [(one["first"], one["second"]) for one in asked["views"][0]["compared"]] == [("m1", "m2")]


def test_mistakes_are_explained(world, tmp_path):
    with pytest.raises(BenchError, match="did you mean 'optical'"):
        content([load(world)], ("optcal",))
    plan(tmp_path / "empty", ["untrained@0#0", "optical@2#0"])
    with pytest.raises(BenchError, match="no cell of .* has a result") as error:
        content([load(tmp_path / "empty")])
    assert "bench run --profile made-up" in error.value.hint
