import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test

from bench.analysis import statistics
from bench.analysis.statistics import count_effects, holm, sign_flip, units


@pytest.mark.parametrize(("seed", "shift"), [(0, 0.0), (1, 0.15), (2, -0.3)])
def test_sign_flip_agrees_with_scipy(seed, shift):
    """scipy goes through all 2^12 patterns; ours draws 9,999 of them, so it may be off by three standard errors."""
    effects = np.random.default_rng(seed).normal(shift, 0.3, 12)
    found = sign_flip(effects)
    for ours, alternative in ((found.two_sided, "two-sided"), (found.greater, "greater"), (found.less, "less")):
        exact = permutation_test(
            (effects,), np.sum, permutation_type="samples", alternative=alternative, n_resamples=np.inf, vectorized=False
        ).pvalue
        assert ours == pytest.approx(exact, abs=3 * np.sqrt(exact * (1 - exact) / 9999) + 1e-4), alternative


@pytest.mark.parametrize("questions", [4, 7, 10])
def test_sign_flip_of_tied_scores_agrees_with_scipys_paired_test(questions):
    """Two methods' scores in steps of a quarter: many patterns tie with the observed one, and all of them count."""
    first, second = np.random.default_rng(questions).integers(0, 5, (2, questions)) / 4
    found = sign_flip(first - second)
    for ours, alternative in ((found.two_sided, "two-sided"), (found.greater, "greater"), (found.less, "less")):
        exact = permutation_test(
            (first, second), lambda a, b: (a - b).mean(), permutation_type="samples", alternative=alternative,
            n_resamples=np.inf, vectorized=False,
        ).pvalue  # fmt: skip
        assert ours == pytest.approx(exact, abs=3 * np.sqrt(exact * (1 - exact) / 9999) + 1e-4), alternative


def test_sign_flip_of_many_units_agrees_with_the_normal_approximation():
    effects = np.random.default_rng(3).normal(0.1, 1, 500)
    z = abs(effects.sum()) / np.sqrt((effects**2).sum())
    from scipy.stats import norm

    assert sign_flip(effects).two_sided == pytest.approx(2 * norm.sf(z), abs=0.015)


def test_p_counts_the_observed_pattern_and_is_never_zero():
    assert sign_flip(np.ones(200)).two_sided == 1 / 10000
    assert sign_flip(np.ones(200)).greater == 1 / 10000 and sign_flip(np.ones(200)).less == 1.0
    assert sign_flip(np.zeros(5)).two_sided == 1.0
    assert sign_flip(np.ones(200), flips=99).two_sided == 0.01


def test_a_tie_up_to_rounding_counts_as_reached():
    """Eight equal differences: 2 of 256 patterns reach the sum, whatever the last bit of the addition."""
    assert sign_flip(np.full(8, 0.1, dtype=np.float32)).two_sided == pytest.approx(2 / 256, abs=0.003)
    mixed = np.array([0.3, 0.1, 0.2, 0.1, 0.2, 0.3, 0.1 + 1e-9])
    assert sign_flip(mixed).two_sided == pytest.approx(2 / 128, abs=0.004)


def test_under_the_null_p_is_uniform():
    random = np.random.default_rng(4)
    found = np.array([sign_flip(random.normal(size=30), flips=199).two_sided for _ in range(600)])
    for level in (0.05, 0.2, 0.5):
        assert (found <= level).mean() == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 600))


@given(st.integers(0, 2**32 - 1))
def test_order_of_rows_changes_nothing(seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, (60, 3))
    effects = random.normal(size=60)
    moved = random.permutation(60)
    np.testing.assert_array_equal(units(labels, effects), units(labels[moved], effects[moved]))


def test_chunks_change_nothing(monkeypatch):
    effects = np.random.default_rng(5).normal(0.1, 1, 70)
    whole = sign_flip(effects)
    monkeypatch.setattr(statistics, "CELLS", 1000)
    assert sign_flip(effects) == whole


def test_threads_change_nothing():
    code = (
        "import numpy as np; from bench.analysis.statistics import sign_flip; "
        "print(sign_flip(np.random.default_rng(0).normal(.05, 1, 3000), 999))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120,
            env={**os.environ, "OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n, "MKL_NUM_THREADS": n},
        ).stdout
        for n in ("1", "2", "5")
    }  # fmt: skip
    assert len(said) == 1 and "two_sided" in said.pop()


def test_languages_of_a_parallel_question_flip_together():
    """Ten questions in fifty languages, all translations alike: no more evidence than ten questions."""
    gaps = np.array([3.0, 1, 2, -1, 2, 1, -1, 3, 1, -2])
    question, language = np.tile(np.arange(10), 50), np.repeat(np.arange(50), 10)
    together = units(np.stack([question * 0, question * 0, question], axis=1), np.tile(gaps, 50) / 500)
    apart = units(np.stack([question * 0, language + 1, question], axis=1), np.tile(gaps, 50) / 500)
    assert len(together) == 10 and len(apart) == 500
    np.testing.assert_allclose(together, gaps / 10)
    assert sign_flip(together) == sign_flip(gaps / 10)
    assert sign_flip(together).two_sided > 0.05 > 10 * sign_flip(apart).two_sided


def test_holm_by_hand():
    # 3 x .01 = .03; 2 x .03 = .06; 1 x .04 = .04, which may not be below the one before it.
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.5, 0.6]), [1.0, 1.0])
    np.testing.assert_allclose(holm([np.nan, 0.02, np.nan, 0.03]), [np.nan, 0.04, np.nan, 0.04])
    assert len(holm([])) == 0


def test_partial_conjunction_by_hand():
    # The README example of Dror et al.: 6 x .001 = .006, 5 x .019 = .095: one.
    assert count_effects([0.168, 0.297, 0.357, 0.019, 0.218, 0.001]) == 1
    assert count_effects([0.01, 0.01, 0.01, 0.2]) == 3  # .04 .03 .02 .2; made monotone: .04 .04 .04 .2
    # 4 x .02 = .08 is above the level: no count may start further up, though 1 x .03 is below it.
    assert count_effects([0.02, 0.03, 0.03, 0.03]) == 0
    assert count_effects([]) == 0 and count_effects([0.05]) == 1 and count_effects([0.01] * 5) == 5


@given(st.lists(st.floats(0, 1), max_size=12))
def test_how_many_and_which_agree(p_values):
    """With Bonferroni the count is the number of those that Holm names."""
    assert count_effects(p_values) == (holm(p_values) <= statistics.LEVEL).sum()
