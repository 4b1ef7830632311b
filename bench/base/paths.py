"""Where things lie on disk, and how they get there: beside first, then moved in whole."""

from __future__ import annotations

import glob
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.base.errors import BenchError

REPOSITORY = Path(__file__).resolve().parents[2]


def cache_dir() -> Path:
    """Folder of downloaded packages, converted models and built data (`XLSD_CACHE` moves it)."""
    if explicit := os.environ.get("XLSD_CACHE"):
        return Path(explicit).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "xlsd-bench"


def in_utf8(path: Path) -> Path:
    """`path`, whose name from the root on is text: what is not UTF-8 can be opened, but not written into a record.

    Raises:
        BenchError: a folder above it, or itself, has such a name.
    """
    try:
        str(path.absolute()).encode("utf-8")
    except UnicodeEncodeError:
        shown = str(path.absolute()).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise BenchError(f"the name of {shown} is not UTF-8", "rename the folder, or work in another one") from None
    return path


def atomic_write(path: Path, content: bytes | str) -> None:
    """Write `content` so that `path` holds either the old or the new content, never a part.

    Raises:
        OSError: it cannot be written; `filename` says what.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        beside.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        os.replace(beside, path)
    except OSError as error:
        if error.filename is None:  # that of a full disk names no file
            error.filename = str(path)
        raise
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def atomic_dir(final: Path) -> Iterator[Path]:
    """Yield a folder beside `final`; on success it replaces `final`, on an exception it vanishes."""
    final.parent.mkdir(parents=True, exist_ok=True)
    beside = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}.tmp")
    beside.mkdir()
    try:
        yield beside
        readable(beside)
        if final.exists():
            # A directory cannot be replaced while it has content: the old one steps aside first.
            old = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}.old")
            os.replace(final, old)
            os.replace(beside, final)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(beside, final)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def remove_left_over(folder: Path, name: str = "") -> None:
    """Remove what killed processes left of `atomic_write` and `atomic_dir` in `folder`; only where nobody writes at the moment.

    Args:
        folder: need not exist.
        name: of the file or folder that was to be written; empty: of any.
    """
    for ending in ("tmp", "old"):
        for left in folder.glob(f".{glob.escape(name) or '*'}.????????.{ending}"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def readable(folder: Path) -> None:
    """Gives files that a library made for their owner alone (safetensors does) the mode that any other new file has."""
    fresh = folder / ".mode"
    fresh.touch()
    mode = fresh.stat().st_mode & 0o777
    fresh.unlink()
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_mode & 0o777 == 0o600 != mode:
            path.chmod(mode)
