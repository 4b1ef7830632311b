"""Clusters for tests: real ones, on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.base.paths import REPOSITORY
from tests.execution.elsewhere.on_ray.nodes import RayNodes

NEEDED = "XLSD_NEED_CLUSTER"  # set by .ci/run: there a missing cluster is a failure, not a skipped test


def without(message: str) -> None:
    """Ends a test that cannot be had here."""
    pytest.fail(message) if os.environ.get(NEEDED) else pytest.skip(message)


class Slurm:
    """Debian's Slurm with one node, which is this machine.

    Args:
        base: folder for all of it, and for the runs.
    """

    cpus = 2

    def __init__(self, base: Path) -> None:
        self.base, self.fake = base, base / "fake"
        self.fake.mkdir(parents=True)

    def environment(self) -> dict[str, str]:
        """Of a driver."""
        return {
            **os.environ, "SLURM_CONF": str(self.base / "slurm" / "slurm.conf"), "PYTHONPATH": str(REPOSITORY),
            "XLSD_CACHE": str(self.base / "cache"), "FAKE_DIR": str(self.fake), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip

    def asked(self, *command: str) -> str:
        """What one of Slurm's commands says."""
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A Slurm that was started for these tests."""
    try:
        import submitit  # noqa: F401
    except ImportError:
        without("no submitit (pip install -e '.[slurm]'): cells are not run on Slurm")
    found = Slurm(Path(tmp_path_factory.mktemp("slurm")))
    script, folder = str(REPOSITORY / "tests" / "slurm" / "start.sh"), str(found.base / "slurm")
    try:
        started = subprocess.run(["bash", script, folder, str(found.cpus)], capture_output=True, text=True)
        if started.returncode:
            without(f"no Slurm (apt-get install slurm-wlm munge, as root): {started.stderr.strip()}")
        yield found
    finally:
        subprocess.run(["bash", script, "--stop", folder])


@pytest.fixture(scope="module")
def ray_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayNodes]:
    """A Ray cluster of a head alone; tests add nodes."""
    try:
        import ray  # noqa: F401
    except ImportError:
        without("no Ray (pip install -e '.[ray]'): cells are not run on a cluster")
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "--mount", "true"], capture_output=True).returncode:
        without("no disk can be hidden here (unshare --mount, as root): cells are not run on a cluster")
    base = Path(tmp_path_factory.mktemp("ray"))
    nodes = RayNodes(base)
    try:
        yield nodes
    finally:
        nodes.close()
