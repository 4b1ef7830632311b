"""A small experiment that was really run, and what `bench publish` makes of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bench.base.paths import atomic_write, cache_dir
from bench.execution.base import RUN_CELL, Finished
from bench.execution.job import execute
from bench.experiment.plan import Plan, make_plan
from bench.experiment.record import RUNS, add_run
from bench.output.publish.write import publish
from tests.made_suite import made_world

METHODS = ("untrained", "english", "contrastive", "contrastive(form=dense)")


@dataclass(frozen=True)
class Made:
    """An experiment `made` of four cells.

    Attributes:
        profile: its file.
        results: the folder of experiments.
        published: what `bench publish` wrote; to be copied before it is changed.
    """

    profile: Path
    results: Path
    published: Path

    @property
    def folder(self) -> Path:
        return self.results / "made"

    def plan(self, results: Path, *changes: str) -> Plan:
        return make_plan(str(self.profile), results, changes=changes)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with made_world(tmp_path_factory.mktemp("published")) as world:
        profile = world.base / "made.yaml"
        content = world.profile(*METHODS).model_dump(mode="json", exclude={"grid": {"methods"}})
        content["grid"]["methods"] = list(METHODS)
        profile.write_text(yaml.safe_dump(content), encoding="utf-8")
        found = Made(profile, world.base / "results", world.base / "folder")
        plan = found.plan(found.results)
        shutil.copytree(world.suite.path, cache_dir() / "suite" / plan.specs[0].data_key)
        for spec in plan.specs:
            assert isinstance(execute(spec, plan.store, RUN_CELL, lambda *_: None), Finished)
        atomic_write(plan.store.root / "profile.yaml", plan.description())
        add_run(plan.store.root / RUNS, "2026-01-01T00:00:00Z", 12.34, 2, {"seconds": {"suite": 3.0}}, {"run": 4, "failed": 0})
        publish(found.folder, found.published)
        yield found


@pytest.fixture
def copy(made: Made, tmp_path: Path) -> Path:
    """The published folder, to be changed."""
    return shutil.copytree(made.published, tmp_path / "copy")
