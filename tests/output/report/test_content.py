import pandas as pd
import pytest

from bench.analysis.comparison import Comparison, compare
from bench.analysis.results import load
from bench.analysis.verdicts.comparer import Comparer
from bench.analysis.verdicts.gains import by_language, gains
from bench.base.errors import BenchError
from bench.output import paired
from bench.output.report.answer import headline, verdict
from bench.output.report.content import content
from bench.output.report.embed import FACTOR, scaled
from bench.output.tables import leaderboard
from bench.output.tables.comparison_text import sentence
from tests.made_up import plan
from tests.output.report import made


def test_the_board_is_the_leaderboard(world, found, monkeypatch):
    monkeypatch.setattr(leaderboard, "_pictures", lambda *_: None)
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
    assert [row["p_holm"] for row in first["rows"]] == pytest.approx(own.rows["p_holm"].tolist(), abs=1e-5)
    # By far, but with one run of each and no other arm to say how runs differ.
    assert second["headline"] == "`optical` and `nmt` cannot be told apart" and "nmt@3#0 failed" in second["notes"][0]
    assert "conditional on these runs" in second["sentence"] and {row["verdict"] for row in second["rows"]} == {"undecided"}


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["undecided"] * 3, ("`a` and `b` cannot be told apart", "3 of 3")),
        (["worse", "better", "worse"], ("`a` is better than `b`", "1 of 3")),
        (["worse", "equivalent", "equivalent"], ("`a` and `b` are equivalent within .010", "2 of 3")),
    ],
)  # fmt: skip
def test_the_verdict_is_one_sentence_with_its_interval(verdicts, expected):
    rows = pd.DataFrame({
        "order": "low", "scorer": ["dense", "late", "late"], "group": ["trained", "trained", "guard"], "size": "2 3",
        "verdict": verdicts, "family": "exploratory", "margin": 0.01, "difference": [0.5, 0.02, 0.6], "low": -0.01, "high": 0.05,
    })  # fmt: skip
    said, agree = expected
    assert verdict(Comparison("a", "b", rows, ())) == (
        f"{said} on the languages trained on (late interaction, mean over N = 2, 3): a difference of +.020 nDCG@10, 95 % interval "
        f"-.010 to +.050; {agree} comparisons say the same."
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
