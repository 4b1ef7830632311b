"""What `bench plan` says of time, memory and disk, from stored cells and from assumptions."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.base.jsonfile import to_json
from bench.base.manifest import hardware
from bench.execution.elsewhere.needs import Needs, needs
from bench.execution.elsewhere.resources import Machine
from bench.experiment.costs import Assumed
from bench.experiment.plan import make_plan

SMALL = Path(__file__).parents[2] / "profiles" / "small.yaml"


@pytest.fixture
def plan(tmp_path):
    """Five cells, of which one is stored."""
    made = make_plan(str(SMALL), tmp_path, changes=["data.guard=null", "hardware.gpus=2", "hardware.memory_gb=2"])
    done = next(spec for spec in made.specs if spec.id == "contrastive@1#0")
    folder = made.store.folder(done)
    folder.mkdir(parents=True)
    manifest = {
        "key": done.key, "id": done.id, "status": "done", "method": "contrastive", "pairs_asked": done.pairs,
        "hardware": hardware(), "seconds": {"train": 40.0, "total": 60.0}, "peak_memory_mb": 3072,
        "files": {"metrics.csv": 1_000_000, "per_query.parquet": 3_000_000},
    }  # fmt: skip
    (folder / "manifest.json").write_text(to_json(manifest))
    (folder / "metrics.csv").write_bytes(bytes(1_000_000))
    (folder / "per_query.parquet").write_bytes(bytes(3_000_000))
    (tmp_path / "small" / "runs.json").write_text(json.dumps([{"prepare": {"shared_mb": 700.0}}, {"prepare": {}}]))
    return made


def text(plan, *how):
    return "\n".join(line.plain for line in needs(plan, *how))


def test_what_is_stored_says_what_the_rest_needs(plan):
    found = Needs.of(plan)
    assert found.memory_gb == 3.0 and found.results_gb == pytest.approx(4 * 4e-3) and found.shared_gb == 0.7
    # Of the profile: 0.1 and 2 x 0.3 minutes, and one contrastive cell as long as the one that was measured.
    assert found.cell_seconds == 6 + 60 + 18 + 18 and found.seconds == found.cell_seconds


def test_what_nobody_knows_is_said_with_the_way_to_know_it(tmp_path):
    made = make_plan(str(SMALL), tmp_path, changes=["data.guard=null"])
    assert Needs.of(made) == Needs(60 + 78, 78, None, None, None), "what is made before the cells counts as well"
    said = text(made)
    assert "memory: not measured yet: run one cell of the largest size, or --assume memory_gb=..." in said
    assert "--assume cell_mb=..." in said and "--assume shared_gb=..." in said


def test_assumptions_take_their_place(plan):
    assumed = Assumed(pairs_per_second=64, rest_minutes=1, memory_gb=24, cell_mb=100, shared_gb=50)
    found = Needs.of(replace(plan, assumed=assumed))
    assert found == Needs(60 + 3 * 64, 60 + 3 * 64, 24, 0.4, 50)
    said = text(replace(plan, assumed=assumed))
    assert said.splitlines()[1].startswith("assumed: pairs_per_second = 64, rest_minutes = 1")
    assert "disk: 0.40 GB for results; shared by all cells 50.00 GB" in said


def test_a_cluster_is_shown_with_what_a_cell_takes(plan):
    there = replace(plan, slots=3)
    said = text(there, "ray", [Machine(16, 2, 64.0, "A100"), Machine(16, 2, 64.0, "A100"), Machine(8, 2, 32.0)])
    assert "ray has 2 nodes of 16 cores, 2 GPUs (A100), 64 GB; 1 node of 8 cores, 2 GPUs, 32 GB" in said
    assert "a cell takes 1 core, 2 GPUs and 2 GB: 3 at a time" in said
    assert "time: 1:00 min until the last cell, 1:42 min of cells, 3:24 min of GPUs" in said
    assert "memory: 3.0 GB, the largest cell; hardware.memory_gb asks for 2 only" in said
    assert "and once more on every node that does not see this disk" in said
    assert "once more" not in text(there, "slurm", [Machine(16, 2, 64.0)])
