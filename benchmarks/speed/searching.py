"""Exact search by token vectors and by one vector a text."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import torch

from bench.base.ragged import Ragged
from bench.retrieval.dense import DenseIndex
from bench.retrieval.late import LateIndex
from benchmarks.speed.material import Vectors
from benchmarks.speed.pylate import Pylate
from benchmarks.speed.race import OURS, Contestant, Row, missing, race, settle

DEPTH = 100


def late(vectors: Vectors, device: str, pylate: Path, repeats: int, rates: dict[str, float]) -> list[Row]:
    """The `DEPTH` best documents of each query by MaxSim; documents are prepared beforehand, as each of them wants them."""
    part, queries, documents = "late interaction", vectors.queries, vectors.passages
    sizes = [one.lengths.mean() for one in (queries, documents)]
    work = f"{len(queries)} queries of {sizes[0]:.0f} tokens x {len(documents)} documents of {sizes[1]:.0f}: exact best {DEPTH}"
    flop = 2.0 * len(queries.vectors) * len(documents.vectors) * documents.vectors.shape[1]
    ids = [f"d{i}" for i in range(len(documents))]
    names = [f"q{i}" for i in range(len(queries))]
    index = LateIndex(ids, documents, device)
    plain = LateIndex(ids, documents, device, bounded=False)
    first = f"{OURS}, 8-bit bounds first" if index.bounded else OURS
    contestants = [Contestant(first, lambda: index.search(queries, DEPTH, names), flop)]
    if index.bounded:
        contestants.append(Contestant(f"{OURS}, all in float32", lambda: plain.search(queries, DEPTH, names), flop))
    rest = []
    try:
        from sentence_transformers.util.similarity import maxsim
    except ImportError:
        rest.append(missing(part, work, "sentence-transformers, maxsim", "pip install -e '.[dev]'"))
    else:
        asked, searched = (tensors(one, device) for one in (queries, documents))

        def theirs() -> None:
            maxsim(asked, searched).topk(min(DEPTH, len(searched)), dim=1)
            settle(device)

        contestants.append(Contestant("sentence-transformers, maxsim", theirs, flop))
    found = Pylate.start(pylate, queries, documents, device)
    if isinstance(found, str):
        rest.append(missing(part, work, "PyLate, rank.rerank", found))
        return race(part, work, contestants, repeats, rates) + rest
    with found:
        contestants.append(Contestant("PyLate, rank.rerank", found.run, flop))
        return race(part, work, contestants, repeats, rates) + rest


def dense(dimension: int, documents: int, queries: int, repeats: int, rates: dict[str, float]) -> list[Row]:
    """The `DEPTH` best documents of each query by inner product, on random unit vectors."""
    part, work = "dense search", f"{queries} queries x {documents} documents, {dimension} dimensions: exact best {DEPTH}"
    generator = np.random.default_rng(0)
    asked, searched = (unit(generator.standard_normal((n, dimension))) for n in (queries, documents))
    flop = 2.0 * queries * documents * dimension
    index = DenseIndex([f"d{i:07d}" for i in range(documents)], searched)
    names = [f"q{i}" for i in range(queries)]
    flat = faiss.IndexFlatIP(dimension)
    flat.add(searched)
    contestants = [
        Contestant(f"{OURS} (ties settled, float64 scores)", lambda: index.search(asked, DEPTH, names), flop),
        Contestant("FAISS, IndexFlatIP as it comes", lambda: flat.search(asked, DEPTH), flop),
    ]
    try:
        from sentence_transformers.util import semantic_search
    except ImportError:
        return [*race(part, work, contestants, repeats, rates),
                missing(part, work, "sentence-transformers, semantic_search", "pip install -e '.[dev]'")]  # fmt: skip
    left, right = torch.from_numpy(asked), torch.from_numpy(searched)
    contestants.append(Contestant(
        "sentence-transformers, semantic_search", lambda: semantic_search(left, right, top_k=DEPTH), flop
    ))  # fmt: skip
    return race(part, work, contestants, repeats, rates)


def tensors(items: Ragged, device: str) -> list[torch.Tensor]:
    """One matrix a text."""
    return [torch.from_numpy(items[i]).to(device) for i in range(len(items))]


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
