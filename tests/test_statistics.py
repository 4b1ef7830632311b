import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.statistics import bootstrap_interval, bootstrap_means


def table(matrix):
    """(languages, queries) matrix as three columns."""
    rows = [(f"l{i:02d}", f"q{j:03d}", value) for i, row in enumerate(matrix) for j, value in enumerate(row)]
    return [list(column) for column in zip(*rows, strict=True)]


def test_parallel_questions_are_drawn_for_all_languages_together():
    """Equal languages carry no more information than one of them; independent ones do."""
    one = (np.random.default_rng(0).random((1, 200)) < 0.4).astype(float)
    alone = bootstrap_interval(*table(one), parallel=True)
    copies = bootstrap_interval(*table(np.repeat(one, 25, axis=0)), parallel=True)
    apart = bootstrap_interval(*table(np.repeat(one, 25, axis=0)), parallel=False)
    assert copies.high - copies.low == pytest.approx(alone.high - alone.low)
    assert apart.high - apart.low < 0.4 * (copies.high - copies.low)
    assert [alone.mean, copies.mean, apart.mean] == pytest.approx([one.mean()] * 3)


def test_width_is_that_of_the_normal_approximation():
    matrix = np.random.default_rng(1).random((1, 400))
    interval = bootstrap_interval(*table(matrix), parallel=True, rounds=4000)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * matrix.std() / 20, rel=0.08)
    narrow = bootstrap_interval(*table(matrix), parallel=True, rounds=4000, level=0.5)
    assert narrow.high - narrow.low == pytest.approx(2 * 0.6745 * matrix.std() / 20, rel=0.08)


def test_languages_count_the_same_whatever_their_number_of_queries():
    languages = ["sw"] * 3 + ["so"]
    interval = bootstrap_interval(languages, list("abca"), [0, 0, 0, 1], parallel=True)
    assert interval.mean == 0.5


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_reproducible_and_independent_of_row_order(seed, parallel):
    generator = np.random.default_rng(seed)
    columns = table(generator.random((3, 11)))
    moved = generator.permutation(33)
    shuffled = [[column[i] for i in moved] for column in columns]
    one = bootstrap_means(*columns, parallel, 50, seed=seed)
    np.testing.assert_array_equal(one, bootstrap_means(*columns, parallel, 50, seed=seed))
    np.testing.assert_allclose(one, bootstrap_means(*shuffled, parallel, 50, seed=seed), atol=1e-12)
    assert (one != bootstrap_means(*columns, parallel, 50, seed=seed + 1)).any()
    assert (one >= 0).all() and (one <= 1).all()


@pytest.mark.parametrize("parallel", [True, False])
def test_two_methods_on_the_same_queries_are_paired(parallel):
    matrix = np.random.default_rng(2).random((4, 60))
    worse = bootstrap_means(*table(matrix), parallel, 300)
    better = bootstrap_means(*table(matrix + 0.01), parallel, 300)
    np.testing.assert_allclose(better - worse, 0.01)


def test_a_language_draws_the_same_alone_and_among_others():
    matrix = np.random.default_rng(3).random((2, 30))
    both = [bootstrap_means(*table(matrix[:1]), False, 40)]
    both.append(bootstrap_means(["l01"] * 30, table(matrix)[1][:30], matrix[1], False, 40))
    np.testing.assert_allclose(bootstrap_means(*table(matrix), False, 40), np.mean(both, axis=0))


def test_chunks_of_rounds_do_not_matter(monkeypatch):
    columns = table(np.random.default_rng(4).random((2, 30)))
    whole = bootstrap_means(*columns, True, 41)
    monkeypatch.setattr("bench.statistics.CELLS", 100)
    np.testing.assert_allclose(bootstrap_means(*columns, True, 41), whole)


def test_missing_queries_of_a_language():
    """`so` lacks most questions: rounds that draw none of its own leave it out, they do not count it as 0."""
    languages, ids, values = ["sw"] * 6 + ["so"], list("abcdefa"), [0.5] * 6 + [0.5]
    np.testing.assert_allclose(bootstrap_means(languages, ids, values, True, 200), 0.5)


def test_mistakes_are_explained():
    with pytest.raises(BenchError, match="no scores"):
        bootstrap_means([], [], [], True)
    with pytest.raises(BenchError, match="2 languages, 1 query ids"):
        bootstrap_means(["a", "b"], ["q"], [1.0], True)
    with pytest.raises(BenchError, match="'q2' .b. is nan"):
        bootstrap_means(["a", "b"], ["q1", "q2"], [1.0, float("nan")], True)
    with pytest.raises(BenchError, match="'q' has two scores in a"):
        bootstrap_means(["a", "a"], ["q", "q"], [1.0, 0.0], False)
