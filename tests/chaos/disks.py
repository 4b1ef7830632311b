"""Small disks, which need the right to mount."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def disk(place: Path, options: str) -> Iterator[Path]:
    """A disk in memory: `size=120k`.

    Raises:
        subprocess.CalledProcessError: nothing may be mounted here.
    """
    place.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", options, "tmpfs", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def change(place: Path, options: str) -> None:
    """Give a disk other options: `size=200m`, `ro`, `rw`."""
    _mount("-o", f"remount,{options}", str(place))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
