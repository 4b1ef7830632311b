"""Pairs that are read when they are needed are those of the table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bench.cells.arms.distil import made_ready
from bench.cells.clock import Clock
from bench.cells.pairs import drawn, pairs_record, tokenised, training_pairs
from bench.encoders.encoder import Encoder
from bench.training.pairs import Tokenised
from methods import registry
from tests.made_suite import World, made_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.mark.parametrize("method", ["mimo", "shuffled", "code_switch", "english_only", "guard_trained"])
def test_they_are_those_that_are_in_memory_together(world: World, method: str) -> None:
    spec, context, loss = world.spec(method), world.context, registry.load(registry.parse_spec(method))
    student = context.student.start()
    eager, rows = training_pairs(spec, context, student, loss)
    lazy = tokenised(drawn(spec, context, loss), context, student, loss)
    assert isinstance(lazy.texts, Tokenised) and len(lazy) == len(eager) == 48
    assert lazy.lengths.tolist() == eager.lengths.tolist() and lazy.english.tolist() == eager.english.tolist()
    at = np.array([7, 0, 47, 7])
    assert lazy.texts.take(at) == [eager.texts[i] for i in at] == [lazy.texts[int(i)] for i in at]
    assert list(lazy.texts) == eager.texts and lazy.texts[3:5] == eager.texts[3:5]
    if lazy.english_texts is not None:
        assert list(lazy.english_texts) == eager.english_texts
    assert [context.texts.english[row] for row in lazy.english] == rows["english"].tolist()


def test_their_record_is_that_of_the_table(world: World) -> None:
    found = drawn(world.spec(pairs=300), world.context)
    record = found.record()
    assert record == pairs_record(found.frame()) and record["pairs_distinct"] < 300
    expected = found.frame().reset_index().groupby("language").indices
    assert {name: rows.tolist() for name, rows in found.groups().items()} == {name: at.tolist() for name, at in expected.items()}


def test_a_cell_that_is_ready_has_tokenised_none_of_its_pairs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, context, loss = world.spec("optical"), world.context, registry.load(registry.parse_spec("optical"))
    made_ready(spec, context, loss, Clock(lambda *_: None), {})  # what is made once is there now
    seen: list[str] = []
    whole = Encoder.tokenize
    monkeypatch.setattr(Encoder, "tokenize", lambda self, texts, *more: (seen.extend(texts), whole(self, texts, *more))[1])
    ready = made_ready(spec, context, loss, Clock(lambda *_: None), {})
    seen = [text for text in seen if text != "a"]  # which a model is tried on when it is loaded
    assert len(seen) == len(ready.dev) == 16
    ready.pairs.texts.take([1, 2])
    assert len(seen) == 18
