"""Which documents to look at: FAISS inverted lists over pooled vectors, built shard by shard and searched on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from faiss.contrib.ondisk import merge_ondisk

from bench.retrieval.dense import small_batches_fast

POINTS = 50  # vectors a list that k-means sees
QUERIES = 256  # of a FAISS call
_FILE, _LISTS = "pooled.ivf", "lists.bin"


def build_lists(folder: Path, final: Path, sample: np.ndarray, shards: Callable[[], Iterator[tuple[int, np.ndarray]]],
                seed: int = 0) -> None:  # fmt: skip
    """Write the index into `folder`, which is moved to `final` afterwards. In memory: the sample and one shard.

    Args:
        sample: (s, d) vectors that k-means places the lists by: about 4 lists for each square root of the documents.
        shards: gives position of the first document and (n, d) unit vectors of each shard.
        seed: of the k-means.
    """
    dimension = sample.shape[1]
    quantizer = faiss.IndexFlatIP(dimension)
    lists = max(1, len(sample) // POINTS)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, dimension, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT, False
    )
    index.cp.seed, index.cp.spherical = seed, True
    index.cp.min_points_per_centroid = 1  # no warning where there are few documents
    index.train(np.ascontiguousarray(sample, dtype=np.float32))
    empty = folder / "empty.ivf"
    faiss.write_index(index, str(empty))
    parts = []
    for number, (first, vectors) in enumerate(shards()):
        part = faiss.read_index(str(empty))
        part.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), np.arange(first, first + len(vectors)))
        parts.append(folder / f"{number}.ivf")
        faiss.write_index(part, str(parts[-1]))
    merge_ondisk(index, list(map(str, parts)), str(folder / _LISTS))
    merged: Any = faiss.downcast_InvertedLists(index.invlists)  # type: ignore[arg-type]
    merged.filename = str(final / _LISTS)
    faiss.write_index(index, str(folder / _FILE))
    for path in (empty, *parts):
        path.unlink()


def sample_size(documents: int) -> int:
    """How many vectors `build_lists` wants to see of a collection of this size."""
    return min(documents, POINTS * max(1, min(int(4 * documents**0.5), documents // POINTS)))


class Lists:
    """The index that `build_lists` wrote. In memory are the centres; FAISS maps the lists.

    Args:
        folder: where it lies.
    """

    def __init__(self, folder: Path) -> None:
        self.index: Any = faiss.read_index(str(folder / _FILE), faiss.IO_FLAG_ONDISK_SAME_DIR | faiss.IO_FLAG_READ_ONLY)

    @property
    def count(self) -> int:
        """How many lists there are."""
        return int(self.index.nlist)

    def search(self, queries: np.ndarray, k: int, probes: int) -> np.ndarray:
        """(Q, k) positions of the documents that are probably the best by inner product; -1 where fewer were found.

        Args:
            probes: lists visited for a query; more than there are is all of them.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        self.index.nprobe = min(probes, self.count)
        with small_batches_fast():
            parts = [self.index.search(queries[at : at + QUERIES], k)[1] for at in range(0, len(queries), QUERIES)]
        return np.concatenate(parts) if parts else np.empty((0, k), dtype=np.int64)

    def order(self, queries: np.ndarray) -> np.ndarray:
        """(Q, count) lists in the order in which a search visits them for each query."""
        with small_batches_fast():
            return self.index.quantizer.search(np.ascontiguousarray(queries, dtype=np.float32), self.count)[1]

    def list_of(self) -> np.ndarray:
        """(n,) int32: the list in which each document is."""
        found, stored = np.full(self.index.ntotal, -1, dtype=np.int32), self.index.invlists
        for number in range(self.count):
            size = stored.list_size(number)
            if size:  # an empty one has no address
                found[faiss.rev_swig_ptr(stored.get_ids(number), size)] = number
        return found
