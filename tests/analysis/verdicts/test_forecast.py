from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.analysis.verdicts import components, decide, forecast, student, variance
from bench.analysis.verdicts.decide import smallest_difference
from bench.analysis.verdicts.forecast import Asked, Runs
from bench.analysis.verdicts.variance import Variance

STORED = tuple(
    {"task": task, "scorer": "dense", "parallel": task != "symbols", "entries": entries, "document": 0.0015 * (task == "pages"),
     "question": 0.002, "language": 0.02, "run": 1e-5, "run_language": 2e-4, "questions": 40.0, "coverage": 0.5, "source": "x"}
    for task, entries in (("faq", np.nan), ("symbols", 500.0), ("pages", 400.0))
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


def test_two_questions_of_a_parallel_task_on_one_document_count_less():
    (alone, alone_df), (value, df) = (forecast.of_questions(Asked(task, 800, 20), "dense") for task in ("faq", "pages"))
    assert value == pytest.approx(alone + 0.0015 * (799 / 800) / 400)
    assert df < 400 < alone_df, "no more units than documents"
    few, few_alone = (forecast.of_questions(Asked(task, 10, 20), "dense")[0] for task in ("pages", "faq"))
    assert few < 1.02 * few_alone, "ten questions of 400 documents hardly meet"


def test_variances_of_questions_and_documents_are_found_again():
    random = np.random.default_rng(3)
    languages, documents, sd = 10, 3000, (0.04, 0.03, 0.08)  # of a document, of a question, of a question in a language
    units = np.repeat(np.arange(documents), 2)
    ids = np.arange(2 * documents)
    common = sd[0] * random.normal(size=documents)[units] + sd[1] * random.normal(size=len(ids))
    gaps = common[:, None] + sd[2] * random.normal(size=(len(ids), languages))
    asked = [
        SimpleNamespace(shared=True, ids=ids, units=units, gaps=gaps[:, n] - gaps[:, n].mean()) for n in range(languages)
    ]  # fmt: skip
    scores = SimpleNamespace(paired=lambda place, *_: (asked[place], asked[place].gaps))
    point = SimpleNamespace(common=[list(range(languages))], pair=(0, 1), size=languages)
    found = components.of_questions(scores, [point])
    assert found["document"] == pytest.approx(sd[0] ** 2, rel=0.1)
    assert found["question"] == pytest.approx(sd[0] ** 2 + sd[1] ** 2, rel=0.1)
    assert found["language"] == pytest.approx(sd[2] ** 2, rel=0.05) and found["entries"] == 2 * documents - 1
    # The forecast from these is the variance that the verdict of such an experiment has.
    verdict = variance.of_questions(
        np.tile(units, languages), *np.zeros((2, gaps.size), int), variance.deviations(gaps).T.ravel() / languages, 1
    ).value[0]
    with pytest.MonkeyPatch.context() as patch:
        row = STORED[2] | {name: float(found[name]) for name in ("document", "question", "language", "entries")}
        patch.setattr(forecast, "stored", lambda: (row,))
        assert forecast.of_questions(Asked("pages", len(ids), languages), "dense")[0] == pytest.approx(verdict, rel=0.05)


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
    assert (shipped.loc[shipped["parallel"] & shipped["entries"].notna(), "document"] >= 0).all()
