"""Document frequencies against plain counting."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.base.ragged import Ragged
from bench.encoders.encoder import TokenizedText
from bench.encoders.space import Space
from bench.training.pairs import Pairs, TeacherStates
from bench.training.rarity import Idf, english_idf, with_idf


def test_idf_against_counting():
    rng = np.random.default_rng(0)
    texts = [rng.integers(0, 30, rng.integers(1, 9)) for _ in range(20)]
    found = Idf(texts)(np.arange(-2, 40))
    for token, value in zip(range(-2, 40), found, strict=True):
        assert value == pytest.approx(1 + math.log(21 / (1 + sum(token in text for text in texts))), rel=1e-6)
    assert found.min() >= 1 and found.dtype == np.float32


def text(*ids: int) -> TokenizedText:
    """Specials 0 and 2 around the tokens."""
    return TokenizedText([0, *ids, 2], [False, *(True for _ in ids), False])


def test_each_language_is_counted_on_its_own_training_texts():
    pairs = Pairs([text(5, 6), text(5), text(7, 7), text(5, 7)], np.arange(4))
    dev = Pairs([text(6, 9), text(5)], np.arange(2))
    train, watched = with_idf(pairs, ["sw", "sw", "ha", "ha"], dev, ["sw", "ha"])
    rare, half, always = 1 + math.log(3 / 1), 1 + math.log(3 / 2), 1.0
    content = [values[1:-1].tolist() for values in train.idf]
    assert content == [pytest.approx(row, rel=1e-6) for row in ([always, half], [always], [always, always], [half, always])]
    assert [values[1:-1].tolist() for values in watched.idf] == [pytest.approx([half, rare]), pytest.approx([half])]
    assert [len(values) for values in train.idf] == [len(one) for one in pairs.texts]  # specials have a place, but no count
    assert pairs.idf is None and train.texts is pairs.texts
    assert [one.tolist() for one in train.idf.take([3, 0])] == [train.idf[3].tolist(), train.idf[0].tolist()]


def test_texts_of_a_step_are_not_tokenised_once_more():
    class Once(list):
        def take(self, at):
            raise AssertionError("the step has them already")

    texts = Once([text(5, 6), text(5), text(7, 7)])
    train, _ = with_idf(Pairs(texts, np.arange(3)), ["sw", "sw", "ha"], Pairs([], np.arange(0)), [])
    found = train.idf_of([texts[2], texts[0]], np.array([2, 0]))
    assert [one.tolist() for one in found] == [train.idf.of([texts[i]], [i])[0].tolist() for i in (2, 0)]
    plain = Pairs(list(texts), np.arange(3), idf=[np.full(2, i, np.float32) for i in range(3)])
    assert [one.tolist() for one in plain.idf_of([texts[2]], np.array([2]))] == [[2.0, 2.0]]


def test_english_is_counted_once_a_text_and_only_where_trained():
    tokens = Ragged.from_list([np.zeros((n, 2), np.float32) for n in (2, 1, 2)])
    ids = np.array([5, 6, 5, 8, 9], dtype=np.int32)
    pairs = Pairs([text(1)] * 4, np.array([0, 1, 1, 1]))  # the second English text in three languages, the third in none
    space = Space.fit(np.ones((4, 2)), np.ones((4, 2)))
    found = english_idf(TeacherStates(tokens, np.zeros((3, 2)), space, ids=ids), pairs)
    rare, half = 1 + math.log(3 / 1), 1 + math.log(3 / 2)
    assert found.idf(ids).tolist() == pytest.approx([1.0, half, 1.0, rare, rare])
