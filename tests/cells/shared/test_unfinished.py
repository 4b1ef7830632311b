"""A cell whose process dies in training goes on, and its scores are those of one that did not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.cells.cell import run_cell
from bench.cells.shared import unfinished
from bench.execution.base import RUN_CELL, Finished
from bench.execution.job import execute
from bench.experiment.spec import CellSpec
from bench.experiment.store import Store
from bench.training.stepping import Stepping
from tests.made_suite import World, made_world

NMT = "nmt(decoder_layers=1,english_passes=0,max_tokens=6)"
STOPPING = "nmt(check_every=1,decoder_layers=1,decoder_rate=400.0,english_passes=0,epochs=3,max_tokens=6,patience=4)"


class PowerCut(BaseException):
    """Not an error that a cell could be marked as failed for."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def wanted(world: World, method: str, minutes: float = 1e-9) -> CellSpec:
    return world.spec(method, pairs=100).model_copy(update={"checkpoint_minutes": minutes})


@pytest.mark.parametrize("method", ["contrastive(form=dense)", NMT, STOPPING])
def test_a_cell_that_died_goes_on(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    spec = wanted(world, method)
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    run_cell(spec.model_copy(update={"checkpoint_minutes": 0.0}), undisturbed, lambda *_: None)

    store, steps = Store(tmp_path / "store"), []
    update = Stepping.update

    def counted(self, *args):
        steps.append(self.made)
        if len(steps) == 3:
            raise PowerCut
        return update(self, *args)

    monkeypatch.setattr(Stepping, "update", counted)
    with pytest.raises(PowerCut):
        execute(spec, store, RUN_CELL, lambda *_: None)
    assert store.state(spec) == "missing" and list(store.unfinished(spec).iterdir())
    assert isinstance(execute(spec, store, RUN_CELL, lambda *_: None), Finished)
    assert steps[2:5] == [2, 2, 3]  # the step that was lost is made again, none before it
    for name in ("metrics.csv", "per_query.parquet"):
        assert (store.folder(spec) / name).read_bytes() == (undisturbed / name).read_bytes()
    assert not store.unfinished(spec).exists()  # a finished cell has none


def test_another_cell_or_another_library_does_not_go_on_from_it(world: World, tmp_path: Path, monkeypatch) -> None:
    store, spec = Store(tmp_path), wanted(world, "contrastive")
    here = store.unfinished(spec)
    assert store.unfinished(wanted(world, "contrastive(form=dense)")) != here
    monkeypatch.setattr("bench.experiment.store.versions", lambda: {"torch": "another"})
    assert store.unfinished(spec) != here


def test_how_often_is_no_part_of_the_key(world: World, tmp_path: Path) -> None:
    assert wanted(world, "contrastive", 5.0).key == wanted(world, "contrastive", 0.0).key
    assert unfinished.checkpoints(wanted(world, "contrastive", 0.0), tmp_path / "cells" / "one") is None
    assert unfinished.checkpoints(wanted(world, "contrastive", 5.0), tmp_path / "cells" / "one").minutes == 5.0
