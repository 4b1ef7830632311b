"""Blocked MaxSim: for pairs of texts, the mean over query tokens of the maximum over document tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from bench.base.ragged import Ragged

# One product is (document tokens of a block) x (tokens of a query batch). Document tokens are the rows, so
# that the maximum over them runs down contiguous columns. Share of the bare product's speed that is left
# with the maximum (one core of a Xeon with AVX-512, d = 384, documents of 110 / 45 / 12 tokens): document
# tokens as rows 92 / 91 / 93 %, query tokens as rows 89 / 78 / 71 %. 2048 x 1024 products (8 MB) stay in
# the L3 cache; between 1024 x 512 and 4096 x 2048 no difference stood out from the noise of a shared machine.
BLOCK_ROWS = 2048
BATCH_TOKENS = 1024
DEVICE_BLOCK_ROWS = 16384  # an accelerator wants fewer, larger products
DEVICE_BATCH_TOKENS = 16384
PAIR_TOKENS = 8192  # query tokens (12 MB at 384 dimensions) for which pairs are scored at a time on a processor
MARKS = 1 << 24  # marks of documents and query tokens that belong together, held at a time (16 MB)

Product = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def multiply(block: torch.Tensor, batch: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """(rows, d) x (tokens, d) -> (rows, tokens), into `out`."""
    return torch.mm(block, batch.T, out=out)


@torch.inference_mode()
def maxima(
    documents: Ragged,
    tokens: np.ndarray,
    device: torch.device,
    block_rows: int | None = None,
    batch_tokens: int | None = None,
    product: Product = multiply,
    cell: torch.dtype = torch.float32,
) -> Iterator[tuple[int, int, np.ndarray]]:
    """For blocks of documents, the highest product of each query token with a token of each document.

    Args:
        documents: token vectors, best ordered by length. Blocks are moved to the device one by one.
        tokens: (t, d) query tokens of any number of queries, end to end.
        device: where the products run.
        block_rows: document tokens per product (one document at least); None: chosen for the device.
        batch_tokens: query tokens per product; None: chosen for the device.
        product: writes the product of a block and a batch into a buffer of type `cell`.

    Yields:
        start, stop, (stop - start, t): documents `start` to `stop` and their maxima.
    """
    on_cpu = device.type == "cpu"
    block_rows = block_rows or (BLOCK_ROWS if on_cpu else DEVICE_BLOCK_ROWS)
    batch_tokens = batch_tokens or (BATCH_TOKENS if on_cpu else DEVICE_BATCH_TOKENS)
    batches = [
        torch.from_numpy(np.ascontiguousarray(tokens[at : at + batch_tokens])).to(device)
        for at in range(0, len(tokens), batch_tokens)
    ]
    buffer = torch.empty(0, dtype=cell, device=device)
    for start, stop, rows in blocks(documents, block_rows):
        block = torch.from_numpy(rows).to(device)
        if len(buffer) < len(block) * min(batch_tokens, len(tokens)):
            buffer = torch.empty(len(block) * min(batch_tokens, len(tokens)), dtype=cell, device=device)
        best = np.empty((stop - start, len(tokens)), dtype=np.float32)
        at = 0
        for batch in batches:
            cells = product(block, batch, buffer[: len(block) * len(batch)].view(len(block), len(batch)))
            highest = cells.view(stop - start, -1, len(batch)).amax(dim=1)
            best[:, at : at + len(batch)] = highest.cpu().numpy()
            at += len(batch)
        yield start, stop, best


def blocks(documents: Ragged, block_rows: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Consecutive documents as (number * longest, d), short ones filled with copies of their last token.

    A repeated token changes no maximum, so the padding needs no mask.
    """
    lengths, offsets = documents.lengths, documents.offsets
    start = 0
    while start < len(lengths):
        stop, longest = start + 1, int(lengths[start])
        while stop < len(lengths) and max(longest, lengths[stop]) * (stop + 1 - start) <= block_rows:
            longest = max(longest, int(lengths[stop]))
            stop += 1
        if (lengths[start:stop] == longest).all():
            yield start, stop, documents.vectors[offsets[start] : offsets[stop]]
        else:
            first, last = offsets[start:stop, None], offsets[start + 1 : stop + 1, None] - 1
            yield start, stop, documents.vectors[np.minimum(first + np.arange(longest), last).ravel()]
        start = stop


def mean_over_queries(best: np.ndarray, queries: Ragged) -> np.ndarray:
    """(n, t) maxima of all query tokens -> (Q, n) means over the tokens of each query."""
    return (np.add.reduceat(best, queries.offsets[:-1], axis=1) / queries.lengths).T


@torch.inference_mode()
def score_pairs(documents: Ragged, queries: Ragged, wanted: np.ndarray, device: torch.device) -> np.ndarray:
    """Scores of some pairs only.

    Goes document by document and gathers the queries that want it: documents are the longer texts, so this
    copies less per product than gathering the documents of each query. Gathered rows and products are written
    into the same memory again and again, and fast where all queries together stay in the cache (`PAIR_TOKENS`).

    Args:
        wanted: (Q, n) bool.

    Returns:
        (Q, n) float32; 0 where not wanted.
    """
    scores = np.zeros(wanted.shape, dtype=np.float32)
    tokens = torch.from_numpy(np.ascontiguousarray(queries.vectors)).to(device)
    lengths = queries.lengths
    owner = np.repeat(np.arange(len(queries)), lengths)
    gathered = torch.empty_like(tokens)
    cells = torch.empty(int(documents.lengths.max(initial=0)) * len(tokens), dtype=tokens.dtype, device=device)
    step = max(1, MARKS // max(1, len(tokens)))
    for start in range(0, len(documents), step):
        asked = np.ascontiguousarray(wanted[:, start : start + step].T)  # (documents, Q)
        rows = torch.from_numpy(np.nonzero(asked[:, owner])[1]).to(device)  # of the tokens, document by document
        best = torch.empty(len(rows), dtype=tokens.dtype, device=device)
        at = 0
        for document, count in enumerate((asked @ lengths).tolist(), start):
            if not count:
                continue
            batch = tokens
            if count < len(tokens):
                batch = torch.index_select(tokens, 0, rows[at : at + count], out=gathered[:count])
            block = torch.from_numpy(documents[document]).to(device)
            product = torch.mm(block, batch.T, out=cells[: len(block) * count].view(len(block), count))
            torch.amax(product, dim=0, out=best[at : at + count])
            at += count
        number, query = np.nonzero(asked)
        if len(query):
            sizes = lengths[query]
            sums = np.add.reduceat(best.cpu().numpy(), np.cumsum(sizes) - sizes)
            scores[query, start + number] = sums / sizes
    return scores


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """True float32 products, whatever autocast or precision setting the caller trains with."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
