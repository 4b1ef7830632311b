import numpy as np
import pytest

from bench.training.collapse import SAMPLE, judge, spread

RNG = np.random.default_rng(0)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_orthogonal_vectors_are_fully_spread():
    assert spread(np.eye(6)) == pytest.approx((0.0, 6.0))


def test_one_point_is_no_spread_at_all():
    assert spread(np.tile(unit(np.ones((1, 8))), (20, 1))) == pytest.approx((1.0, 1.0))


def test_opposite_pairs_have_a_low_rank_but_a_low_cosine_too():
    cosine, rank = spread(np.array([[1.0, 0.0], [-1.0, 0.0]] * 50))
    assert cosine == pytest.approx(-1 / 99) and rank == pytest.approx(1.0)


def test_a_subspace_bounds_the_rank():
    plane = unit(RNG.normal(size=(300, 2)) @ RNG.normal(size=(2, 64)))
    assert 1.0 < spread(plane)[1] <= 2.0 + 1e-6
    assert spread(unit(RNG.normal(size=(300, 64))))[1] > 50


def test_cosine_is_the_mean_over_pairs_of_different_rows():
    vectors = unit(RNG.normal(size=(30, 5)) + 0.7)
    cosines = vectors @ vectors.T
    assert spread(vectors)[0] == pytest.approx(cosines[~np.eye(30, dtype=bool)].mean())


def test_many_rows_are_sampled_evenly():
    # The second half has another direction: a sample of the first rows would not see it.
    vectors = np.repeat(np.eye(2), 5 * SAMPLE, axis=0)
    cosine, rank = spread(vectors)
    assert cosine == pytest.approx(0.5, abs=1e-3) and rank == pytest.approx(2.0, abs=1e-3)


def test_a_healthy_student_gets_no_warning():
    found = judge((0.05, 90.0), (0.0, 100.0), 0.58, 0.60, 0.60)
    assert found.warning == ""
    assert found.to_dict()["effective_rank"] == 90.0 and found.to_dict()["english_ceiling"] == 0.6


@pytest.mark.parametrize(
    ("now", "english", "said"),
    [
        ((0.05, 40.0), 0.58, "effective rank fell from 100 to 40"),
        ((0.5, 90.0), 0.58, "mean cosine of tokens rose from 0.00 to 0.50"),
        ((0.05, 90.0), 0.40, "English score fell from 0.600 to 0.400"),
    ],
)
def test_each_reading_warns_alone(now: tuple[float, float], english: float, said: str):
    assert judge(now, (0.0, 100.0), english, 0.60, 0.60).warning == said


def test_english_is_held_against_the_students_own_start():
    # Behind a map the student starts far below the teacher: that is no loss of training.
    assert judge((0.05, 90.0), (0.0, 100.0), 0.67, 0.65, 0.96).warning == ""
    assert judge((0.05, 90.0), (0.0, 100.0), 0.50, 0.65, 0.96).warning == "English score fell from 0.650 to 0.500"


def test_a_collapsed_student_gets_all_warnings():
    warning = judge((0.99, 1.2), (0.0, 100.0), 0.01, 0.60, 0.60).warning
    assert warning.count(";") == 2


def test_measured_vectors_are_judged():
    start = spread(unit(RNG.normal(size=(400, 32))))
    collapsed = spread(unit(RNG.normal(size=(400, 32)) * 0.05 + 1.0))
    assert "rose" in judge(collapsed, start, 0.6, 0.6, 0.6).warning
    assert not judge(spread(unit(RNG.normal(size=(400, 32)) + 0.2)), start, 0.6, 0.6, 0.6).warning
