"""Read data files out of wheels (zip) and npm tarballs (tgz) without unpacking them.

Archives are treated as hostile: nothing is written to disk, so member names never become paths. Names that
point outside, doubled names, encrypted members and anything above the size limits are errors; links are never
followed; a compressed stream is cut off at the limit instead of trusting the sizes that its headers state.
"""

from __future__ import annotations

import fnmatch
import gzip
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bench.base.errors import BenchError

MAX_MEMBER_BYTES = 256 * 2**20  # the largest wanted file is a 120 MiB search index
MAX_TARBALL_BYTES = 1024 * 2**20  # a tarball is decompressed from its start, so everything in it counts
MAX_MEMBERS = 100_000
_CHUNK = 1 << 20

# What the standard library raises on damaged archives: more than its documentation says.
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    OSError,  # BadGzipFile, and seeking to where a damaged header points
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
    OverflowError,
    RuntimeError,
    MemoryError,
    KeyError,
    IndexError,
)


def members(archive: Path, pattern: str = "*") -> list[str]:
    """Names of the regular files in `archive` that match `pattern` (case-sensitive, `*` crosses `/`), sorted.

    Raises:
        BenchError: the archive is damaged, hostile or of an unknown kind.
    """
    if _is_zip(archive):
        with _opened_zip(archive) as (_, infos):
            return sorted(name for name in infos if fnmatch.fnmatchcase(name, pattern))
    return sorted(name for name, _ in _walk_tarball(archive) if fnmatch.fnmatchcase(name, pattern))


def read_member(archive: Path, member: str) -> bytes:
    """Content of one regular file of `archive`, at most `MAX_MEMBER_BYTES` long.

    Raises:
        BenchError: no such regular file, or the archive is damaged or hostile.
    """
    for _, content in read_members(archive, member, literal=True):
        return content
    raise BenchError(f"{archive.name} holds no file {member!r}", "it is another release than expected")


def read_members(archive: Path, pattern: str, *, literal: bool = False) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of every regular file that matches, in one pass, in archive order.

    Args:
        pattern: as in `members`; with `literal` a plain name.
    Raises:
        BenchError: as `read_member`; a pattern without a match yields nothing.
    """

    def wanted(name: str) -> bool:
        return name == pattern if literal else fnmatch.fnmatchcase(name, pattern)

    if not _is_zip(archive):
        # Its only checksum covers the whole file and comes last: nothing is handed out before it has been compared.
        yield from [(name, _read(archive, name, stream)) for name, stream in _walk_tarball(archive) if wanted(name)]
        return
    with _opened_zip(archive) as (opened, infos):
        for name, info in infos.items():
            if wanted(name):
                try:
                    with opened.open(info) as stream:
                        content = _read(archive, name, stream)
                except _DAMAGED as error:
                    raise _damaged(archive, error) from error
                yield name, content


class _opened_zip:
    """Context: the open zip file and its regular files by name, all checked."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive

    def __enter__(self) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
        try:
            self._zip = zipfile.ZipFile(self._archive)
        except _DAMAGED as error:
            raise _damaged(self._archive, error) from error
        try:
            infos: dict[str, zipfile.ZipInfo] = {}
            for info in self._zip.infolist():
                _check_name(self._archive, info.filename, infos)
                kind = (info.external_attr >> 16) & 0o170000
                if info.is_dir() or kind not in (0, 0o100000):
                    continue  # folders, and links: a link is never followed
                infos[info.filename] = info
        except BaseException:
            self._zip.close()
            raise
        return self._zip, infos

    def __exit__(self, *_: object) -> None:
        self._zip.close()


class _Limited:
    """A stream that refuses to give more than a number of bytes (gzip bombs, giant tar headers)."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self._stream, self._left, self._limit = stream, limit, limit

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(self._left + 1 if size < 0 else min(size, self._left + 1))
        self._left -= len(block)
        if self._left < 0:
            raise ValueError(f"unpacks to more than {self._limit} bytes")
        return block


def _walk_tarball(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    try:
        with gzip.open(archive, "rb") as plain:
            limited = _Limited(plain, MAX_TARBALL_BYTES)
            with tarfile.open(fileobj=limited, mode="r|") as tar:  # type: ignore[call-overload]
                seen: dict[str, None] = {}
                for info in tar:
                    _check_name(archive, info.name, seen)
                    if not info.isreg() or info.issparse():
                        continue  # folders, links, devices
                    seen[info.name] = None
                    stream = tar.extractfile(info)
                    if stream is not None:
                        yield info.name, stream
                    tar.members = []  # a streamed tar keeps every header otherwise
            while limited.read(_CHUNK):  # to the end, where the checksum is: the tar reader stops before
                pass
    except _DAMAGED as error:
        raise _damaged(archive, error) from error


def _check_name(archive: Path, name: str, seen: dict) -> None:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        raise _damaged(archive, f"it has a member named {name!r}, which points outside the archive")
    if name in seen:
        raise _damaged(archive, f"it has two members named {name!r}")
    if len(seen) >= MAX_MEMBERS:
        raise _damaged(archive, f"it has more than {MAX_MEMBERS} members")


def _read(archive: Path, name: str, stream: IO[bytes]) -> bytes:
    content = stream.read(MAX_MEMBER_BYTES + 1)
    if len(content) > MAX_MEMBER_BYTES:
        raise _damaged(archive, f"{name} is larger than {MAX_MEMBER_BYTES} bytes")
    return content


def _is_zip(archive: Path) -> bool:
    try:
        with archive.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise BenchError(f"cannot read {archive}: {error.strerror}", "check path and permissions") from error
    if magic.startswith(b"PK"):
        return True
    if magic.startswith(b"\x1f\x8b"):
        return False
    raise _damaged(archive, "it is neither a zip (wheel) nor a gzip (npm tarball) file")


def _damaged(archive: Path, reason: object) -> BenchError:
    return BenchError(
        f"{archive} cannot be read as an archive: {reason}",
        "delete it and run again, so that it is downloaded anew",
    )
