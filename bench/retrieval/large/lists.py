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
        probes: lists visited for a query.
    """

    def __init__(self, folder: Path, probes: int) -> None:
        index: Any = faiss.read_index(str(folder / _FILE), faiss.IO_FLAG_ONDISK_SAME_DIR | faiss.IO_FLAG_READ_ONLY)
        index.nprobe = min(probes, index.nlist)
        self.index = index

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        """(Q, k) positions of the documents that are probably the best by inner product; -1 where fewer were found."""
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        with small_batches_fast():
            parts = [self.index.search(queries[at : at + QUERIES], k)[1] for at in range(0, len(queries), QUERIES)]
        return np.concatenate(parts) if parts else np.empty((0, k), dtype=np.int64)
