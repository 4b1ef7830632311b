import os
import subprocess
import sys

import numpy as np
import pytest

from bench.analysis import resampling


def drawn(matrix, parallel, task="t"):
    """(draws,) means over languages of a (languages, questions) matrix, as `Scores` draws them."""
    n = matrix.shape[1]
    means = []
    for number, row in enumerate(matrix.astype(np.float32)):
        weights = resampling.weights(task, "" if parallel else f"l{number}", n)
        means.append(resampling.resample(row[:, None], weights)[:, 0])
    return np.mean(means, axis=0)


def width(draws):
    low, high = resampling.interval(draws)
    return high - low


def test_parallel_questions_are_drawn_for_all_languages_together():
    """Equal languages carry no more information than one of them; independent ones do."""
    one = (np.random.default_rng(0).random((1, 200)) < 0.4).astype(float)
    copies = np.repeat(one, 25, axis=0)
    assert width(drawn(copies, True)) == pytest.approx(width(drawn(one, True)), rel=1e-4)
    assert width(drawn(copies, False)) < 0.4 * width(drawn(copies, True))


def test_width_is_that_of_the_normal_approximation():
    matrix = np.random.default_rng(1).random((1, 400))
    assert width(drawn(matrix, True)) == pytest.approx(2 * 1.96 * matrix.std() / 20, rel=0.1)


@pytest.mark.parametrize("parallel", [True, False])
def test_intervals_hold_the_true_mean_as_often_as_they_say(parallel):
    """Questions differ in difficulty, the same in all languages or not; the true mean is known: 0.5."""
    random = np.random.default_rng(2)
    held = 0
    for trial in range(300):
        hard = random.random((1, 60)) if parallel else random.random((4, 60))
        low, high = resampling.interval(drawn(0.5 * hard + 0.5 * random.random((4, 60)), parallel, f"t{trial}"))
        held += low <= 0.5 <= high
    assert 0.90 < held / 300 < 0.985


@pytest.mark.parametrize("parallel", [True, False])
def test_two_methods_on_the_same_questions_are_paired(parallel):
    matrix = np.random.default_rng(3).random((4, 60))
    np.testing.assert_allclose(drawn(matrix + 0.01, parallel) - drawn(matrix, parallel), 0.01, atol=1e-5)


def test_draws_that_pick_nothing_of_a_language_say_nothing():
    weights = resampling.weights("t", "", 6)
    means = resampling.resample(np.full((1, 1), 0.5, np.float32), weights[:, :1])[:, 0]
    none = weights[:, 0] == 0
    assert none.any() and np.isnan(means[none]).all() and (means[~none] == 0.5).all()
    assert resampling.interval(means) == (0.5, 0.5)


def test_a_single_question_has_no_interval():
    draws = drawn(np.array([[0.5]]), False)
    assert np.isnan(draws).all() and np.isnan(resampling.interval(draws)).all()
    assert width(drawn(np.array([[0.5, 0.7]]), False)) > 0.1


def test_what_counts_as_parallel():
    languages = np.repeat([0, 1, 2], 4)
    assert resampling.is_parallel(languages, np.tile(np.arange(4), 3))
    assert not resampling.is_parallel(languages, np.arange(12))
    assert not resampling.is_parallel(np.array([], dtype=int), np.array([], dtype=int))


def test_intervals_of_many_rows_are_those_of_each():
    draws = np.random.default_rng(4).random((5, 300)).astype(np.float32)
    draws[1, :7] = np.nan
    draws[3] = np.nan
    low, high = resampling.intervals(draws)
    np.testing.assert_array_equal(np.stack([low, high], axis=1), [resampling.interval(row) for row in draws])
    assert np.isnan(low[3]) and not np.isnan(low[1])
    assert [len(bound) for bound in resampling.intervals(np.empty((0, 300)))] == [0, 0]


DRAWN = """
import hashlib
import numpy as np
from bench.analysis.resampling import resample, weights

scores = np.random.default_rng(0).random((437, 31)).astype(np.float32)
print(hashlib.sha256(resample(scores, weights("faq", "", 437)).tobytes()).hexdigest())
"""


def test_draws_do_not_depend_on_how_a_processor_adds_up() -> None:
    """A published table is checked on other machines. OpenBLAS can be told to compute as on older ones."""
    found = set()
    for processor in ("Prescott", "Haswell"):
        environment = {**os.environ, "OPENBLAS_CORETYPE": processor}
        done = subprocess.run([sys.executable, "-c", DRAWN], env=environment, capture_output=True, text=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1
