"""A training that is cut off goes on, and ends with the weights of one that was not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

import bench.training.checkpoints
from bench.cells.pairs import dev_pairs, training_pairs
from bench.training.checkpoints import FILE, Checkpoints
from bench.training.loop import train
from methods import registry
from methods.base import Method
from tests.made_suite import World, made_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


class PowerCut(Exception):
    pass


def trained(
    world: World, text: str, kept: Checkpoints | None = None, stop: int = 0, precision: str = "32-true", **training
) -> tuple[dict[str, torch.Tensor], pd.DataFrame]:
    """Weights and log; the power goes off in the loss of step `stop`."""
    spec, context = world.spec(**training), world.context
    student, method = context.student.start(), registry.load(registry.parse_spec(text))
    pairs, _ = training_pairs(spec, context, student, method)
    if stop:
        _cut_off(method, stop)
    table = train(
        student, method, context.teacher.space, context.teacher.targets, pairs, dev_pairs(spec, context, student, method)[0],
        spec.training, spec.seed, precision, "cpu", lambda *_: None, kept=kept,
    )  # fmt: skip
    return {name: tensor.clone() for name, tensor in student.model.state_dict().items()}, table


def _cut_off(method: Method, stop: int) -> None:
    whole, calls = method.loss, 0

    def loss(*args, **needed):
        nonlocal calls
        calls += torch.is_grad_enabled()
        if calls == stop:
            raise PowerCut
        return whole(*args, **needed)

    method.loss = loss  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("method", "precision", "training"),
    [
        ("contrastive(form=dense,queue=24)", "32-true", {}),
        ("optical_contrastive(contrast=contrastive(form=dense,queue=24))", "bf16-mixed", {}),
        ("shuffled(method=contrastive(form=dense,queue=24))", "32-true", {"freeze_embeddings": True, "freeze_layers": 1}),
        ("random_plan", "32-true", {}),
    ],
)
def test_a_training_that_was_cut_off_ends_with_the_same_weights(
    world: World, tmp_path: Path, method: str, precision: str, training: dict
) -> None:
    expected, table = trained(world, method, precision=precision, pairs=200, **training)
    kept = Checkpoints(tmp_path / "kept", 0.0)
    with pytest.raises(PowerCut):
        trained(world, method, kept, 4, precision, pairs=200, **training)
    assert kept.found()
    found, again = trained(world, method, kept, 0, precision, pairs=200, **training)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    # The losses are those of one run, each step once.
    columns = [name for name in table if name != "seconds"]
    pd.testing.assert_frame_equal(again[columns], table[columns])
    assert (again["seconds"].diff().dropna() >= 0).all()


def test_it_goes_on_and_does_not_begin_again(world: World, tmp_path: Path) -> None:
    steps = trained(world, "contrastive", pairs=200)[1]["loss"].count()
    kept = Checkpoints(tmp_path / "kept", 0.0)
    with pytest.raises(PowerCut):
        trained(world, "contrastive", kept, 4, pairs=200)
    with pytest.raises(PowerCut):
        trained(world, "contrastive", kept, 3, pairs=200)
    # Three and two are done: one step fewer than are left does not end it, all that are left do.
    with pytest.raises(PowerCut):
        trained(world, "contrastive", kept, steps - 5, pairs=200)
    _, table = trained(world, "contrastive", kept, 3, pairs=200)
    assert table["loss"].count() == steps > 7


def test_a_checkpoint_takes_no_part_of_the_table_that_never_moved(world: World, tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "kept", 0.0)
    with pytest.raises(PowerCut):
        trained(world, "contrastive", kept, 3, pairs=200)
    saved = torch.load(kept.found(), weights_only=True)
    words = world.context.student.start().model.get_input_embeddings().weight
    assert 0 < len(saved["xlsd"]["words"]["rows"]) < len(words) and not saved["state_dict"]
    kept.remove()
    assert kept.found() is None


def test_a_checkpoint_finds_room_in_what_the_steps_leave_idle(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    save = pl.Trainer.save_checkpoint

    def noted(trainer: pl.Trainer, *given: object) -> None:
        seen.append("save")
        save(trainer, *given)

    monkeypatch.setattr(bench.training.checkpoints, "give_back", lambda: seen.append("give back"))
    monkeypatch.setattr(pl.Trainer, "save_checkpoint", noted)
    trained(world, "contrastive", Checkpoints(tmp_path / "kept", 0.0), pairs=24)
    assert seen == ["give back", "save", "give back"] * 2  # none after the last of three steps


def test_none_is_written_before_its_time(world: World, tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "kept", 60.0)
    trained(world, "contrastive", kept, pairs=200)
    assert not kept.folder.exists()


def test_a_full_disk_costs_the_checkpoint_and_not_the_training(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bench.training.checkpoints.os, "replace", full)
    kept = Checkpoints(tmp_path / "kept", 0.0)
    _, table = trained(world, "contrastive", kept, pairs=200)
    assert table["loss"].count() > 5 and not (kept.folder / FILE).exists() and not list(kept.folder.iterdir())
