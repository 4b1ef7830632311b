import numpy as np
import pytest
from scipy import stats

from bench.analysis.verdicts import variance
from bench.analysis.verdicts.decide import Estimate, smallest_difference, verdict
from bench.analysis.verdicts.variance import PRIOR, Variance


def test_few_documents_with_several_questions_each() -> None:
    """The variance of a mean over G documents of equal size is that of the means of documents, divided by G."""
    random = np.random.default_rng(5)
    unit = np.repeat(np.arange(6), 10)
    answers = random.normal(size=6)[unit] + 0.2 * random.normal(size=60)
    found = variance.of_questions(unit, np.zeros(60, int), np.zeros(60, int), variance.deviations(answers, unit), 1)
    means = answers.reshape(6, 10).mean(axis=1)
    assert found.value[0] == pytest.approx(means.var(ddof=1) / 6) and found.df[0] == 5


def of(value, df):
    return Variance(np.array([value], dtype=float), np.array([df], dtype=float))


NOTHING = of(0, np.inf)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4, 0.9, 1.0])
@pytest.mark.parametrize("df", [2, 6])
def test_runs_of_any_weight_are_not_called_real_too_often(share, df):
    """The share of the variance that runs have, which are known with few degrees of freedom."""
    random = np.random.default_rng(5)
    n = 20_000
    questions, runs = ((1 - share) * random.chisquare(200, n) / 200, share * random.chisquare(df, n) / df)
    many = Estimate(random.normal(size=n), Variance(questions, np.full(n, 200.0)), Variance(runs, np.full(n, float(df))))
    assert 0.03 < (many.p_values()[0] <= 0.05).mean() < 0.055
    low, high = many.interval()
    assert ((low <= 0) & (high >= 0) == (many.p_values()[0] > 0.05)).all(), "interval and test agree"


def test_of_one_task_it_is_the_variance_of_a_mean():
    answers = np.random.default_rng(0).normal(size=30)
    found = variance.of_questions(np.arange(30), np.zeros(30, int), np.zeros(30, int), variance.deviations(answers), 1)
    assert found.value[0] == pytest.approx(stats.sem(answers) ** 2) and found.df[0] == 29


def test_copies_of_a_question_add_no_certainty():
    """Ten languages that answer alike are as good as one."""
    answers = np.random.default_rng(0).normal(size=30)
    effect = np.tile(variance.deviations(answers) / 10, 10)
    unit, zero = np.tile(np.arange(30), 10), np.zeros(300, int)
    assert variance.of_questions(unit, zero, zero, effect, 1).value[0] == pytest.approx(stats.sem(answers) ** 2)
    apart = variance.of_questions(np.arange(300), zero, zero, effect, 1).value[0]
    assert apart == pytest.approx(stats.sem(answers) ** 2 / 10)


def test_tasks_add_up_and_statistics_stay_apart():
    first, second = np.random.default_rng(0).normal(size=(2, 20))
    effect = np.concatenate([variance.deviations(first), variance.deviations(second), variance.deviations(second)])
    unit, stratum, column = np.tile(np.arange(20), 3), np.repeat([0, 1, 1], 20), np.repeat([0, 0, 1], 20)
    found = variance.of_questions(unit, stratum, column, effect, 2)
    parts = [stats.sem(first) ** 2, stats.sem(second) ** 2]
    assert found.value.tolist() == pytest.approx([sum(parts), parts[1]])
    assert found.df.tolist() == pytest.approx([sum(parts) ** 2 / sum(part**2 / 19 for part in parts), 19])


def test_a_single_question_says_nothing():
    zero = np.zeros(1, int)
    assert np.isnan(variance.of_questions(zero, zero, zero, np.zeros(1), 1).value[0])


