"""IBM model 1 against a plain implementation, a worked example and its own guarantees."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.cells.words import cutting as cut
from bench.cells.words.ibm1 import UNSEEN, WordTable, agreed, train

HOUSE = ([["das", "haus"], ["das", "buch"], ["ein", "buch"]], [["the", "house"], ["the", "book"], ["a", "book"]])


def plain(source: list[list[str]], target: list[list[str]], rounds: int) -> tuple[dict[tuple[str, str], float], list[float]]:
    """The algorithm in loops, as in the textbook; the empty word is ''."""
    english = {word for sentence in target for word in sentence}
    table = {(e, f): 1 / len(english) for e in english for f in {"", *(w for sentence in source for w in sentence)}}
    losses = []
    for done in range(rounds + 1):
        count: dict[tuple[str, str], float] = defaultdict(float)
        total: dict[str, float] = defaultdict(float)
        loss, number = 0.0, 0
        for foreign, words in zip(source, target, strict=True):
            for e in words:
                norm = sum(table[e, f] for f in ["", *foreign])
                loss -= math.log(norm / (len(foreign) + 1))
                number += 1
                for f in ["", *foreign]:
                    count[e, f] += table[e, f] / norm
                    total[f] += table[e, f] / norm
        losses.append(loss / number)
        if done < rounds:
            table = {(e, f): count[e, f] / total[f] if total[f] else 0.0 for e, f in table}
    return table, losses


def dense(table: WordTable) -> dict[tuple[str, str], float]:
    words = ["", *table.source]
    found = {}
    for number, word in enumerate(words):
        for column, value in zip(*table.row(number), strict=True):
            found[table.target[column], word] = float(value)
    return found


def same(source: list[list[str]], target: list[list[str]], rounds: int) -> None:
    table, losses = train(source, target, rounds)
    expected, expected_losses = plain(source, target, rounds)
    assert losses == pytest.approx(expected_losses, abs=1e-10)
    found = dense(table)
    assert {pair for pair, value in expected.items() if value > 1e-12} <= set(found)
    for pair, value in expected.items():
        assert found.get(pair, 0.0) == pytest.approx(value, abs=1e-10), pair


@pytest.mark.parametrize("rounds", [1, 2, 7])
def test_as_the_textbook_does_it(rounds: int):
    same(*HOUSE, rounds)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from("abcd"), max_size=5), st.lists(st.sampled_from("vwxyz"), min_size=1, max_size=5)),
        min_size=1, max_size=7,
    )
)  # fmt: skip
def test_as_loops_do_it_and_the_likelihood_never_falls(pairs):
    source, target = [list(f) for f, _ in pairs], [list(e) for _, e in pairs]
    same(source, target, 4)
    _, losses = train(source, target, 12)
    assert all(after <= before + 1e-12 for before, after in zip(losses, losses[1:], strict=False))


@pytest.mark.packages
def test_the_table_of_real_pairs_is_that_of_nltk():
    """Swahili interface messages. nltk counts a word that stands twice in an English text as if it stood there once:
    it divides by the sum over both. Such texts are left out."""
    from nltk.translate import AlignedSent, IBMModel1

    from bench.data.sources.packages import kolibri

    texts = kolibri.read({"swh_Latn": "sw_TZ"})
    both = [(texts["swh_Latn"][key], english) for key, english in texts["eng_Latn"].items() if key in texts["swh_Latn"]]
    pairs = [(cut.words(foreign), cut.words(english)) for foreign, english in both]
    pairs = [(f, e) for f, e in pairs if len(e) == len(set(e)) and f and 0 < len(e) <= 12][:250]
    source, target = [f for f, _ in pairs], [e for _, e in pairs]
    assert len(pairs) == 250 and any(len(f) > len(set(f)) for f in source)
    aligned = [AlignedSent(e, f) for f, e in pairs]
    for rounds in (1, 4):
        theirs = IBMModel1(aligned, rounds).translation_table
        found = dense(train(source, target, rounds)[0])
        assert len(found) > 2000 and max(found.values()) > 0.5
        assert found == pytest.approx({(e, f): theirs[e][f or None] for e, f in found}, abs=1e-9)
        in_pairs = {(e, f) for foreign, english in pairs for e in english for f in ["", *foreign]}
        assert set(found) == in_pairs


def test_one_round_by_hand():
    # Uniform start: each of 3 source words of a pair (the empty one too) takes a third of each English word.
    table, losses = train([["das", "haus"], ["das"]], [["the", "house"], ["the"]], 1)
    found = dense(table)
    assert losses[0] == pytest.approx(math.log(2))
    assert found["house", "haus"] == pytest.approx(1 / 2)
    # das: 1/3 of `the` and `house` in the first pair, 1/2 of `the` in the second.
    assert found["the", "das"] == pytest.approx((1 / 3 + 1 / 2) / (1 / 3 + 1 / 3 + 1 / 2))


def test_the_words_of_the_example_find_each_other():
    table, _ = train(*HOUSE, 30)
    found = dense(table)
    for foreign, english in {"das": "the", "haus": "house", "buch": "book", "ein": "a"}.items():
        own = {e: value for (e, f), value in found.items() if f == foreign}
        assert max(own, key=own.__getitem__) == english
    rows = [table.row(number)[1].sum() for number in range(len(table.source) + 1)]
    np.testing.assert_allclose(rows, 1.0)
    assert dict(zip(table.source, table.counts[1:].tolist(), strict=True)) == {"buch": 2, "das": 2, "ein": 1, "haus": 1}


def test_the_loss_of_other_pairs_is_finite_and_that_of_a_uniform_table_known():
    table, _ = train(*HOUSE, 5)
    losses = table.word_losses([["das", "buch"], ["unbekannt"], []], [["the", "ocean"], ["book"], []])
    t = dense(table)
    columns = len(table.target) + 1
    known = (1 - UNSEEN) / 3 * (t["the", ""] + t["the", "das"] + t.get(("the", "buch"), 0)) + UNSEEN / columns
    assert losses == pytest.approx([-math.log(known), -math.log(UNSEEN / columns),
                                    -math.log((1 - UNSEEN) / 2 * t["book", ""] + UNSEEN / columns)])  # fmt: skip
    assert losses[0] < math.log(columns)


def test_repeated_pairs_weigh_more_and_order_does_not_matter():
    twice, _ = train(HOUSE[0] + HOUSE[0][:1], HOUSE[1] + HOUSE[1][:1], 3)
    once, _ = train(*HOUSE, 3)
    turned, _ = train(HOUSE[0][::-1], HOUSE[1][::-1], 3)
    assert dense(turned) == pytest.approx(dense(once)) and dense(twice) != pytest.approx(dense(once))
    again, _ = train(*HOUSE, 3)
    assert again.values.tobytes() == once.values.tobytes()


def test_what_both_directions_agree_on():
    forward, _ = train(*HOUSE, 3)
    backward, _ = train(HOUSE[1], HOUSE[0], 3)
    there, back = dense(forward), dense(backward)
    found = agreed(forward, backward)
    for number, word in enumerate(found.source, 1):
        products = {e: there[e, word] * back[word, e] for e in found.target if (e, word) in there}
        columns, values = found.row(number)
        total = sum(products.values())
        assert dict(zip((found.target[c] for c in columns), values, strict=True)) == pytest.approx(
            {e: product / total for e, product in products.items()}
        )
    assert (found.row(0)[1] == forward.row(0)[1]).all()
    empty, _ = train([["x"], []], [[], ["a"]], 2)
    assert len(agreed(empty, train([[], ["a"]], [["x"], []], 2)[0]).row(1)[0]) == 0


def test_empty_sides():
    table, losses = train([[], ["x"], ["y"]], [["a"], [], ["b"]], 3)
    assert table.target == ["a", "b"] and len(table.row(1)[0]) == 0 and losses[-1] <= losses[0]
    table, losses = train([["x"]], [[]], 2)
    assert losses == [] and len(table.values) == 0 and len(table.row(1)[0]) == 0
