from collections import Counter

from bench.data.suite.splits import (
    digest,
    english_pair_id,
    held_strings,
    pair_id,
    sample_order,
    symbol_split,
    verse_split,
)


def test_digest_is_the_same_on_every_machine() -> None:
    assert digest("Who uses Scratch?", "strings") == 2130432908585159217


def test_pair_id_ignores_case_and_punctuation() -> None:
    assert english_pair_id("Sign in here!") == english_pair_id("sign in: here") == pair_id("signinhere")
    assert english_pair_id("Sign in there") != english_pair_id("Sign in here")


def test_surahs_alternate() -> None:
    assert [verse_split(surah) for surah in range(1, 8)] == [
        "train", "train", "dev", "train", "train", "test", "train",
    ]  # fmt: skip


def test_one_symbol_in_five_is_for_dev() -> None:
    counts = Counter(symbol_split(chr(code)) for code in range(0x1F300, 0x1F700))
    assert 0.15 < counts["dev"] / counts.total() < 0.25


def test_dev_strings_are_a_hundred_at_most_an_eighth_and_do_not_depend_on_the_rest() -> None:
    many = [f"string {number}" for number in range(2000)]
    chosen, others = held_strings(many)
    assert len(chosen) == len(others) == 100 and chosen | others <= set(many) and not chosen & others
    assert (chosen, others) == held_strings(reversed(many))
    assert [len(part) for part in held_strings(many[:320])] == [40, 40]
    assert held_strings(many[:7]) == (set(), set())
    # A hundred of a larger set are, where they occur, among those of a smaller one.
    assert chosen & set(many[:1000]) <= held_strings(many[:1000])[0]


def test_sample_order_is_a_shuffle() -> None:
    names = [f"v{number}" for number in range(100)]
    assert sorted(names, key=sample_order) != names
