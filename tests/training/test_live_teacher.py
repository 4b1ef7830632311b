"""The teacher that runs in every step gives the numbers that would lie on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.base.errors import BenchError
from bench.cells.cell import run_cell
from bench.cells.pairs import drawn, tokenised
from bench.cells.prepare import prepare
from bench.cells.shared.context import context_of, open_context
from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.training.live_teacher import LiveTeacher
from bench.training.loop import train
from bench.training.pairs import Pairs, TeacherStates
from bench.training.rarity import english_idf
from methods import registry
from tests.made_suite import World, made_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def without_room(world: World, method: str = "optical"):
    """The cell of a method whose teacher states may take no room."""
    profile = world.profile(method)
    hardware = profile.hardware.model_copy(update={"states_gb": 0.0})
    [spec] = cells(profile.model_copy(update={"hardware": hardware}), Languages.load())
    return spec


def test_states_are_those_on_disk(world: World) -> None:
    kept, live = world.context.teacher.targets, context_of(without_room(world)).teacher.targets
    assert isinstance(kept, TeacherStates) and isinstance(live, LiveTeacher)
    rows = np.array([5, 0, 5, 17, 2])
    expected, found = (one.batch(rows, torch.device("cpu")) for one in (kept, live))
    assert torch.equal(found.mask, expected.mask)
    torch.testing.assert_close(found.pooled, expected.pooled, atol=1e-6, rtol=0)
    # On disk and here they are rounded to float16, and fall on this side of a step or on that.
    torch.testing.assert_close(found.vectors, expected.vectors, atol=1e-3, rtol=0)
    assert [ids.tolist() for ids in live.token_ids(rows)] == [ids.tolist() for ids in kept.token_ids(rows)]


@pytest.mark.parametrize("method", ["optical(masses=idf)", "contrastive(form=dense)", "score_kl"])
def test_losses_are_those_of_states_on_disk(world: World, method: str) -> None:
    tables = []
    for spec in (world.spec(method), without_room(world, method)):
        context, loss = context_of(spec), registry.load(registry.parse_spec(method))
        student = context.student.start()
        rows = drawn(spec, context, loss)
        pairs, teacher = tokenised(rows, context, student, loss), context.teacher.targets
        if "idf" in loss.needs:
            teacher = english_idf(teacher, pairs)
            assert not np.allclose(teacher.idf(np.arange(60)), 1)
            pairs = Pairs(list(pairs.texts), pairs.english, idf=[np.ones(len(text), np.float32) for text in pairs.texts])
        tables.append(train(
            student, loss, context.teacher.space, teacher, pairs, Pairs([], np.array([], dtype=int)), spec.training, spec.seed,
            "32-true", "cpu", lambda *_: None,
        ))  # fmt: skip
    kept, live = (table["loss"].to_numpy() for table in tables)
    assert len(kept) == 6
    np.testing.assert_allclose(live, kept, rtol=2e-4)


def test_a_cell_without_room_for_states_is_the_same_cell(world: World) -> None:
    spec = without_room(world)
    assert spec.key == world.spec("optical").key
    losses = []
    for one in (world.spec("optical"), spec):
        found = run_cell(one, world.out("cell"), lambda *_: None)
        losses.append(found["dev"]["loss_end"])
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


def test_nothing_of_the_english_side_is_kept_where_there_is_no_room(world: World, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path))
    open_context.cache_clear()
    try:
        spec = without_room(world)
        profile = world.profile("optical")
        prepare(profile.model_copy(update={"hardware": profile.hardware.model_copy(update={"states_gb": 0.0})}), lambda *_: None)
        context = context_of(spec)
        english = context.texts.english_digest
        assert list((tmp_path / "states").rglob("tokens.npy"))  # documents
        assert not list((tmp_path / "states").rglob(english))
        # The space is that of the states on disk.
        space = context.teacher.space
        open_context.cache_clear()
        os.environ["XLSD_CACHE"] = str(tmp_path / "other")
        np.testing.assert_allclose(world.context.teacher.space.token_mean, space.token_mean, atol=1e-5)
        assert list((tmp_path / "other" / "states").rglob(english))
        with pytest.raises(BenchError, match="GB, and hardware.states_gb allows 0") as caught:
            _ = context.teacher.english
        assert "set hardware.states_gb to" in caught.value.hint
    finally:
        open_context.cache_clear()
