from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import bench.training.lower
from bench.cells.pairs import dev_pairs, training_pairs
from bench.encoders.encoder import Encoder, TokenizedText
from bench.training.loop import train
from bench.training.lower import KEPT, LowerStates, lower_states, upper_only
from bench.training.pairs import Pairs
from methods import registry
from tests.made_suite import World, made_world

TYPES = pytest.mark.parametrize("dtype", [None, torch.bfloat16], ids=["float32", "bf16"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def student_of(world: World) -> tuple[Encoder, Pairs, Pairs]:
    spec, student = world.spec(pairs=200), world.context.student.start()
    method = registry.load(registry.parse_spec("multilingual_kd"))
    return student, *(drawn(spec, world.context, student, method)[0] for drawn in (training_pairs, dev_pairs))


@TYPES
def test_they_are_what_the_whole_model_computes_on_the_way(world: World, tmp_path: Path, dtype: torch.dtype | None):
    student, pairs, _ = student_of(world)
    before = {name: tensor.clone() for name, tensor in student.model.state_dict().items()}
    lower = lower_states(student, 1, dtype, [pairs.texts], tmp_path)
    assert lower is not None
    assert all(torch.equal(tensor, before[name]) for name, tensor in student.model.state_dict().items())
    texts = sorted(pairs.texts[:9], key=len)
    given = lower.batch(texts, torch.device("cpu"))
    assert given.dtype == lower.dtype == (dtype or torch.float32)
    if dtype is not None:
        student.model.to(dtype)
    with torch.no_grad():
        batch = student.collate(texts)
        whole = student.states(batch)[0].float()
        with upper_only(student.model, lower):
            cut = student.states(batch, given)[0].float()
        assert torch.equal(whole, student.states(batch)[0].float())  # the model is whole again
    real = batch.attention_mask
    near = 1e-5 if dtype is None else 0.05
    torch.testing.assert_close(cut[real], whole[real], rtol=near, atol=near)


@TYPES
@pytest.mark.parametrize("method", ["contrastive", "multilingual_kd"])
def test_training_goes_as_without_them(world: World, tmp_path: Path, method: str, dtype: torch.dtype | None):
    tables: list[pd.DataFrame] = []
    models = []
    for cached in (False, True):
        student, pairs, dev = student_of(world)
        lists = [texts for one in (pairs, dev) for texts in (one.texts, one.english_texts or [])]
        lower = lower_states(student, 1, dtype, lists, tmp_path) if cached else None
        settings = world.spec(pairs=200, freeze_layers=1, freeze_embeddings=True).training
        tables.append(
            train(
                student, registry.load(registry.parse_spec(method)), world.context.teacher.space, world.context.teacher.targets,
                pairs, dev, settings, 0, "32-true" if dtype is None else "bf16-mixed", "cpu", lambda *_: None, (), lower,
            )
        )  # fmt: skip
        models.append(student.model.state_dict())
    near = 1e-4 if dtype is None else 0.03
    for column in ("loss", "dev_loss"):
        np.testing.assert_allclose(tables[1][column], tables[0][column], rtol=near)
    assert all(
        tensor.shape == models[0][name].shape and tensor.dtype == models[0][name].dtype for name, tensor in models[1].items()
    )
    assert tables[1].attrs["how"]["lower_layers"] == "once a text" and "lower_layers" not in tables[0].attrs["how"]


def test_they_are_computed_once_and_then_read(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    student, pairs, dev = student_of(world)
    first = lower_states(student, 1, None, [pairs.texts, [*pairs.texts[:5], *dev.texts]], tmp_path)
    assert first is not None and all(tuple(text.ids) in first for text in [*pairs.texts, *dev.texts])
    computed = []
    below = bench.training.lower.below
    monkeypatch.setattr(bench.training.lower, "below", lambda *given: computed.append(len(given[2])) or below(*given))
    again = lower_states(student, 1, None, [pairs.texts[::-1]], tmp_path)  # in another order: the same list
    assert again is not None and sum(computed) <= bench.training.lower.CHECKED
    some = pairs.texts[3:7]
    assert torch.equal(*(one.batch(some, torch.device("cpu")) for one in (first, again)))


def test_only_the_last_lists_are_kept(world: World, tmp_path: Path):
    student, pairs, _ = student_of(world)
    for i in range(KEPT + 3):
        assert lower_states(student, 1, None, [pairs.texts[i : i + 2]], tmp_path) is not None
    assert len([one for one in tmp_path.iterdir() if one.is_dir()]) == KEPT


def test_a_model_that_cannot_be_cut_is_left_whole(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    student, pairs, _ = student_of(world)
    assert lower_states(student, 2, None, [pairs.texts], tmp_path) is None  # no layer would be left
    below = bench.training.lower.below
    monkeypatch.setattr(bench.training.lower, "below", lambda *given: (below(*given)[0] * 1.1, None))
    assert lower_states(student, 1, None, [pairs.texts], tmp_path) is None  # not what the whole model does
    student.model.embeddings, words = None, student.model.embeddings
    assert lower_states(student, 1, None, [pairs.texts], tmp_path) is None
    student.model.embeddings = words


def test_padding_is_zero():
    lower, texts = LowerStates(1, None), [TokenizedText([5, 6], [True] * 2), TokenizedText([7], [True])]
    lower.add(texts, np.arange(6, dtype=np.float32).reshape(3, 2))
    assert lower.batch(texts[::-1], torch.device("cpu")).tolist() == [[[4.0, 5.0], [0.0, 0.0]], [[0.0, 1.0], [2.0, 3.0]]]
