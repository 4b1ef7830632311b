"""A collection on disk: raw pooled vectors, coded token vectors and ids, in shards of consecutive documents.

A shard is written whole or not at all, so that an interrupted run goes on behind the last one. Files are read piece by
piece, never mapped: what a search has in memory is what it asked for, however large the collection.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.base.errors import BenchError
from bench.base.ragged import Ragged
from bench.retrieval.large.codec import TokenCodec
from bench.retrieval.late import check_tokens

States = tuple[np.ndarray, Ragged]  # pooled (n, d) float32, tokens of n texts (float32 or float16), both raw
Encode = Callable[[Sequence[str]], States]
ENCODED_AT_ONCE = 512  # documents of which token vectors are in memory while a shard is written (400 MB if all are long)


def write_shard(folder: Path, ids: Sequence[str], texts: Sequence[str], encode: Encode, codec: TokenCodec,
                done: Callable[[int], None]) -> None:  # fmt: skip
    """Encode documents into `folder`.

    Args:
        folder: existing and empty.
        encode: texts -> raw states.
        done: told how many documents were encoded since the last call.

    Raises:
        BenchError: a document has no token, or a vector that is NaN or infinite (names it): codes could not say so.
    """
    pooled: list[np.ndarray] = []
    lengths: list[np.ndarray] = []
    with (folder / "codes.bin").open("wb") as codes:
        for start in range(0, len(texts), ENCODED_AT_ONCE):
            vectors, tokens = encode(texts[start : start + ENCODED_AT_ONCE])
            _check(ids[start : start + ENCODED_AT_ONCE], vectors, tokens)
            pooled.append(vectors)
            lengths.append(tokens.lengths)
            codec.encode(tokens.vectors).tofile(codes)
            done(len(vectors))
    np.concatenate(pooled).astype(np.float32).tofile(folder / "pooled.bin")
    np.save(folder / "offsets.npy", _offsets(np.concatenate(lengths)))
    names = [name.encode("utf-8") for name in ids]
    np.save(folder / "id_offsets.npy", _offsets([len(name) for name in names]))
    (folder / "ids.bin").write_bytes(b"".join(names))
    np.save(folder / "id_hashes.npy", _hashes(ids))
    about = {"documents": len(ids), "tokens": int(sum(map(np.sum, lengths))), "digest": digest(ids, texts)}
    (folder / "shard.json").write_text(json.dumps(about))


def _check(ids: Sequence[str], pooled: np.ndarray, tokens: Ragged) -> None:
    check_tokens("document", ids, tokens)
    broken = ~np.isfinite(pooled).all(axis=1)
    if broken.any():
        raise BenchError(f"document {ids[int(broken.argmax())]!r} has a vector that is NaN or infinite", "look at the teacher")


def digest(ids: Iterable[str], texts: Iterable[str]) -> str:
    """Identity of the documents of a shard."""
    found = hashlib.sha256()
    for part in (ids, texts):
        for text in part:
            found.update(text.encode("utf-8", "surrogatepass") + b"\0")
        found.update(b"\1")
    return found.hexdigest()


@dataclass(frozen=True)
class Shard:
    """One folder that `write_shard` wrote; `first` is the position of its first document."""

    folder: Path
    first: int
    documents: int
    dimension: int
    code_size: int

    @cached_property
    def offsets(self) -> np.ndarray:
        """(n + 1,) first row of the tokens of every document."""
        return np.load(self.folder / "offsets.npy", allow_pickle=False)

    @cached_property
    def _id_offsets(self) -> np.ndarray:
        return np.load(self.folder / "id_offsets.npy", allow_pickle=False)

    def pooled(self, rows: np.ndarray | None = None) -> np.ndarray:
        """(r, d) raw pooled vectors of documents of the shard, ascending; all by default."""
        width = 4 * self.dimension
        if rows is None:
            return np.fromfile(self.folder / "pooled.bin", dtype=np.float32).reshape(-1, self.dimension)
        found = read_ranges(self.folder / "pooled.bin", rows, np.ones_like(rows), width)
        return found.view(np.float32).reshape(-1, self.dimension)

    def codes(self, start: int, stop: int) -> Ragged:
        """Codes of the consecutive documents `start` to `stop`."""
        offsets = self.offsets[start : stop + 1]
        first, count = offsets[:1], offsets[-1:] - offsets[:1]
        return Ragged(read_ranges(self.folder / "codes.bin", first, count, self.code_size), offsets - offsets[0])

    def codes_of(self, rows: np.ndarray) -> Ragged:
        """Codes of documents of the shard, ascending."""
        counts = self.offsets[rows + 1] - self.offsets[rows]
        return Ragged(read_ranges(self.folder / "codes.bin", self.offsets[rows], counts, self.code_size), _offsets(counts))

    def ids(self, rows: np.ndarray) -> list[str]:
        """Ids of documents of the shard, ascending."""
        starts = self._id_offsets[rows]
        counts = self._id_offsets[rows + 1] - starts
        content = read_ranges(self.folder / "ids.bin", starts, counts, 1).tobytes()
        ends = np.cumsum(counts)
        return [content[end - count : end].decode("utf-8") for end, count in zip(ends.tolist(), counts.tolist(), strict=True)]


class Shards:
    """All shards of a collection, as one list of documents.

    Args:
        folders: in the order of the documents.
        codec: that their codes were made with.

    Raises:
        BenchError: a folder is not what `write_shard` wrote.
    """

    def __init__(self, folders: Sequence[Path], codec: TokenCodec) -> None:
        self.codec = codec
        self.shards: list[Shard] = []
        first = 0
        for folder in folders:
            try:
                documents = int(json.loads((folder / "shard.json").read_text())["documents"])
            except (OSError, ValueError, KeyError) as error:
                raise BenchError(f"{folder} is no readable shard: {error}", "delete it and run again") from error
            self.shards.append(Shard(folder, first, documents, codec.dimension, codec.size))
            first += documents
        self.firsts = np.array([shard.first for shard in self.shards])
        self.documents = first

    def __len__(self) -> int:
        return self.documents

    def split(self, positions: np.ndarray) -> list[tuple[int, Shard, np.ndarray]]:
        """Ascending positions as (start in `positions`, shard, rows of the shard)."""
        cuts = np.searchsorted(positions, [*self.firsts, self.documents])
        return [
            (int(a), shard, positions[a:b] - shard.first)
            for shard, a, b in zip(self.shards, cuts[:-1], cuts[1:], strict=True) if b > a
        ]  # fmt: skip

    def ids(self, positions: np.ndarray) -> list[str]:
        """Ids of the documents at these ascending positions."""
        return [name for _, shard, rows in self.split(positions) for name in shard.ids(rows)]

    def pooled(self, positions: np.ndarray) -> np.ndarray:
        """(n, d) raw pooled vectors of the documents at these ascending positions."""
        parts = [shard.pooled(rows) for _, shard, rows in self.split(positions)]
        return np.concatenate(parts) if parts else np.empty((0, self.codec.dimension), np.float32)

    def check_unique(self) -> None:
        """Raise a `BenchError` that names an id that occurs twice, in whichever shards."""
        hashes = np.concatenate([np.load(shard.folder / "id_hashes.npy", allow_pickle=False) for shard in self.shards])
        order = np.argsort(hashes, kind="stable")
        for place in np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]]):
            one, other = self.ids(np.sort(order[place : place + 2]))
            if one == other:
                raise BenchError(f"document id {one!r} occurs more than once", "document ids must be unique")


def read_ranges(path: Path, starts: np.ndarray, counts: np.ndarray, width: int) -> np.ndarray:
    """(sum of counts, width) uint8: `counts[i]` rows of `width` bytes from row `starts[i]` on, ascending.

    Ranges that touch are read at once.
    """
    total = int(counts.sum())
    found = np.empty((total, width), dtype=np.uint8)
    if not total:
        return found
    new = np.flatnonzero(np.concatenate([[True], starts[1:] != starts[:-1] + counts[:-1]]))
    sizes = np.add.reduceat(counts, new)
    view, at = memoryview(found.reshape(-1)), 0  # type: ignore[arg-type]
    descriptor = os.open(path, os.O_RDONLY)
    try:
        for start, size in zip((starts[new] * width).tolist(), (sizes * width).tolist(), strict=True):
            end = at + size
            while at < end:
                got = os.preadv(descriptor, [view[at:end]], start)
                if not got:
                    raise BenchError(f"{path} is shorter than it should be", f"delete {path.parent} and run again")
                at, start = at + got, start + got
    finally:
        os.close(descriptor)
    return found


def _offsets(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    found = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=found[1:])
    return found


def _hashes(ids: Sequence[str]) -> np.ndarray:
    digests = b"".join(hashlib.blake2b(name.encode("utf-8"), digest_size=8).digest() for name in ids)
    return np.frombuffer(digests, dtype=np.uint64)
