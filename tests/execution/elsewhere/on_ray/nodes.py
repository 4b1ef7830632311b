"""A real Ray cluster on one machine: each node has its own raylet, environment, cache folder and view of the disk."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from bench.base.paths import REPOSITORY

TRIES = 8
PATIENCE = 900.0  # seconds for a node to come up; machines of CI are busy


class Node:
    """A raylet with everything that belongs to it."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name, self.process, self.log = name, process, log

    def processes(self) -> set[int]:
        """Ids of everything that runs on it."""
        return {self.process.pid, *(one.pid for one in psutil.Process(self.process.pid).children(recursive=True))}

    def broken(self) -> bool:
        """Whether it has ended, or its raylet has."""
        if self.process.poll() is not None:
            return True
        parts = psutil.Process(self.process.pid).children()
        return any(part.name().startswith("raylet") and part.status() == psutil.STATUS_ZOMBIE for part in parts)

    def kill(self) -> None:
        """As if the power was cut: every process of the node is gone at once."""
        _kill(self.process.pid)


class RayNodes:
    """The cluster: a head that holds it together and runs nothing, and nodes that are added one by one.

    Args:
        base: folder for all of it; `base/driver` is hidden from the nodes, as a disk of another machine is.
    """

    def __init__(self, base: Path) -> None:
        self.base, self.nodes = base, list[Node]()
        self.driver, self.fake = base / "driver", base / "fake"
        for folder in (self.driver, self.fake):
            folder.mkdir(parents=True)
        self.port, self.client_port = free_port(), free_port()
        self.temp = Path(f"/tmp/xlsd-ray-{os.getpid()}")  # paths of sockets must be short
        common = ["--include-dashboard=false", "--disable-usage-stats", f"--temp-dir={self.temp}"]
        arguments = ["--head", f"--port={self.port}", f"--ray-client-server-port={self.client_port}", "--num-cpus=0", *common]
        self.head = self._up("head", arguments)

    @property
    def address(self) -> str:
        """Where drivers connect."""
        return f"127.0.0.1:{self.port}"

    def add(self, name: str, cpus: int = 1, code: Path = REPOSITORY, disk_mb: int | None = None, hidden: bool = True) -> Node:
        """A node more; returns when the cluster knows it.

        Args:
            code: the checkout that it runs.
            disk_mb: size of the disk that its cache folder lies on.
            hidden: whether the driver's disk is another one.
        """
        node = self._up(name, [f"--address={self.address}", f"--num-cpus={cpus}"], code, disk_mb, hidden)
        self.nodes.append(node)
        return node

    def alive(self) -> list[str]:
        """Names of the nodes that the cluster calls alive."""
        from ray._raylet import GcsClient

        try:
            found = GcsClient(address=self.address).get_all_node_info(timeout=5).values()
        except Exception:  # of whatever kind: it is not up yet
            return []
        return [node.labels["xlsd"] for node in found if node.state == 0]

    def cache(self, name: str) -> Path:
        """The node's cache folder."""
        return self.base / "nodes" / name / "cache"

    def environment(self, **more: str) -> dict[str, str]:
        """Of a driver."""
        return _environment(RAY_ADDRESS=self.address, XLSD_CACHE=str(self.driver / "cache"), FAKE_DIR=str(self.fake), **more)

    def close(self) -> None:
        """Nothing of it is left."""
        for node in [*self.nodes, self.head]:
            node.kill()
        shutil.rmtree(self.temp, ignore_errors=True)

    def _up(self, name: str, *how: Any) -> Node:
        """A node that the cluster knows; tried again, as a raylet gives up where the machine is too busy for its agents."""
        for _ in range(TRIES):
            node, deadline = self._start(name, *how), time.monotonic() + PATIENCE
            while not node.broken() and time.monotonic() < deadline:
                if name in self.alive():
                    return node
                time.sleep(0.2)
            node.kill()
        raise AssertionError(f"the node does not come up:\n{node.log.read_text(errors='replace')[-3000:]}")

    def _start(
        self, name: str, arguments: list[str], code: Path = REPOSITORY, disk_mb: int | None = None, hidden: bool = True
    ) -> Node:
        place = self.base / "nodes" / name
        (place / "cache").mkdir(parents=True, exist_ok=True)
        mounts = [f"mount -t tmpfs none {self.driver}"] if hidden else []
        if disk_mb:
            mounts.append(f"mount -t tmpfs -o size={disk_mb}m none {place / 'cache'}")
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--include-log-monitor=false"]
        ray += [f"--labels=xlsd={name}", f"--object-store-memory={80 * 2**20}", *arguments]
        shell = " && ".join([*mounts, "exec " + " ".join(ray)])
        environment = _environment(code, XLSD_CACHE=str(place / "cache"), FAKE_DIR=str(self.fake), XLSD_NODE=name)
        log = place / "log.txt"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", shell], env=environment, cwd=place, stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream, start_new_session=True,
            )  # fmt: skip
        return Node(name, process, log)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _environment(code: Path = REPOSITORY, **more: str) -> dict[str, str]:
    # With patience: by default a node gives up if it is not up in half a minute.
    ray = {"RAY_raylet_start_wait_time_s": str(int(PATIENCE)), "RAY_USAGE_STATS_ENABLED": "0"}
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**own, "PYTHONPATH": str(code), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", **ray, **more}


def _kill(pid: int) -> None:
    try:
        family = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
