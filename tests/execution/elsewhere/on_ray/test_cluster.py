"""A real Ray cluster of several nodes on this machine, whose nodes see nothing of the driver's disk."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from typing import Any

import psutil
import pytest
import yaml

from bench.base.paths import REPOSITORY
from tests.chaos.tables import contents, left_over
from tests.execution.elsewhere.on_ray.nodes import Node, RayNodes
from tests.execution.elsewhere.running import FAKE, SMALL, TABLES, Run, ends, processes, ran_twice
from tests.own_data import collection, english, other
from tests.tiny import tiny_xlmr

pytestmark = [pytest.mark.xdist_group("ray"), pytest.mark.unsteady]  # one cluster for all of them


def start(nodes: RayNodes, on: str, name: str, *cells: str) -> Run:
    """A run whose results and cache the nodes do not see."""
    return Run(nodes.environment(), on, nodes.driver / name, *cells)


@pytest.fixture(scope="module")
def here(ray_nodes: RayNodes) -> dict[str, bytes]:
    """What the same cells leave when they run on this machine."""
    for left in ray_nodes.fake.iterdir():  # of a test before the first that asks for this
        left.unlink()
    run = start(ray_nodes, "here", "here")
    assert run.end() == 0, run.said
    return contents(ray_nodes.driver / "here")


@pytest.fixture
def fake(ray_nodes: RayNodes) -> Callable[[str, str], None]:
    """Sets how cells behave; forgets what other tests have said."""
    for left in ray_nodes.fake.iterdir():
        left.unlink()

    def behave(cell: str, how: str) -> None:
        (ray_nodes.fake / cell).write_text(how)

    return behave


def node(ray_nodes: RayNodes, name: str, **options: Any) -> Node:
    """A node of that name, started if no test has done so, or if it was lost."""
    for one in ray_nodes.nodes:
        if one.name == name and one.process.poll() is None:
            return one
    return ray_nodes.add(name, **options)


def test_real_cells_end_as_on_this_machine_and_what_they_need_is_sent_once_a_node(ray_nodes, tmp_path):
    for name in ("one", "two"):
        node(ray_nodes, name)
    world = ray_nodes.driver / "world"  # nothing of it is seen by the nodes
    collection(world / "data")
    texts = [text for i in range(130) for text in (english(i), other(i, "sw"), other(i, "am"))]
    for seed, name in enumerate(("teacher", "student")):
        tiny_xlmr(world / name, texts=texts, seed=seed)
    profile = {
        "name": "real", "data": {"suite": "data"}, "models": {"teacher": "teacher", "student": "student"},
        "grid": {"methods": ["untrained", "contrastive"], "sizes": [2]},
        "training": {"pairs": 32, "batch_size": 4, "max_length": 32, "freeze_layers": 0},
        "store": {"students": True}, "hardware": {"threads": 1, "checkpoint_minutes": 0.001},
    }  # fmt: skip
    (world / "real.yaml").write_text(yaml.safe_dump(profile))
    cells = [str(world / "real.yaml"), "bench.cells.cell:run_cell", "bench.cells.prepare:prepare"]
    local = start(ray_nodes, "here", "world/here", *cells)
    assert local.end() == 0, local.said
    run = start(ray_nodes, "ray", "world/there", *cells)
    assert run.end() == 0, run.said
    expected, found = contents(world / "here"), contents(world / "there")
    assert sorted(found) == sorted(expected) and len([name for name in found if name.endswith("per_query.parquet")]) == 2
    assert [name for name in found if found[name] != expected[name]] == []
    assert run.said.count("that cells share") == 2, run.said
    for name in ("one", "two"):
        [place] = (ray_nodes.cache(name) / "elsewhere").glob("*/cache/suite/*/suite.json")
        assert not (place.parents[3] / "inputs").joinpath("data").exists(), "texts themselves need not go"
    assert not list((world / "there").rglob("unfinished/*")), "checkpoints of finished cells are gone"


def test_a_disk_that_nodes_share_is_used(ray_nodes, here, fake):
    node(ray_nodes, "one")
    shared = ray_nodes.base / "shared"
    cells = [str(SMALL), TABLES, "tests.execution.fake_cells:prepare", *FAKE]
    environment = ray_nodes.environment() | {"XLSD_CACHE": str(shared / "cache")}
    run = Run(environment, "ray", shared / "results", *cells, "hardware.prepare_there=true")
    assert run.end() == 0, run.said
    assert len(list(ray_nodes.fake.glob("prepared *"))) == 1
    run = start(ray_nodes, "ray", "unseen", *cells, "hardware.prepare_there=true")
    assert run.end() == 2 and "a node of the cluster does not see" in run.said, run.said
    found, profile = contents(shared / "results"), "small/profile.yaml"
    assert found.pop(profile) != here[profile] and found == {name: here[name] for name in here if name != profile}
    assert "that cells share" not in run.said
    assert not list((shared / "cache" / "elsewhere").glob("seen-*"))


def test_a_node_is_lost_while_a_cell_runs_and_another_one_joins(ray_nodes, here, fake):
    """Through Ray's client: the driver is no part of the cluster."""
    nodes = {name: node(ray_nodes, name) for name in ("one", "two")}
    slow = "contrastive@2#0"
    fake(slow, "wait 600")
    run = start(ray_nodes, f"ray://127.0.0.1:{ray_nodes.client_port}", "lossy")
    process = run.began(slow)
    fake(slow, "")
    [lost] = [name for name, one in nodes.items() if process in one.processes()]
    nodes[lost].kill()
    node(ray_nodes, "late")
    assert run.end() == 0, run.said
    assert f"{slow} was lost with its node; it starts again" in run.said and "has joined" in run.said
    assert contents(ray_nodes.driver / "lossy") == here
    assert ran_twice(ray_nodes.fake) == {slow: 2}
    assert not left_over(ray_nodes.driver / "lossy")


