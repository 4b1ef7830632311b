"""What a file holds, as a hash that is worked out once: nothing is taken for a file's content that could lie about it."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

from bench.base.paths import atomic_write, cache_dir
from bench.base.progress import tell

BLOCK = 1 << 24  # bytes read at a time
# A file that was changed so shortly before it was read may be changed again within the same tick of the clock.
SETTLED = 2 * 10**9  # nanoseconds; file systems count in at most two seconds


def content_hash(path: Path) -> str:
    """sha256 of a file (hex). It is read once; then five numbers of the file system stand for it.

    They are device, inode, size, time of change of the content and time of change of the inode (ctime). Size and
    modification time alone can be equal for two contents (`touch -d`, `cp -p`, archives that are unpacked): the ctime cannot
    be set, every write, rename and `touch` moves it to now. It is believed only where it was at least two seconds old when the
    file was read, so that no later write can share it, and not on systems without one (Windows); there the file is read.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    path = Path(path)
    place = str(path.resolve())
    note = cache_dir() / "fingerprints" / f"file-{hashlib.sha256(place.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}.json"
    seen = _seen(path)
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        if os.name == "posix" and known["file"] == [place, *seen]:
            return str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    read_at = time.time_ns()
    digest = _digest(path, seen[2])
    if _seen(path) == seen and read_at - seen[-1] > SETTLED:
        atomic_write(note, json.dumps({"file": [place, *seen], "sha256": digest}))
    return digest


def _digest(path: Path, size: int) -> str:
    """sha256 of the content; says how far it is with a file that takes long."""
    digest, read = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            read += len(block)
            if size > BLOCK:
                tell(f"reading {path.name}", min(1.0, read / size))
    return digest.hexdigest()


def _seen(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
