import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.base.errors import BenchError
from bench.training.sampling import MEGABATCH, draw_pairs, exchange_english, length_batches, quotas

SIZES = {("a", "big"): 900, ("a", "small"): 100, ("b", "big"): 7}


@pytest.fixture(scope="module")
def bitext() -> pd.DataFrame:
    rows = [
        (f"{source}{i}", language, source, f"english {i}", f"text {i}")
        for (language, source), count in SIZES.items()
        for i in range(count)
    ]
    frame = pd.DataFrame(rows, columns=["pair_id", "language", "source", "english", "text"])
    return frame.set_index(frame.index * 3 + 5)  # rows left after a filter do not count from 0


def draw(bitext: pd.DataFrame, quota: dict[str, int], seed: int) -> pd.DataFrame:
    """The rows that are drawn."""
    groups = {
        language: {source: part.index.to_numpy() for source, part in rows.groupby("source", sort=True)}
        for language, rows in bitext.groupby("language", sort=True)
    }
    return bitext.loc[draw_pairs(groups, quota, seed)]


def exchange(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows with other English sides."""
    texts = sorted(set(rows["english"]))
    codes = np.array([texts.index(text) for text in rows["english"]])
    groups = dict(sorted(rows.groupby("language").indices.items()))
    return rows.assign(english=[texts[code] for code in exchange_english(codes, groups, seed)])


def test_quotas_are_even_and_the_rest_goes_first():
    assert quotas(["a", "b", "c"], 8) == {"a": 3, "b": 3, "c": 2}
    assert quotas(["a", "b"], 6) == {"a": 3, "b": 3}
    assert quotas(["a", "b", "c"], 2) == {"a": 1, "b": 1, "c": 0}


def test_each_language_gets_its_quota(bitext: pd.DataFrame):
    drawn = draw(bitext, {"a": 41, "b": 5}, seed=0)
    assert drawn["language"].value_counts().to_dict() == {"a": 41, "b": 5}


def test_sources_share_by_the_square_root_of_their_rows(bitext: pd.DataFrame):
    drawn = draw(bitext, {"a": 80}, seed=0)
    assert drawn["source"].value_counts().to_dict() == {"big": 60, "small": 20}  # 30 : 10, not 9 : 1
    # What rounding leaves goes to the largest remainder: 81 * 3/4 = 60.75, 81 / 4 = 20.25.
    assert draw(bitext, {"a": 81}, seed=0)["source"].value_counts().to_dict() == {"big": 61, "small": 20}


def test_pairs_repeat_as_late_as_possible(bitext: pd.DataFrame):
    assert draw(bitext, {"a": 100}, seed=0).index.is_unique
    counts = draw(bitext, {"b": 7 * 3 + 2}, seed=0)["pair_id"].value_counts()
    assert sorted(counts) == [3] * 5 + [4] * 2
    # Only the small source runs out here.
    counts = draw(bitext, {"a": 600}, seed=0).groupby("source")["pair_id"].value_counts()
    assert counts["big"].max() == 1 and set(counts["small"]) == {1, 2}


def test_languages_are_mixed(bitext: pd.DataFrame):
    languages = draw(bitext, {"a": 60, "b": 60}, seed=0)["language"].tolist()
    assert 10 < languages[:60].count("a") < 50


def test_the_draw_depends_on_the_seed_alone(bitext: pd.DataFrame):
    one, same, other = (draw(bitext, {"a": 50, "b": 5}, seed).index.tolist() for seed in (1, 1, 2))
    assert one == same
    assert one != other and sorted(one) != sorted(other)


def test_a_quota_of_nothing_draws_nothing(bitext: pd.DataFrame):
    assert draw(bitext, {"a": 3, "b": 0}, seed=0)["language"].tolist() == ["a"] * 3


def test_a_language_without_pairs_is_named(bitext: pd.DataFrame):
    with pytest.raises(BenchError, match="no training bitext for xyz_Latn"):
        draw(bitext, {"a": 3, "xyz_Latn": 3}, seed=0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=200), st.integers(1, 9), st.integers(0, 5), st.booleans())
def test_batches_cover_every_position_once(lengths: list[int], size: int, seed: int, shuffle: bool):
    batches = length_batches(np.array(lengths), size, seed, shuffle)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // size)
    assert all(len(batch) <= size for batch in batches) and sum(len(batch) < size for batch in batches) <= 1


def test_texts_of_a_batch_have_similar_lengths():
    lengths = np.random.default_rng(0).integers(5, 100, 1024)
    padded = sum(lengths[batch].max() * len(batch) for batch in length_batches(lengths, 8, 0))
    unsorted = sum(block.max() * len(block) for block in lengths.reshape(-1, 8))
    assert padded < 1.1 * lengths.sum() < unsorted


def test_batches_come_in_random_order_that_the_seed_fixes():
    lengths = np.repeat(np.arange(1, 17), 4)
    one, same, other = ([batch.tolist() for batch in length_batches(lengths, 4, seed)] for seed in (0, 0, 1))
    assert one == same
    assert one != other and sorted(one) == sorted(other)
    assert one != sorted(one)  # not from short to long


def test_pairs_stay_in_the_part_of_the_run_they_were_drawn_for():
    lengths = np.random.default_rng(0).integers(1, 50, 3 * 4 * MEGABATCH)
    batches = length_batches(lengths, 4, 0)
    for part in range(3):
        positions = np.concatenate(batches[part * MEGABATCH : (part + 1) * MEGABATCH])
        assert set(positions // (4 * MEGABATCH)) == {part}
    shuffled = np.concatenate(length_batches(lengths, 4, 0, shuffle=True)[:MEGABATCH])
    assert len(set(shuffled // (4 * MEGABATCH))) == 3


@given(st.lists(st.integers(0, 9), min_size=2).filter(lambda ids: len(set(ids)) > 1), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_no_pair_keeps_its_english_side(ids: list[int], seed: int):
    rows = pd.DataFrame({"english": [f"e{i}" for i in ids], "text": range(len(ids)), "language": "a"})
    rows.index = pd.Index([7] * len(ids))  # a pair that is drawn twice is there twice
    found = exchange(rows, seed)
    assert (found["english"] != rows["english"]).all()
    # Distinct texts change places: the same ones, each in place of one other.
    assert set(found["english"]) == set(rows["english"])
    assert len(set(zip(rows["english"], found["english"], strict=True))) == rows["english"].nunique()
    pd.testing.assert_frame_equal(found.drop(columns="english"), rows.drop(columns="english"))


def test_the_seed_decides_which_english_sides_change_places(bitext: pd.DataFrame):
    found = [exchange(bitext, seed)["english"].tolist() for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_languages_do_not_share_their_wrong_sides():
    """Else the translations of a text would still meet at one place."""
    rows = pd.DataFrame({"english": [f"e{i}" for i in range(50)] * 2, "text": "", "language": ["a"] * 50 + ["b"] * 50})
    found = exchange(rows, 0)["english"].tolist()
    assert sum(one == other for one, other in zip(found[:50], found[50:], strict=True)) < 10
    assert set(found[:50]) == set(found[50:]) == set(rows["english"])


def test_one_english_text_cannot_be_exchanged(bitext: pd.DataFrame):
    with pytest.raises(BenchError, match="nothing to exchange"):
        exchange(bitext.assign(english="the same"), 0)
