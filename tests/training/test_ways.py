"""The ways in which a step is made cheaper leave training what it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import torch

import bench.training.module
import bench.training.stepping
from bench.cells.pairs import dev_pairs, training_pairs
from bench.encoders.encoder import Encoder
from bench.training.loop import train
from bench.training.module import Distillation
from bench.training.pairs import Pairs
from methods import registry
from tests.made_suite import World, made_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def trained(world: World, precision: str = "32-true", method: str = "contrastive") -> tuple[Encoder, pd.DataFrame]:
    """A student of which everything was trained, and its log."""
    # A low rate: this tiny world makes rounding larger step by step.
    spec, context = world.spec(pairs=400, freeze_embeddings=False, freeze_layers=0, learning_rate=1e-4), world.context
    student, loss = context.student.start(), registry.load(registry.parse_spec(method))
    pairs, dev = (drawn(spec, context, student, loss)[0] for drawn in (training_pairs, dev_pairs))
    table = train(
        student, loss, context.teacher.space, context.teacher.targets, pairs, dev, spec.training, 0, precision, "cpu",
        lambda *_: None,
    )  # fmt: skip
    return student, table


def test_word_rows_give_the_weights_of_adamw_on_all_rows(world: World, monkeypatch: pytest.MonkeyPatch):
    lazy, table = trained(world)
    monkeypatch.setattr(bench.training.stepping, "can_stand_in", lambda *_: False)
    dense, other = trained(world)
    start = world.context.student.start().model.state_dict()
    ways = [one.attrs["how"]["word_embedding"] for one in (table, other)]
    assert ways == ["rows that occur", "all rows"]
    np.testing.assert_allclose(table["loss"].dropna(), other["loss"].dropna(), rtol=1e-4)
    for name, weight in dense.model.state_dict().items():
        found, moved = lazy.model.state_dict()[name], (weight - start[name]).abs().max()
        if not name.endswith("key.bias"):  # softmax does not see it: its gradient is rounding and nothing else
            assert moved > 1e-4 and (found - weight).abs().max() < 0.01 * moved, name
    assert type(lazy.model.get_input_embeddings()) is torch.nn.Embedding


def test_in_bfloat16_the_loss_goes_as_in_float32(world: World):
    tables = [trained(world, precision)[1] for precision in ("32-true", "bf16-mixed")]
    losses = [table["loss"].dropna().to_numpy() for table in tables]
    dev = [table["dev_loss"].dropna().to_numpy() for table in tables]
    assert dev[0][-1] < dev[0][0] and dev[1][-1] < dev[1][0]
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.03)
    assert [table.attrs["how"]["weights"] for table in tables] == ["float32", "bfloat16, masters in float32"]
    assert all(table.attrs["how"]["attention"] == "eager" for table in tables)


@pytest.mark.parametrize("groups", ["one a text", "as cut"])
def test_groups_and_repeats_do_not_change_states(world: World, monkeypatch: pytest.MonkeyPatch, groups: str):
    spec, context = world.spec(), world.context
    student = context.student.start()
    pairs, _ = training_pairs(spec, context, student)
    module = Distillation(student, registry.load(registry.parse_spec("contrastive")), context.teacher.space,
                          context.teacher.targets, Pairs([], np.array([], dtype=int)), spec.training, 1)  # fmt: skip
    sides = [pairs.texts[:6], [*pairs.texts[4:9], pairs.texts[4]]]
    if groups == "one a text":
        monkeypatch.setattr(bench.training.module, "cut", lambda lengths, _: [np.array([i]) for i in range(len(lengths))][::-1])
    encoded = []
    own = student.states
    monkeypatch.setattr(student, "states", lambda batch, given=None: encoded.append(len(batch)) or own(batch, given))
    found = module.states(*sides)
    assert sum(encoded) == len({tuple(text.ids) for side in sides for text in side})
    for side, states in zip(sides, found, strict=True):
        batch = student.collate(side)
        hidden, pooled = own(batch)
        assert torch.equal(states.mask, batch.content_mask)
        torch.testing.assert_close(states.pooled, module.space.pooled(pooled), rtol=1e-4, atol=1e-5)
        mask = states.mask
        torch.testing.assert_close(states.vectors[mask], module.space.tokens(hidden)[mask], rtol=1e-4, atol=1e-5)
