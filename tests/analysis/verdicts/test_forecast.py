from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.analysis.verdicts import components, decide, forecast, student, variance
from bench.analysis.verdicts.decide import smallest_difference
from bench.analysis.verdicts.forecast import Asked, Runs
from bench.analysis.verdicts.variance import Variance

STORED = tuple(
    {"task": task, "scorer": "dense", "parallel": task == "faq", "entries": entries, "question": 0.002, "language": 0.02,
     "run": 1e-5, "run_language": 2e-4, "questions": 40.0, "coverage": 0.5, "source": "x"}
    for task, entries in (("faq", np.nan), ("symbols", 500.0))
)  # fmt: skip
FAQ = Asked("faq", 100, 10)


@pytest.fixture(autouse=True)
def variances(monkeypatch):
    monkeypatch.setattr(forecast, "stored", lambda: STORED)


def test_by_hand():
    questions, runs = 0.002 / 100 + 0.02 / 1000, (1e-5 + 2e-4 / 10) / 3
    parts = [Variance(np.array([questions]), np.array([99.0])), Variance(np.array([runs]), np.array([2.0]))]
    found = forecast.smallest([([FAQ], Runs(3, 0))], "dense")
    assert found == pytest.approx(float(smallest_difference(parts)[0]))
    corrected = forecast.smallest([([FAQ], Runs(3, 0))], "dense", tests=8)
    assert corrected == pytest.approx(float(smallest_difference(parts, 0.05 / 8)[0])) and corrected > found


def test_more_of_anything_finds_more():
    base = forecast.smallest([([FAQ], Runs(3, 4))], "dense")
    for asked, runs in ((replace(FAQ, questions=400), Runs(3, 4)), (replace(FAQ, languages=50), Runs(3, 4)), (FAQ, Runs(5, 4))):
        assert forecast.smallest([([asked], runs)], "dense") < base
    assert forecast.smallest([([FAQ], Runs(3, 0))], "dense") > base, "nobody to learn the noise from"
    three = forecast.smallest([([FAQ], Runs(3, 4))] * 3, "dense")
    noise_alone = forecast.smallest([([replace(FAQ, questions=10**6)], Runs(3, 4))] * 3, "dense")
    assert noise_alone < three < base, "sizes bring runs, not questions"


def test_one_seed_alone_finds_nothing():
    assert np.isnan(forecast.smallest([([FAQ], Runs(1, 0))], "dense"))
    assert forecast.smallest([([FAQ], Runs(1, 4))], "dense") > forecast.smallest([([FAQ], Runs(3, 4))], "dense")


def test_questions_that_ask_for_the_same_entry_count_less():
    few, many = (forecast.of_questions(Asked("symbols", 400, n), "dense")[0] for n in (1, 50))
    assert few == pytest.approx((0.002 + 0.02) / 400)
    # With fifty languages it is the 500 entries that limit, no longer the 20,000 questions.
    assert many == pytest.approx(0.02 / 20_000 + 0.002 * (1 / 20_000 + 0.98 / 500))


def test_a_task_or_scorer_that_is_not_stored_is_taken_for_its_kind():
    assert forecast.row_of("belebele", "late")["question"] == 0.002 and not forecast.known("belebele")
    fewest = min(row["questions"] for row in forecast.stored() if row["parallel"])
    assert forecast.row_of("belebele", "late")["questions"] == fewest
    assert np.isnan(forecast.row_of("belebele", "late")["entries"]) and forecast.known("faq")


def test_variances_of_runs_are_found_again():
    random = np.random.default_rng(0)
    arms, seeds, languages = 6, 40, 12
    shared, run = 0.02 * random.normal(size=(seeds, 1)), 0.004 * random.normal(size=(arms, seeds, 1))
    values = 0.3 + shared + run + 0.01 * random.normal(size=(arms, seeds, languages))
    rows = [
        (f"m{a}", s, f"l{n}", "faq", "dense", 20, "trained", values[a, s, n])
        for a in range(arms) for s in range(seeds) for n in range(languages)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["method", "seed", "language", "task", "scorer", "size", "group", "ndcg@10"])
    [found] = components.of_runs(table, [f"m{a}" for a in range(arms)]).to_dict("records")
    assert found["run"] == pytest.approx(2 * 0.004**2, rel=0.2) and found["run_language"] == pytest.approx(2 * 0.01**2, rel=0.1)


@pytest.mark.parametrize("df", [1, 2, 3.7, 10, 60, 900, 1e4])
def test_the_t_distribution_agrees_with_scipys(df):
    for t in (0.01, 0.5, 1, 2, 4, 12):
        assert student.beyond(t, df) == pytest.approx(stats.t.sf(t, df), rel=1e-8, abs=1e-12)


def test_constants_are_those_of_the_verdicts():
    assert (forecast.LEVEL, forecast.POWER, forecast.PRIOR) == (decide.LEVEL, decide.POWER, variance.PRIOR)


def test_the_shipped_file_is_whole():
    shipped = pd.read_csv(forecast.FILE, comment="#")
    assert tuple(shipped.columns) == components.COLUMNS and (shipped["source"].str.len() > 5).all()
    assert not shipped.duplicated(["task", "scorer"]).any()
    assert (shipped[["question", "language", "run", "run_language"]] >= 0).all(axis=None)
    assert shipped.loc[~shipped["parallel"], "entries"].notna().all() and shipped["parallel"].any()
