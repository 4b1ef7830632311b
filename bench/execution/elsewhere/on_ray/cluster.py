"""Cells as tasks of a Ray cluster, with or without a disk that its nodes share."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench.base.errors import BenchError
from bench.base.manifest import versions
from bench.execution.base import RUN_CELL, Event, Executor, Note
from bench.execution.elsewhere.code import code, refused
from bench.execution.elsewhere.on_ray import tasks
from bench.execution.elsewhere.on_ray.call import call_there
from bench.execution.elsewhere.on_ray.run import RayRun, options_of
from bench.execution.elsewhere.parcel import pack
from bench.execution.elsewhere.resources import Machine, check_room
from bench.experiment.profile.schema import Hardware, Profile
from bench.experiment.spec import CellSpec
from bench.experiment.store import Store

HERE = "ray"  # the cluster that runs on this machine, or that RAY_ADDRESS names
TRIES = 5  # to get a server from the head node, as a client
PATIENCE = 600.0  # seconds in which a node must say which code it has
EXTRA = "pip install 'xlsd-bench[ray]' (from a clone: pip install -e '.[ray]'), with the same versions on all nodes"


class RayCluster(Executor):
    """Executor whose cells are tasks of a Ray cluster.

    A cell that is lost with its node starts again on another one, from its last checkpoint. Nodes may join at any time.

    Args:
        address: `ray`, or `ray://host:port` of a cluster that this machine is no part of.
        store: takes the results; no node ever writes to it.
        hardware: what a cell takes.
        runner: import path of `run_cell(spec, out_dir, report) -> dict`.
    """

    def __init__(self, address: str, store: Store, hardware: Hardware, runner: str = RUN_CELL) -> None:
        self.address, self.store, self.hardware, self.runner = address, store, hardware, runner
        self.used: list[str] = []

    def prepared(self, used: Sequence[str]) -> None:
        """Files and folders of the caches that the cells need."""
        self.used = list(used)

    def call(self, function: str, profile: Profile, report: Callable[[str, float], None]) -> Any | None:
        """See `Executor.call`; on a node with `hardware.prepare_there`."""
        if not self.hardware.prepare_there:
            return None
        with connected(self.address) as ray:
            return call_there(ray, options_of(self.hardware), function, profile, report)

    def machines(self) -> list[Machine]:
        """The nodes of the cluster. Raises `BenchError` if there is none to be reached."""
        with connected(self.address) as ray:
            return [machine_of(node) for node in ray.nodes() if node["Alive"]]

    def run(self, specs: Sequence[CellSpec]) -> Iterator[Event]:
        """See `Executor.run`.

        Raises:
            BenchError: also if no cluster can be reached, no node has room for a cell, or a node has other code.
        """
        if not specs:
            return
        with connected(self.address) as ray:
            nodes = [node for node in ray.nodes() if node["Alive"]]
            check_room([machine_of(node) for node in nodes], self.hardware, f"the Ray cluster {self.address}")
            yield from self._checked(ray, [node for node in nodes if machine_of(node).room(self.hardware)])
            run = RayRun(ray, self.store, self.hardware, self.runner, pack(self.used, specs))
            try:
                yield from run.events(specs)
            finally:
                run.end()

    def _checked(self, ray: Any, nodes: Sequence[dict[str, Any]]) -> Iterator[Note]:
        """Notes on nodes with other libraries; a `BenchError` for one with other code."""
        asked = {}
        for node in nodes:
            pinned = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            options = {"num_cpus": 0, "max_retries": 0, "scheduling_strategy": pinned}
            asked[ray.remote(tasks.probe()).options(**options).remote()] = node
        for told, node in asked.items():
            try:
                found = ray.get(told, timeout=PATIENCE)
            except ray.exceptions.GetTimeoutError as error:
                hint = "look at its Ray logs, or take it out of the cluster"
                raise BenchError(f"{name_of(node)} does not answer", hint) from error
            except ray.exceptions.RayError:
                continue  # it has gone meanwhile, or will say so again when it is given a cell
            if found["code"] != code():
                raise refused(name_of(node), found["code"], code())
            if other := differing(found["versions"]):
                yield Note(f"{name_of(node)} has {other}: its numbers may differ in the last digits")


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """The module `ray`, connected to a cluster; a connection that was there already is used, and stays.

    Raises:
        BenchError: Ray is not installed, no cluster is there, or it has another version.
    """
    # Ray tells its own makers of every use unless it is asked not to, and leaves threads of its own in each child.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise BenchError("--on ray needs the package ray, which is not installed", EXTRA) from error
    if ray.is_initialized():
        yield ray
        return
    for left in reversed(range(TRIES)):
        try:
            ray.init("auto" if address == HERE else address, log_to_driver=False, logging_level=logging.ERROR)
            break
        except ConnectionAbortedError as error:  # a busy head node does not get its server for a client up in time
            if not left:
                raise _unreachable(address, error) from error
        except (ConnectionError, RuntimeError, TimeoutError, ValueError, ImportError, OSError) as error:
            raise _unreachable(address, error) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _unreachable(address: str, error: Exception) -> BenchError:
    said = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    hint = "start one with `ray start --head`, or name one: --on ray://host:10001" if address == HERE else "check the address"
    return BenchError(f"no Ray cluster can be reached ({address}): {said[-1]}", hint)


def machine_of(node: dict[str, Any]) -> Machine:
    """A node as `ray.nodes` describes it."""
    has = node["Resources"]
    gpu = next((name.partition(":")[2] for name in has if name.startswith("accelerator_type:")), "")
    return Machine(int(has.get("CPU", 0)), int(has.get("GPU", 0)), has.get("memory", 0) / 2**30, gpu)


def name_of(node: dict[str, Any]) -> str:
    """What a node is called in messages."""
    return f"node {node['NodeID'][:8]} ({node.get('NodeManagerAddress', '?')})"


def differing(there: dict[str, str]) -> str:
    """Libraries of which another version is there, in words; empty if all are the same."""
    return ", ".join(
        f"{name} {there.get(name, 'none')} (here {mine})" for name, mine in versions().items() if there.get(name) != mine
    )
