"""The weights that a model computes with, and those that are trained.

Autocast rounds every weight to bfloat16 in every step, and keeps what runs between the layers in float32. Here a model
that computes in bfloat16 holds bfloat16 weights; AdamW changes float32 ones, the masters, which are rounded into the model
once a step (Micikevicius et al. 2018, arXiv 1710.03740, section 3.1).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Weights:
    """Parameters of a model that is being trained, until `restore`.

    Args:
        model: float32 parameters; those with `requires_grad` are trained. It is changed in place.
        dtype: what it computes in; None: float32, and then masters and parameters are the same.

    Attributes:
        working: the parameters that are trained, as the model sees them.
        masters: the same in float32, in the same order; what an optimiser is given.
    """

    def __init__(self, model: nn.Module, dtype: torch.dtype | None) -> None:
        self.working = [p for p in model.parameters() if p.requires_grad]
        self.masters: list[nn.Parameter] = self.working
        self.rounded = dtype is not None
        self._float32: list[tuple[nn.Parameter, Tensor]] = []
        if dtype is None:
            return
        # Parameters only: a buffer (the frequencies of rotary positions) would lose what it is kept exact for.
        self._float32 = [(p, p.data) for p in model.parameters() if p.is_floating_point()]
        self.masters = [nn.Parameter(p.data) for p in self.working]
        for p, exact in self._float32:
            p.data = exact.to(dtype)

    def collect(self) -> None:
        """Move the gradients of a backward pass from the model to the masters."""
        if self.rounded:
            for p, master in zip(self.working, self.masters, strict=True):
                master.grad = None if p.grad is None else p.grad.float()
                p.grad = None

    def publish(self) -> None:
        """Round the masters into the model."""
        if self.rounded:
            with torch.no_grad():
                torch._foreach_copy_([p.data for p in self.working], [master.data for master in self.masters])

    def restore(self) -> None:
        """Give the model its float32 parameters, the trained ones as training left them."""
        for p, exact in self._float32:  # a master shares its memory with what is put back
            p.data = exact.to(p.device)
            p.grad = None
        self._float32 = []