def test_satterthwaite_agrees_with_welch():
    a, b = np.random.default_rng(1).normal(size=(2, 12)) * [[1], [3]]
    found = variance.total([of(stats.sem(a) ** 2, 11), of(stats.sem(b) ** 2, 11)])
    two = Estimate(np.array([a.mean() - b.mean()]), found, NOTHING)
    welch = stats.ttest_ind(a, b, equal_var=False)
    assert two.p_values()[0][0] == pytest.approx(welch.pvalue) and found.df[0] == pytest.approx(welch.df)
    low, high = two.interval()
    assert (low[0], high[0]) == pytest.approx(tuple(welch.confidence_interval()))
    assert two.p_values()[1][0] == pytest.approx(stats.ttest_ind(a, b, equal_var=False, alternative="greater").pvalue)


def test_two_one_sided_tests_by_hand():
    one = Estimate(np.array([0.004]), of(0.002**2, 10), NOTHING)
    assert one.p_equivalent(0.01)[0] == pytest.approx(stats.t.sf((0.01 - 0.004) / 0.002, 10))
    turned = Estimate(np.array([-0.004]), of(0.002**2, 10), NOTHING)
    assert turned.p_equivalent(0.01)[0] == one.p_equivalent(0.01)[0] and one.p_equivalent(0.003)[0] > 0.5


def test_runs_pool_over_arms_without_what_they_share():
    """Arms share the noise of a seed: of a difference it is no part."""
    random = np.random.default_rng(2)
    shared, own = 10 * random.normal(size=(1, 400, 1)), random.normal(size=(5, 400, 1))
    paired = variance.over_arms(shared + own, paired=True)
    assert paired.value[0] == pytest.approx(2, rel=0.1) and paired.df[0] == 4 * 399
    assert variance.over_arms(shared + own, paired=False).value[0] == pytest.approx(101, rel=0.1)
    assert variance.over_arms(own[:1], paired=True) is None and variance.over_arms(own[:, :1], paired=True) is None
    two = (shared + own)[:2]
    mine = variance.over_runs(two[0] - two[1])
    assert variance.over_arms(two, True).value[0] == pytest.approx(mine.value[0]), "of two arms it is that of their difference"
    rest = variance.without(paired, mine)
    assert rest.df[0] == 3 * 399 and rest.df[0] * rest.value[0] + mine.df[0] * mine.value[0] == pytest.approx(
        paired.df[0] * paired.value[0]
    )


def test_own_runs_and_those_of_others():
    found = variance.moderated(of(4, 2), of(1, 100))
    assert found.df[0] == 2 + PRIOR and found.value[0] == pytest.approx((2 * 4 + PRIOR * 1) / (2 + PRIOR))
    assert variance.moderated(None, of(1, 100)).df[0] == PRIOR and variance.moderated(None, of(1, 3)).df[0] == 3
    assert variance.moderated(of(4, 2), None) == of(4, 2) or variance.moderated(of(4, 2), None).value[0] == 4
    assert variance.moderated(None, None) is None


def test_the_smallest_difference_is_found_four_times_in_five():
    se, df = 0.005, 6
    size = float(smallest_difference([of(se**2, df)])[0])
    random = np.random.default_rng(3)
    estimates = size + se * random.normal(size=40_000)
    own = se * np.sqrt(random.chisquare(df, 40_000) / df)
    found = 2 * stats.t.sf(np.abs(estimates) / own, df) <= 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.03)


def test_conditional_on_its_runs_nothing_is_significant():
    one = Estimate(np.array([0.5]), of(1e-8, 50), of(np.nan, np.nan), conditional=True)
    assert np.isnan(one.smallest()[0])
    assert [float(p[0]) for p in one.p_values()] == [1, 1, 1] and one.p_equivalent()[0] == 1


@pytest.mark.parametrize(("difference", "p", "equivalent", "said"), [
    (0.02, 0.01, 0.9, "better"), (-0.02, 0.01, 0.9, "worse"), (0.001, 0.6, 0.01, "equivalent"), (0.02, 0.3, 0.9, "undecided"),
    (0.004, 0.01, 0.01, "better"),
])  # fmt: skip
def test_four_verdicts(difference, p, equivalent, said):
    assert verdict(difference, p, equivalent) == said
