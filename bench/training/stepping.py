"""One step of training, whatever the loss: backward pass, clipping, AdamW, the rate of the next step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from bench.base.errors import BenchError
from bench.training.arithmetic.rows import WordRows, can_stand_in
from bench.training.arithmetic.weights import Weights
from bench.training.checkpoints import randomness, set_randomness
from bench.training.devices.ranks import ALONE, Ranks
from bench.training.lower import LowerStates
from bench.training.settings import Training

if TYPE_CHECKING:
    from pytorch_lightning.utilities.types import OptimizerLRScheduler


class Stepping(pl.LightningModule):
    """Trains a model; a subclass says with which loss, and may say which parameters have which rate.

    Lightning brings model and batches together; the step is ours. So in bfloat16 the model computes with rounded weights in
    place of autocast (`Weights`), and on a processor a word embedding costs what its rows that occur cost (`WordRows`).

    Args:
        model: what is trained; `prepare` and `release` change it in place.
        body: the encoder in it, whose word embedding may be trained.
        settings: of the optimiser.
        steps: of the whole training.

    Attributes:
        computing: what the model computes in, None: float32; `fit` sets it.
        last: loss and scalars of the last step.
        made: steps made.
        lower: states behind the frozen layers, where the model starts from them.
        ranks: the processes that train together; `fit` sets them.
    """

    computing: torch.dtype | None = None
    lower: LowerStates | None = None
    ranks: Ranks = ALONE

    def __init__(self, model: Any, body: Any, settings: Training, steps: int) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.model, self.settings, self.steps = model, settings, steps
        self.last: dict[str, float] = {}
        self.made = 0
        self._resumed: dict[str, Any] = {}
        self._body = [body]  # in a list: a part of the model, not one more module
        self._weights: Weights | None = None
        self._words: WordRows | None = None

    def groups(self) -> list[dict[str, Any]]:
        """Parameter groups of the optimiser, of what is trained of `model`."""
        trained = [p for p in self.model.parameters() if p.requires_grad]
        decay, rest = [p for p in trained if p.ndim > 1], [p for p in trained if p.ndim <= 1]
        return [{"params": decay, "weight_decay": self.settings.weight_decay}, {"params": rest, "weight_decay": 0.0}]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        if not self.settings.freeze_embeddings:
            body = self._body[0]
            words = body.get_input_embeddings()
            if self.ranks.alone and can_stand_in(words, self.model):
                self._words = WordRows(words, self.computing, self.settings.weight_decay)
                body.set_input_embeddings(self._words)
                if "words" in self._resumed:
                    self._words.optimiser.restore(self._resumed["words"])
        groups = self.groups()
        self._weights = Weights(self.model, self.computing)
        if self._resumed:
            with torch.no_grad():
                for own, kept in zip(self._weights.masters, self._resumed["masters"], strict=True):
                    own.copy_(kept)
            self._weights.publish()
        master = {id(p): m for p, m in zip(self._weights.working, self._weights.masters, strict=True)}
        groups = [group | {"params": [master[id(p)] for p in group["params"]]} for group in groups]
        optimizer = torch.optim.AdamW(groups, lr=self.settings.learning_rate, weight_decay=self.settings.weight_decay, fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: linear(step, self.steps, self.settings.warmup))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def update(self, loss: Tensor, scalars: dict[str, Tensor], failed: tuple[str, str]) -> None:
        """Train on a loss, and note it.

        Args:
            loss: with its graph.
            scalars: what else is written down.
            failed: what to say, and how to mend it, when the loss is not finite.

        Raises:
            BenchError: the loss is not finite.
        """
        optimizer: Any = self.optimizers()
        assert self._weights is not None, "the optimiser has not been made"
        # A rank that had no text of a small batch has a loss without a graph.
        if loss.requires_grad or self.ranks.alone:
            self.manual_backward(loss)
        self._weights.collect()
        self.ranks.sum_gradients(self._weights.masters, loss, failed[0])
        gradients = [p.grad for p in self._weights.masters if p.grad is not None]
        rows = self._words.gradient() if self._words is not None else None
        clip(gradients + ([rows[1]] if rows else []), self.settings.clip)
        optimizer.step()
        optimizer.zero_grad()
        self._weights.publish()
        if rows and self._words is not None:
            rate = self.settings.learning_rate * linear(self.made, self.steps, self.settings.warmup)
            self._words.optimiser.step(*rows, rate)
        schedule: Any = self.lr_schedulers()
        schedule.step()
        # Read when all work of the step has been handed out: a GPU is not kept waiting for it.
        values = torch.stack([value.detach().float() for value in (loss, *scalars.values())]).tolist()
        self.last = dict(zip(("loss", *scalars), values, strict=True))
        if not math.isfinite(values[0]):
            raise BenchError(f"{failed[0]} became {values[0]} at step {self.made}", failed[1])
        self.made += 1

    def weights(self) -> dict[str, Any]:
        """Copies of what is trained as it is now, on the processor, for `take_weights`; training goes on as if not asked."""
        assert self._weights is not None, "the optimiser has not been made"
        words = {} if self._words is None else {"words": self._words.optimiser.completed()}
        return {"masters": [master.detach().to("cpu", copy=True) for master in self._weights.masters]} | words

    def take_weights(self, kept: dict[str, Any]) -> None:
        """Take over what `weights` gave at an earlier step; no step may follow."""
        assert self._weights is not None, "the optimiser has not been made"
        with torch.no_grad():
            for own, master in zip(self._weights.masters, kept["masters"], strict=True):
                own.copy_(master)
        self._weights.publish()
        if self._words is not None:
            self._words.optimiser.take(kept["words"])

    def remembered(self) -> dict[str, Any]:
        """What a loss remembers of earlier batches; a subclass says what."""
        return {}

    def remember(self, state: dict[str, Any]) -> None:
        """Take over what `remembered` gave."""

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        assert self._weights is not None, "the optimiser has not been made"
        checkpoint["state_dict"] = {}  # the model's own weights are rounded, and most of a word table never moved
        checkpoint["xlsd"] = {
            "masters": [master.detach() for master in self._weights.masters], "made": self.made, "loss": self.remembered(),
            "random": randomness(),
        } | ({"words": self._words.optimiser.state()} if self._words is not None else {})  # fmt: skip

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        # Before the optimiser is made: it takes masters and rows from here.
        checkpoint["state_dict"] = self.state_dict()
        self._resumed = checkpoint["xlsd"]
        self.made = self._resumed["made"]
        self.remember(self._resumed["loss"])

    def on_train_start(self) -> None:
        if self._resumed:
            set_randomness(self._resumed["random"])
            self._resumed = {}

    def release(self) -> None:
        """Give the model its float32 weights and its own word embedding, as training left them."""
        if self._weights is not None:
            self._weights.restore()
        if self._words is not None:
            self._body[0].set_input_embeddings(self._words.finish())
        self._weights = self._words = None

    def how(self, attention: str) -> dict[str, str]:
        """What the manifest says of the way in which the model was trained."""
        words = "rows that occur" if self._words is not None else "all rows"
        if self.settings.freeze_embeddings:
            words = "frozen"
        weights = "float32" if self.computing is None else f"{self.computing}, masters in float32".removeprefix("torch.")
        more = {} if self.lower is None else {"lower_layers": "once a text"}
        if not self.ranks.alone:
            more["devices"] = f"{self.ranks.size} ({self.ranks.device.type})"
        return {"attention": attention, "weights": weights, "word_embedding": words} | more


def clip(gradients: list[Tensor], longest: float) -> None:
    """Scale gradients in place so that the norm of all together is at most `longest`; 0: leave them.

    Lightning's own clipping refuses fused optimisers under mixed precision, because of the scaling of float16, not used here.
    """
    if longest and gradients:
        total = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        torch._foreach_mul_(gradients, (longest / (total + 1e-6)).clamp(max=1.0))


def linear(step: int, steps: int, warmup: float) -> float:
    """Factor on the peak rate: linear rise over the first `warmup` share, then linear fall to 0."""
    rise = max(1, round(steps * warmup))
    return (step + 1) / rise if step < rise else max(0.0, (steps - step) / max(1, steps - rise))
