"""The step of every distillation method: student states, teacher states, the loss of the method, the optimiser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from bench.base.errors import BenchError
from bench.encoders.encoder import Encoder, TokenizedText
from bench.encoders.space import Space
from bench.training.freezing import freeze
from bench.training.pairs import Pairs, TeacherStates, padded
from bench.training.settings import Training
from methods.base import Method, TokenStates

if TYPE_CHECKING:
    from pytorch_lightning.utilities.types import OptimizerLRScheduler


class Clipped(pl.LightningModule):
    """Clips the gradient itself: Lightning refuses to do so for a fused optimiser under mixed precision.

    Its reason is the scaling of float16 gradients; float32 and bfloat16, all that is used here, have none.
    """

    def configure_gradient_clipping(
        self, optimizer: Any, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        if gradient_clip_val:
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            torch.nn.utils.clip_grad_norm_(parameters, gradient_clip_val)


class Distillation(Clipped):
    """Trains a student with the loss of a method, in the space in which it will be scored."""

    def __init__(
        self, student: Encoder, method: Method, space: Space, teacher: TeacherStates, pairs: Pairs,
        settings: Training, steps: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.model = student.model
        self.student, self.method, self.space = student, method, space
        self.teacher, self.pairs, self.settings, self.steps = teacher, pairs, settings, steps
        freeze(self.model, settings)

    def losses(self, positions: np.ndarray, pairs: Pairs) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the method on these pairs, and its scalars."""
        student = self.states([pairs.texts[i] for i in positions])
        if pairs.idf is not None:
            student.idf = padded([pairs.idf[i] for i in positions]).to(self.device)
        rows = pairs.english[positions]
        needed: dict[str, TokenStates] = {}
        if "english" in self.method.needs:
            assert pairs.english_texts is not None, f"{self.method.name} needs the English sides, tokenised"
            needed["english"] = self.states([pairs.english_texts[i] for i in positions])
        # The encoder may run in bfloat16; similarities, plans and softmaxes are float32 for every method.
        with torch.autocast(self.device.type, enabled=False):
            return self.method.loss(
                student, self.teacher.batch(rows, self.device), torch.from_numpy(rows).to(self.device), **needed
            )

    def states(self, texts: list[TokenizedText]) -> TokenStates:
        """These texts as the student sees them, in the space of the comparison."""
        batch = self.student.collate(texts).to(self.device)
        hidden, pooled = self.student.states(batch)
        with torch.autocast(self.device.type, enabled=False):
            return TokenStates(self.space.tokens(hidden.float()), batch.content_mask.bool(), self.space.pooled(pooled.float()))

    def training_step(self, positions: np.ndarray, index: int) -> Tensor:
        loss, scalars = self.losses(positions, self.pairs)
        if not torch.isfinite(loss):
            raise BenchError(
                f"the loss of {self.method.name} became {loss.item()} at step {self.global_step}",
                "lower its learning rate, or raise its temperature / epsilon; the cell is marked as failed",
            )
        self.last = {"loss": loss.item(), **{k: v.item() for k, v in scalars.items()}}
        return loss

    def configure_optimizers(self) -> OptimizerLRScheduler:
        trained = [p for p in self.model.parameters() if p.requires_grad]
        decay = [p for p in trained if p.ndim > 1]
        rest = [p for p in trained if p.ndim <= 1]
        groups = [{"params": decay, "weight_decay": self.settings.weight_decay}, {"params": rest, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=self.settings.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: linear(step, self.steps, self.settings.warmup))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def linear(step: int, steps: int, warmup: float) -> float:
    """Factor on the peak rate: linear rise over the first `warmup` share, then linear fall to 0."""
    rise = max(1, round(steps * warmup))
    return (step + 1) / rise if step < rise else max(0.0, (steps - step) / max(1, steps - rise))
