"""Clusters for tests: real ones, on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.execution.elsewhere.on_ray.nodes import RayNodes

NEEDED = "XLSD_NEED_CLUSTER"  # set by .ci/run: there a missing cluster is a failure, not a skipped test


def without(message: str) -> None:
    """Ends a test that cannot be had here."""
    pytest.fail(message) if os.environ.get(NEEDED) else pytest.skip(message)


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