def test_a_driver_that_is_killed_goes_on_where_it_was(ray_nodes, here, fake):
    node(ray_nodes, "late")
    results = ray_nodes.driver / "killed"
    slow = "optical@2#0"
    fake(slow, "wait 600")
    run = start(ray_nodes, "ray", "killed")
    process = run.began(slow)
    run.until(lambda: len(list(results.glob("small/cells/[!.]*"))) == 4)
    run.process.send_signal(signal.SIGKILL)
    run.process.wait()
    fake(slow, "")
    again = start(ray_nodes, "ray", "killed")
    assert again.end() == 0, again.said
    assert contents(results) == here
    assert ran_twice(ray_nodes.fake) == {slow: 2}
    assert ends(process), "a cell of the killed run is still at work"


def test_ctrl_c_ends_the_cells(ray_nodes, fake):
    node(ray_nodes, "late")
    fake("optical@1#0", "wait 600")
    run = start(ray_nodes, "ray", "interrupted")
    process = run.began("optical@1#0")
    run.process.send_signal(signal.SIGINT)
    assert run.end() == 130, run.said
    assert "cells are done and kept" in run.said and "Traceback" not in run.said
    assert ends(process)


def test_a_node_whose_disk_is_full_gets_no_more_cells(ray_nodes, here, fake):
    node(ray_nodes, "late")
    small = node(ray_nodes, "small", disk_mb=12)
    for cell in ("untrained@0#0", "contrastive@1#0", "optical@1#0", "contrastive@2#0", "optical@2#0"):
        fake(cell, "write 40")
    run = start(ray_nodes, "ray", "full")
    assert run.end() == 0, run.said
    assert "gets no more cells: its disk" in run.said and str(ray_nodes.cache("small")) in run.said
    assert contents(ray_nodes.driver / "full") == here
    small.kill()


def test_other_code_is_refused_and_both_versions_are_named(ray_nodes, here, fake, tmp_path):
    node(ray_nodes, "late")
    for part in ("bench", "methods", "tests", "languages.yaml"):
        source = REPOSITORY / part
        shutil.copytree(source, tmp_path / part) if source.is_dir() else shutil.copy(source, tmp_path / part)
    (tmp_path / "bench" / "execution" / "job.py").open("a").write("\n# another way\n")
    stranger = ray_nodes.add("stranger", code=tmp_path)
    run = start(ray_nodes, "ray", "refused")
    assert run.end() == 2, run.said
    assert "has XLSD bench 0." in run.said and "this machine has 0." in run.said and "install the same version" in run.said
    assert not list((ray_nodes.driver / "refused").glob("small/cells/*"))
    stranger.kill()
    # One that joins later is left alone, and the run goes on. All cells wait, so that some are left when it comes.
    cells = ("untrained@0#0", "contrastive@1#0", "optical@1#0", "contrastive@2#0", "optical@2#0")
    for cell in cells:
        fake(cell, "wait 600")
    run = start(ray_nodes, "ray", "late-stranger")
    run.began("untrained@0#0")
    os.rename(tmp_path, tmp_path.with_name("elsewhere"))
    ray_nodes.add("stranger-2", code=tmp_path.with_name("elsewhere"))
    run.until(lambda: "gets no more cells: it has XLSD bench 0." in run.said)
    for cell in cells:
        fake(cell, "")
    begun = [began[-1] for cell in cells if (began := processes(ray_nodes.fake, cell))]
    for process in begun:
        psutil.Process(process).kill()  # they fail, and need not be waited for
    assert run.end() == 1 and run.said.count("FAILED") == 2 * len(begun) > 0, run.said
    assert len(list((ray_nodes.driver / "late-stranger").glob("small/cells/*/metrics.csv"))) == len(cells) - len(begun) > 0
