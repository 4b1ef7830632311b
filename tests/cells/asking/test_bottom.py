"""What frozen layers make of the queries is computed once, and is not used where it does not fit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.cells.asking import bottom as module
from bench.cells.asking.bottom import SharedBottom, on_shared_bottom
from bench.encoders.encoder import Encoded, Encoder
from bench.training.freezing import layers
from bench.training.settings import Training
from tests.made_suite import World, made_world
from tests.tiny import SENTENCES

TEXTS = [*SENTENCES, "the cat " * 9]
PRECISIONS = pytest.mark.parametrize("precision", ["float32", "bf16"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def student_of(world: World, precision: str = "float32") -> Encoder:
    student = world.context.student.start()
    student.precision = precision
    return student


def trained(student: Encoder, part: torch.nn.Module) -> None:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in part.parameters():
            weights += 0.2 * torch.randn(weights.shape, generator=generator)


def same(found: Encoded, expected: Encoded, near: float) -> None:
    np.testing.assert_allclose(found.tokens.vectors, expected.tokens.vectors, atol=near)
    np.testing.assert_allclose(found.pooled, expected.pooled, atol=near)
    assert (found.tokens.offsets == expected.tokens.offsets).all() and (found.ids == expected.ids).all()


@PRECISIONS
def test_students_with_other_tops_read_the_same_file(
    world: World, tmp_path: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = 1e-5 if precision == "float32" else 0.05
    first = student_of(world, precision)
    same(SharedBottom(first, 1, tmp_path).encode(TEXTS), first.encode(TEXTS), near)
    [file] = tmp_path.glob("block-*/states.npy")
    assert np.load(file).dtype == (np.float32 if precision == "float32" else np.float16)
    second = student_of(world, precision)
    trained(second, layers(second.model)[1])
    expected = second.encode(TEXTS)
    assert np.abs(expected.pooled - first.encode(TEXTS).pooled).max() > 0.1
    monkeypatch.setattr(module, "below", lambda *_: pytest.fail("computed again"))
    whole: list[int] = []
    encode = second.encode_tokenized
    monkeypatch.setattr(second, "encode_tokenized", counted(second, encode, whole))
    same(SharedBottom(second, 1, tmp_path).encode(TEXTS), expected, near)
    assert whole == [module.CHECKED]  # the rest was never encoded as a whole


def counted(student: Encoder, encode, whole: list[int]):
    def run(items, *rest, given=None):
        if given is None:
            whole.append(len(items))
        return encode(items, *rest, given=given)

    return run


@PRECISIONS
def test_a_bottom_that_was_trained_is_not_replaced(world: World, tmp_path: Path, precision: str) -> None:
    SharedBottom(student_of(world, precision), 1, tmp_path).encode(TEXTS)
    other = student_of(world, precision)
    trained(other, layers(other.model)[0])
    same(SharedBottom(other, 1, tmp_path).encode(TEXTS), other.encode(TEXTS), 1e-5)


def test_a_model_that_is_called_in_another_way_is_encoded_as_a_whole(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = student_of(world)
    expected = student.encode(TEXTS)

    def refuse(*_: object, **__: object) -> None:
        raise TypeError("inputs_embeds")

    monkeypatch.setattr(module, "upper_only", refuse)
    same(SharedBottom(student, 1, tmp_path).encode(TEXTS), expected, 1e-6)


def test_only_students_with_a_frozen_bottom(world: World) -> None:
    spec = world.spec(pairs=8)
    student = student_of(world)
    for settings, shared in (
        (Training(freeze_embeddings=True, freeze_layers=1), True), (Training(freeze_embeddings=False, freeze_layers=1), False),
        (Training(freeze_embeddings=True, freeze_layers=0), False), (Training(freeze_embeddings=True, freeze_layers=2), False),
    ):  # fmt: skip
        found = on_shared_bottom(spec.model_copy(update={"training": settings}), world.context, student)
        assert isinstance(found, SharedBottom) == shared and (shared or found is student)


def test_the_oldest_blocks_are_forgotten(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    student = student_of(world)
    shared = SharedBottom(student, 1, tmp_path / "one")
    shared.encode(TEXTS[:4])
    [old] = tmp_path.glob("*/block-*/states.npy")
    os.utime(old, (1, 1))
    shared.encode(TEXTS[4:8])
    assert old.exists() and len(list(tmp_path.glob("*/block-*/states.npy"))) == 2
    monkeypatch.setattr(module, "ROOM", 1)
    SharedBottom(student, 1, tmp_path / "two").encode(TEXTS[8:12])
    assert not old.exists() and len(list(tmp_path.glob("*/block-*/states.npy"))) == 1  # the new one is always kept
