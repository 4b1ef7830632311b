"""Where the unlabelled texts of a language come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from bench.cells.shared import unlabelled
from bench.cells.shared.unlabelled import BITEXT, DEV_QUERIES, own_texts
from bench.data.stored.bitext import StoredBitext
from bench.data.suite.types import Suite
from tests.made_suite import World, made_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def without_bitext(suite: Suite) -> Suite:
    return replace(suite, bitext=StoredBitext.of(suite.bitext.frame().query("language != 'hau_Latn'")))


def test_texts_are_those_of_the_training_bitext_evenly_from_its_sources(world: World) -> None:
    found = own_texts(world.suite, world.context.texts.fits, "hau_Latn", 30, "test")
    rows = world.suite.bitext.frame().query("language == 'hau_Latn'")
    source = dict(zip(rows["text"], rows["source"], strict=True))
    split = dict(zip(rows["text"], rows["split"], strict=True))
    assert found.origin == BITEXT and len(set(found.texts)) == 30
    assert Counter(source[text] for text in found.texts) == {"quran": 15, "scratch": 15}
    assert {split[text] for text in found.texts} == {"train"}
    assert own_texts(world.suite, world.context.texts.fits, "hau_Latn", 30, "dev") == found  # the same for every cell
    assert own_texts(world.suite, world.context.texts.fits, "hau_Latn", 20, "test").texts == found.texts[:20]
    assert len(own_texts(world.suite, world.context.texts.fits, "hau_Latn", 999, "test").texts) == 72  # all there are


def test_without_bitext_dev_queries_stand_in_but_never_test_queries(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = without_bitext(world.suite)
    asked = {split: {text for task in suite.tasks.values() if "hau_Latn" in task.languages(split)
                     for text in task.queries(split, "hau_Latn")["text"]} for split in ("dev", "test")}  # fmt: skip
    every = np.ones(len(suite.bitext), dtype=bool)
    assert own_texts(suite, every, "hau_Latn", 100, "test").texts == []  # 12 dev queries are too few
    monkeypatch.setattr(unlabelled, "LEAST", 8)
    found = own_texts(suite, every, "hau_Latn", 100, "test")
    assert found.origin == DEV_QUERIES and set(found.texts) == asked["dev"]
    assert not set(found.texts) - asked["dev"] and asked["test"] - asked["dev"]
    # Where dev queries are scored they would be centred on themselves.
    assert own_texts(suite, every, "hau_Latn", 100, "dev").texts == []


def test_few_texts_are_enough_where_no_more_are_asked_for(world: World) -> None:
    assert len(own_texts(world.suite, world.context.texts.fits, "swh_Latn", 3, "test").texts) == 3


def test_pairs_that_are_not_trained_on_for_their_length_give_no_texts(world: World) -> None:
    fits = world.suite.bitext["source"].equal("scratch")
    found = own_texts(world.suite, fits, "hau_Latn", 100, "test").texts
    rows = world.suite.bitext.frame().query("language == 'hau_Latn'")
    assert 0 < len(found) < 40 and set(found) <= set(rows.loc[rows["source"] == "scratch", "text"])
