"""Which code this is: cells of two versions must not end up in one table."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import bench
import methods
from bench.base.errors import BenchError

LEFT_OUT = ("__pycache__", ".DS_Store")


@cache
def code() -> str:
    """Version and content of the code that runs here: `0.1.0 (3f9a02c41b7e)`; the same on two machines only if all files are."""
    digest = hashlib.sha256()
    for package in (bench, methods):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*")):
            if path.is_file() and not set(path.parts) & set(LEFT_OUT):
                digest.update(f"\0{package.__name__}/{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return f"{bench.__version__} ({digest.hexdigest()[:12]})"


def refused(node: str, there: str, here: str) -> BenchError:
    """The error for a machine with other code than this one.

    Args:
        node: what the user calls it.
        there, here: as `code` gives them.
    """
    return BenchError(
        f"{node} has XLSD bench {there}, this machine has {here}: their results do not belong in one table",
        "install the same version on both, then give the same command again",
    )
