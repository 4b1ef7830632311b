"""MaxSim on coded tokens, in a space that is fixed after the tokens were coded.

Codes hold raw states, since one collection serves experiments with different spaces. With the mean m and the unit query
token q of a space, <unit(x - m), q> = (<x, q> - <m, q>) / |x - m|: the products come from the codes, <m, q> is a number a query
token, and the length is computed once for every document token of a space and kept beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from bench.base.ragged import Ragged
from bench.encoders.space import Space
from bench.retrieval.large.codec import TokenCodec
from bench.retrieval.large.shards import Shard, read_ranges
from bench.retrieval.maxsim import maxima, mean_over_queries

ROWS = 1 << 17  # tokens decoded at a time where lengths are computed (200 MB at 384 dimensions)
PIECE = 1 << 18  # coded tokens read at a time where all documents are scored (100 MB)
_INVERSE = 4  # bytes of an inverse length behind the code of a token
_TINY = 1e-12


def write_inverse_lengths(path: Path, shard: Shard, codec: TokenCodec, space: Space) -> None:
    """Write 1 / |x - m| of every token of a shard, float32."""
    centring = space.token_centring
    with path.open("wb") as file:
        for start, stop in pieces(shard, ROWS):
            vectors = codec.decode(shard.codes(start, stop).vectors) - centring.mean
            if centring.directions.shape[1]:
                vectors -= (vectors @ centring.directions) @ centring.directions.T
            lengths = np.sqrt(np.einsum("td,td->t", vectors, vectors))
            (1 / np.maximum(lengths, _TINY)).astype(np.float32).tofile(file)


def pieces(shard: Shard, rows: int) -> Iterator[tuple[int, int]]:
    """Consecutive documents with at most so many tokens together, or one document."""
    start = 0
    while start < shard.documents:
        stop = int(np.searchsorted(shard.offsets, shard.offsets[start] + rows, side="right")) - 1
        stop = min(max(stop, start + 1), shard.documents)
        yield start, stop
        start = stop


class CodedTokens:
    """Coded tokens of documents, and products with query tokens.

    Args:
        codec: of the codes.
        space: of the query tokens.
        lengths: folder of the inverse lengths, one file a shard, called like the shard.
        device: where the products run.
    """

    def __init__(self, codec: TokenCodec, space: Space, lengths: Path, device: str) -> None:
        self.codec = codec
        self.mean = space.token_mean
        self.lengths = lengths
        self.device = torch.device(device)

    def read(self, shard: Shard, rows: np.ndarray) -> Ragged:
        """(T, size + 4) uint8 of documents of the shard, ascending: codes, then inverse lengths."""
        codes = shard.codes_of(rows)
        starts, counts = shard.offsets[rows], codes.lengths
        inverse = read_ranges(self.lengths / shard.folder.name, starts, counts, _INVERSE)
        return Ragged(np.concatenate([codes.vectors, inverse], axis=1), codes.offsets)

    def scores(self, documents: Ragged, queries: Ragged) -> np.ndarray:
        """(Q, n) MaxSim of unit query tokens and documents as `read` gives them."""
        order = np.argsort(documents.lengths, kind="stable")  # so that blocks need next to no padding
        folded, constant = self.codec.fold(queries.vectors)
        constant -= queries.vectors @ self.mean
        tokens = np.concatenate([folded, constant[:, None]], axis=1)
        scores = np.empty((len(queries), len(documents)), dtype=np.float32)
        for start, stop, best in maxima(documents.take(order), tokens, self.device, product=self._multiply):
            scores[:, order[start:stop]] = mean_over_queries(best, queries)
        return scores

    def _multiply(self, block: torch.Tensor, batch: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        size = self.codec.size
        torch.mm(self.codec.unpack(block[:, :size]), batch[:, :-1].T, out=out)
        out += batch[:, -1]
        out *= block[:, size:].contiguous().view(torch.float32)
        return out
