"""What the processes of one training tell each other, so that all of them make the steps that one would make alone.

Every rank encodes its share of the texts of a batch. What it gets is gathered, so that every rank has the states of the whole
batch and works out the loss of the whole batch: any loss, negatives of all ranks included. Gradients go back through the rank's
own rows alone. Their sum over the ranks is the gradient of the whole batch, and all ranks make the same step.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from bench.base.errors import BenchError

PATIENCE = timedelta(hours=24)  # one rank may prepare for hours what the others read afterwards; a dead one is noticed otherwise
BUCKET = 1 << 24  # numbers summed in one go: 64 MB
CLOSE = 1e-4  # by how much of itself a loss may differ between ranks: theirs are of the same numbers


class Ranks:
    """This process among those that train together.

    Attributes:
        rank: from 0; the first alone reports and writes.
        size: processes; 1: nobody else, and nothing is exchanged.
    """

    def __init__(self, rank: int = 0, size: int = 1, meeting: Path | None = None) -> None:
        """`meeting`: an empty folder that all of them see, where they find each other."""
        self.rank, self.size, self.meeting = rank, size, meeting
        self.device = torch.device("cpu")

    @property
    def alone(self) -> bool:
        """Whether there are no others."""
        return self.size == 1

    @property
    def backend(self) -> str:
        """NCCL between GPUs, gloo between processors."""
        return "nccl" if self.device.type == "cuda" else "gloo"

    @contextmanager
    def joined(self, device: str) -> Iterator[None]:
        """Meet the others, and part in the end; `device` is `cuda` or `cpu`."""
        if self.alone:
            yield
            return
        assert self.meeting is not None, "ranks need a place to meet"
        if sys.platform == "linux":
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # a host's own name need not lead anywhere
        store = dist.FileStore(str(self.meeting / "store"), self.size)
        self.device = torch.device("cuda", self.rank) if device == "cuda" else torch.device("cpu")
        dist.init_process_group(self.backend, store=store, rank=self.rank, world_size=self.size, timeout=PATIENCE)
        try:
            yield
        finally:
            dist.destroy_process_group()

    def agree(self, what: str, content: bytes) -> None:
        """All ranks must have the same `content`.

        Raises:
            BenchError: they do not.
        """
        if self.alone:
            return
        own = torch.tensor(list(hashlib.sha256(content).digest()), dtype=torch.uint8, device=self.device)
        found = [torch.empty_like(own) for _ in range(self.size)]
        dist.all_gather(found, own)
        if any(not torch.equal(one, own) for one in found):
            raise BenchError(
                f"the {self.size} devices of the cell have different {what}",
                "a file may have changed while they started: run the cell again, or set hardware.devices=1",
            )

    def shares(self, lengths: np.ndarray) -> list[np.ndarray]:
        """Positions of the texts that each rank encodes, dealt out by length so that all have about as many tokens."""
        if self.alone:
            return [np.arange(len(lengths))]
        order = np.argsort(-np.asarray(lengths), kind="stable")
        return [np.sort(order[rank :: self.size]) for rank in range(self.size)]

    def gathered(self, own: Tensor, shares: Sequence[np.ndarray]) -> Tensor:
        """(n, ...) rows of all ranks in the order of positions; `own` are this rank's, and gradients go through them alone."""
        if self.alone:
            return own
        most = max(map(len, shares))
        sent = own.new_zeros(most, *own.shape[1:])
        sent[: len(own)] = own.detach()
        parts = [torch.empty_like(sent) for _ in range(self.size)]
        dist.all_gather(parts, sent)
        rows = [own if rank == self.rank else part[: len(shares[rank])] for rank, part in enumerate(parts)]
        return torch.cat(rows)[torch.from_numpy(np.argsort(np.concatenate(shares))).to(own.device)]

    def sum_gradients(self, parameters: Sequence[nn.Parameter], loss: Tensor, name: str) -> None:
        """Put the gradient of the whole batch in place of that of this rank's rows.

        Args:
            parameters: in the same order on all ranks. One without a gradient on any rank stays without.
            loss: of the whole batch, which all ranks have worked out from the same states.
            name: what it is called.

        Raises:
            BenchError: they have come to different losses.
        """
        if self.alone:
            return
        value = loss.detach().double()
        there = [float(p.grad is not None) for p in parameters]
        told = torch.cat([torch.stack([value, -value]), torch.tensor(there, dtype=torch.float64, device=value.device)])
        told = told.to(self.device)
        dist.all_reduce(told, dist.ReduceOp.MAX)
        most, least, *flags = told.tolist()
        if most + least > CLOSE * max(abs(most), 1e-6):
            raise BenchError(
                f"{name} is {most:.6g} on one device and {-least:.6g} on another, from the same states",
                "it depends on something else than its arguments and torch's random numbers (`bench check-method` tells more); "
                "set hardware.devices=1",
            )
        wanted = [p for p, flag in zip(parameters, flags, strict=True) if flag]
        for p in wanted:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        for bucket in _buckets([p.grad for p in wanted if p.grad is not None]):
            flat = torch.cat([gradient.reshape(-1) for gradient in bucket])
            dist.all_reduce(flat)
            for gradient, part in zip(bucket, flat.split([one.numel() for one in bucket]), strict=True):
                gradient.copy_(part.view_as(gradient))

    def each(self, value: float) -> list[float]:
        """The value of every rank, by rank."""
        if self.alone:
            return [value]
        own = torch.tensor([value], dtype=torch.float64, device=self.device)
        found = [torch.empty_like(own) for _ in range(self.size)]
        dist.all_gather(found, own)
        return [float(one) for one in found]


ALONE = Ranks()


def _buckets(gradients: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """In their order, about `BUCKET` numbers together."""
    bucket: list[Tensor] = []
    for gradient in gradients:
        bucket.append(gradient)
        if sum(one.numel() for one in bucket) >= BUCKET:
            yield bucket
            bucket = []
    if bucket:
        yield bucket
