"""Training of a word embedding at the price of the rows that occur, with the same result as AdamW on all rows.

A table of 120,000 words is most of a small encoder, and a batch holds a few hundred of them. But AdamW also moves rows
without a gradient: their moments fade step by step, and so does the weight. `RowAdamW` makes up for the steps that a row has
missed when it is needed again. With m and v as step a left them, and rate r_s, decay w, b1, b2, e of AdamW, the steps
a + 1 to b take a row p to

    D p - W m / (sqrt(v) + e'),   D = prod_s (1 - r_s w),
    W = sum_s r_s (b1 / sqrt(b2))^(s - a) sqrt(1 - b2^s) / (1 - b1^s) prod_(t > s) (1 - r_t w)

D and W are numbers that only depend on a and b. The one thing not exact is e' = e sqrt((1 - b2^(a + 1)) / b2): in AdamW it
changes from step to step by less than a thousandth of itself, and it is itself a thousandth of sqrt(v) or less.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHUNK = 16384  # rows of a table that are completed at a time


class RowAdamW:
    """AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) on the rows of a table, row by row when they are needed.

    Args:
        table: (V, d) float32, changed in place.
        weight_decay, betas, eps: as in `torch.optim.AdamW`.
    """

    def __init__(self, table: Tensor, weight_decay: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8) -> None:
        self.table, self.decay, self.betas, self.eps = table, weight_decay, betas, eps
        # Zeros that are never written to take no memory.
        self.mean, self.square = torch.zeros_like(table), torch.zeros_like(table)
        self.last = torch.zeros(len(table), dtype=torch.int64)  # step up to which a row is complete
        self._ever = torch.zeros(len(table), dtype=torch.bool)  # whether a row ever had a gradient
        # D and W of the text above for rows complete up to step 0, 1, ..., now.
        self._kept, self._moved = np.ones(1), np.zeros(1)

    @property
    def now(self) -> int:
        """Steps made."""
        return len(self._kept) - 1

    @torch.no_grad()
    def complete(self, rows: Tensor) -> None:
        """Make up for all steps that these rows (n,), each given once, have missed."""
        last = self.last[rows]
        late = last < self.now
        rows, last = rows[late], last[late]
        self.table[rows] *= torch.from_numpy(self._kept)[last].float().unsqueeze(1)
        self.last[rows] = self.now
        moving = self._ever[rows]  # a row that never occurred has no moments, and is to take no memory for them
        rows, last = rows[moving], last[moving]
        if not len(rows):
            return
        b1, b2 = self.betas
        missed = (self.now - last).double()
        moved = torch.from_numpy(self._moved)[last].float().unsqueeze(1)
        tiny = (self.eps * torch.sqrt((1 - b2 ** (last.double() + 1)) / b2)).float().unsqueeze(1)
        mean, square = self.mean[rows], self.square[rows]
        self.table[rows] -= moved * mean / (square.sqrt() + tiny)
        self.mean[rows] = mean * (b1**missed).float().unsqueeze(1)
        self.square[rows] = square * (b2**missed).float().unsqueeze(1)

    @torch.no_grad()
    def step(self, rows: Tensor, gradient: Tensor, rate: float) -> None:
        """One step of AdamW: rows (n,), each given once, have the gradient (n, d) float32, all others none."""
        self.complete(rows)
        b1, b2 = self.betas
        now = self.now + 1
        mean = self.mean[rows].lerp_(gradient, 1 - b1)
        square = (self.square[rows] * b2).addcmul_(gradient, gradient, value=1 - b2)
        root = (square.sqrt() / math.sqrt(1 - b2**now)).add_(self.eps)
        self.table[rows] = (self.table[rows] * (1 - rate * self.decay)).addcdiv_(mean, root, value=-rate / (1 - b1**now))
        self.mean[rows], self.square[rows], self.last[rows], self._ever[rows] = mean, square, now, True

        shrink = 1 - rate * self.decay
        ratio = (b1 / math.sqrt(b2)) ** (now - np.arange(now))
        self._moved = np.append(self._moved * shrink + rate * math.sqrt(1 - b2**now) / (1 - b1**now) * ratio, 0.0)
        self._kept = np.append(self._kept * shrink, 1.0)

    @torch.no_grad()
    def completed(self) -> Tensor:
        """(V, d) the table with all steps made up for; nothing is changed."""
        parts = []
        for rows in torch.arange(len(self.table)).split(CHUNK):
            before = {name: values[rows].clone() for name, values in self._rows().items()}
            self.complete(rows)
            parts.append(self.table[rows].clone())
            for name, values in self._rows().items():
                values[rows] = before[name]
        return torch.cat(parts)

    @torch.no_grad()
    def take(self, table: Tensor) -> None:
        """Rows (V, d) in the place of the table's, complete as they are."""
        self.table.copy_(table)
        self.last.fill_(self.now)

    def state(self) -> dict[str, Any]:
        """All that later steps depend on, for `restore`: of the table only rows that training has touched."""
        rows = (self.last > 0).nonzero().squeeze(1)
        factors = {"kept": torch.from_numpy(self._kept), "moved": torch.from_numpy(self._moved)}
        return {"rows": rows} | factors | {name: values[rows] for name, values in self._rows().items()}

    def _rows(self) -> dict[str, Tensor]:
        """Tensors with a row for each word."""
        return {"table": self.table, "mean": self.mean, "square": self.square, "last": self.last, "ever": self._ever}

    @torch.no_grad()
    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave; the table must be the one that training started with."""
        rows = state["rows"].cpu()
        for name, values in self._rows().items():
            values[rows] = state[name].to(values.device)
        self._kept, self._moved = (state[name].cpu().numpy() for name in ("kept", "moved"))


class WordRows(nn.Module):
    """Stands in for a word embedding during training, and keeps gradients of the rows that occurred.

    Args:
        words: the embedding; its table is changed in place.
        dtype: of the vectors given out; None: float32.
        weight_decay: of `RowAdamW`.
    """

    def __init__(self, words: nn.Embedding, dtype: torch.dtype | None, weight_decay: float) -> None:
        super().__init__()
        self.words = [words]  # in a list, or its table would be a parameter of the model
        self.padding = words.padding_idx
        self.dtype = dtype or torch.float32
        self.optimiser = RowAdamW(words.weight.data, weight_decay)
        self._seen: list[tuple[Tensor, Tensor]] = []  # rows, and a leaf with their vectors

    def forward(self, ids: Tensor) -> Tensor:
        rows, inverse = torch.unique(ids, return_inverse=True)
        self.optimiser.complete(rows)
        leaf = self.optimiser.table[rows].to(self.dtype)
        padding = None
        if torch.is_grad_enabled():
            leaf.requires_grad_(True)
            self._seen.append((rows, leaf))
            at = (rows == self.padding).nonzero() if self.padding is not None else rows[:0]
            padding = int(at[0]) if len(at) else None  # the vector of padding is not trained
        return F.embedding(inverse, leaf, padding)

    def gradient(self) -> tuple[Tensor, Tensor]:
        """Rows that occurred since the last call (n,), and their gradients (n, d) float32."""
        seen = [(rows, leaf.grad) for rows, leaf in self._seen if leaf.grad is not None]
        self._seen = []
        if not seen:
            return torch.zeros(0, dtype=torch.int64), self.optimiser.table[:0]
        rows, inverse = torch.unique(torch.cat([one for one, _ in seen]), return_inverse=True)
        total = torch.zeros(len(rows), self.optimiser.table.shape[1])
        return rows, total.index_add_(0, inverse, torch.cat([grad.float() for _, grad in seen]))  # type: ignore[union-attr]

    def finish(self) -> nn.Embedding:
        """The embedding, complete."""
        for rows in torch.arange(len(self.optimiser.table)).split(CHUNK):
            self.optimiser.complete(rows)
        return self.words[0]


def can_stand_in(words: nn.Module, model: nn.Module) -> bool:
    """Whether `WordRows` does what this embedding does: a plain table on a processor, trained, used nowhere else."""
    if type(words) is not nn.Embedding or words.max_norm is not None or words.sparse or words.scale_grad_by_freq:
        return False
    holders = sum(module._parameters.get(name) is words.weight for module in model.modules() for name in module._parameters)
    return words.weight.requires_grad and words.weight.device.type == "cpu" and holders == 1
