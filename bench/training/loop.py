"""One Lightning module and one data module for every distillation method."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, IterableDataset

from bench.base.errors import BenchError
from bench.base.progress import Report
from bench.base.ragged import Ragged
from bench.encoders.encoder import Encoder, TokenizedText
from bench.encoders.space import Space
from bench.training.sampling import length_batches
from methods.base import Method, TokenStates

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger
    from pytorch_lightning.utilities.types import OptimizerLRScheduler


@dataclass(frozen=True)
class TrainSettings:
    """How a student is trained; the same for every method but for what tuning chose.

    Attributes:
        batch_size: pairs per step.
        learning_rate: peak of AdamW; warm-up and decay are linear.
        warmup: share of the steps.
        weight_decay: of matrices.
        clip: largest gradient norm.
        freeze_embeddings: keep word, position and type embeddings as they are.
        freeze_layers: lowest transformer layers kept as they are.
    """

    batch_size: int = 32
    learning_rate: float = 5e-5
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip: float = 1.0
    freeze_embeddings: bool = True
    freeze_layers: int = 0


@dataclass(frozen=True)
class TeacherStates:
    """Frozen states of the English side. They go into the scoring space batch by batch: all of them at once are gigabytes.

    Attributes:
        tokens: raw token states of n texts, best memory-mapped.
        pooled: (n, d) raw pooled states.
        space: where they are compared.
        idf: (T,) inverse document frequency of every row of `tokens`; None unless a method needs it.
    """

    tokens: Ragged
    pooled: np.ndarray
    space: Space
    idf: np.ndarray | None = None

    def batch(self, rows: Sequence[int] | np.ndarray, device: torch.device) -> TokenStates:
        """States of these texts in the space, padded."""
        items = [torch.from_numpy(self.space.tokens(np.asarray(self.tokens[int(r)]))) for r in rows]
        lengths = torch.tensor([len(item) for item in items])
        vectors = pad_sequence(items, batch_first=True)
        mask = torch.arange(vectors.shape[1])[None] < lengths[:, None]
        pooled = torch.from_numpy(self.space.pooled(np.asarray(self.pooled[rows])))
        idf = None
        if self.idf is not None:
            offsets = self.tokens.offsets
            idf = _padded([self.idf[offsets[r] : offsets[r + 1]] for r in rows]).to(device)
        return TokenStates(vectors.to(device), mask.to(device), pooled.to(device), idf)


def _padded(rows: Sequence[np.ndarray]) -> Tensor:
    """(B, L) float32, 0 behind the end of each row."""
    return pad_sequence([torch.from_numpy(np.asarray(row, dtype=np.float32)) for row in rows], batch_first=True)


@dataclass(frozen=True)
class Pairs:
    """Bitext pairs ready for training, in the order in which they were drawn.

    Attributes:
        texts: tokenised texts in other languages.
        english: (n,) row of the English side in the teacher's states; equal rows are equal texts.
        english_texts: the English sides, tokenised for the student; None unless a method needs them.
        idf: inverse document frequency of every token of `texts`; None unless a method needs it.
    """

    texts: list[TokenizedText]
    english: np.ndarray
    english_texts: list[TokenizedText] | None = None
    idf: list[np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def lengths(self) -> np.ndarray:
        """(n,) tokens of the texts, with prefix and special tokens."""
        return np.array([len(text.ids) for text in self.texts])


class _Positions(IterableDataset):
    def __init__(self, batches: list[np.ndarray]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.batches)


class Batches(pl.LightningDataModule):
    """Batches that were fixed beforehand: positions of the pairs in each."""

    def __init__(self, batches: list[np.ndarray]) -> None:
        super().__init__()
        self.batches = batches

    def train_dataloader(self) -> DataLoader:
        return DataLoader(_Positions(self.batches), batch_size=None, num_workers=0)


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
        settings: TrainSettings, steps: int,
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
            student.idf = _padded([pairs.idf[i] for i in positions]).to(self.device)
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


def freeze(model: torch.nn.Module, settings: TrainSettings) -> None:
    """Switch off gradients as the settings say, and dropout always: the target is a fixed vector."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.requires_grad_(True)
    frozen: list[Any] = [embeddings(model)] if settings.freeze_embeddings else []
    frozen += layers(model)[: settings.freeze_layers] if settings.freeze_layers else []
    for part in frozen:
        part.requires_grad_(False)


def embeddings(model: Any) -> torch.nn.Module:
    """What comes before the first layer: word, position and type embeddings where a model keeps them together."""
    return getattr(model, "embeddings", None) or model.get_input_embeddings()


# BERT and its relatives, MPNet; DistilBERT; ModernBERT; decoders used as encoders.
LAYERS = ("encoder.layer", "encoder.layers", "transformer.layer", "layers")


def layers(model: torch.nn.Module) -> list[torch.nn.Module]:
    """Transformer layers of an encoder, lowest first.

    Raises:
        BenchError: the model keeps its layers elsewhere.
    """
    for path in LAYERS:
        found: Any = model
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is not None:
            return list(found)
    raise BenchError(f"cannot tell the layers of a {type(model).__name__}", "set training.freeze_layers to 0")


class Follow(pl.Callback):
    """Writes down each step, the loss on dev pairs at a few points, and tells how far training is."""

    def __init__(self, dev: Pairs, report: Report, checks: int = 2) -> None:
        self.dev, self.report, self.checks = dev, report, checks
        self.rows: list[dict[str, Any]] = []
        self.started = time.monotonic()

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self._check(trainer, module, 0)

    def on_train_batch_end(self, trainer: pl.Trainer, module: pl.LightningModule, *_: Any) -> None:
        assert isinstance(module, Distillation)
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        seconds = round(time.monotonic() - self.started, 2)
        record(trainer, self.rows, {"step": trainer.global_step, "seconds": seconds, "learning_rate": rate, **module.last})
        every = max(1, module.steps // self.checks)
        if (
            trainer.global_step % every == 0
            and trainer.global_step + every <= module.steps
            or trainer.global_step == module.steps
        ):
            self._check(trainer, module, trainer.global_step)
        self.report("train", trainer.global_step / module.steps)

    @property
    def dev_losses(self) -> list[float]:
        return [row["dev_loss"] for row in self.rows if "dev_loss" in row]

    def _check(self, trainer: pl.Trainer, module: pl.LightningModule, step: int) -> None:
        assert isinstance(module, Distillation)
        if not len(self.dev):
            return
        size = module.settings.batch_size
        order = np.argsort(self.dev.lengths, kind="stable")
        with torch.no_grad():
            parts = [
                (module.losses(order[i : i + size], self.dev)[0].item(), len(order[i : i + size]))
                for i in range(0, len(order), size)
            ]
        loss = sum(value * n for value, n in parts) / sum(n for _, n in parts)
        record(trainer, self.rows, {"step": step, "seconds": round(time.monotonic() - self.started, 2), "dev_loss": loss})
        self.report("train", step / module.steps, loss)


def record(trainer: pl.Trainer, rows: list[dict[str, Any]], row: dict[str, Any]) -> None:
    """Put a row into a training table, and give it to the loggers that are switched on."""
    rows.append(row)
    for logger in trainer.loggers:
        logger.log_metrics({name: float(value) for name, value in row.items() if name != "step"}, step=row["step"])


def train(
    student: Encoder, method: Method, space: Space, teacher: TeacherStates, pairs: Pairs, dev: Pairs,
    settings: TrainSettings, seed: int, precision: str, accelerator: str, report: Report, loggers: Sequence[Logger] = (),
) -> pd.DataFrame:  # fmt: skip
    """Train `student` in place.

    Args:
        student: encoder with gradients possible.
        method: gives the loss.
        space: where student states go before the loss; the teacher's are there already.
        teacher: states of the English sides.
        pairs: what is trained on, once each, in this order.
        dev: pairs of which only the loss is watched.
        settings: optimiser and batches.
        seed: of everything random.
        precision: a Lightning precision, such as `32-true` or `bf16-mixed`.
        accelerator: a Lightning accelerator, such as `auto` or `cpu`.
        report: called with phase and fraction done.
        loggers: are given every row that is returned.

    Returns:
        One row a step (loss, rate, seconds, what the method logs) and one a dev check (`dev_loss`).

    Raises:
        BenchError: the loss is not finite.
    """
    pl.seed_everything(seed, workers=True, verbose=False)
    batches = length_batches(pairs.lengths, settings.batch_size, seed)
    module = Distillation(student, method, space, teacher, pairs, settings, len(batches))
    follow = Follow(dev, report)
    fit(module, Batches(batches), follow, settings.clip, precision, accelerator, loggers)
    student.model.requires_grad_(False).eval()
    return pd.DataFrame(follow.rows)


def fit(
    module: pl.LightningModule, data: Batches, follow: pl.Callback, clip: float, precision: str, accelerator: str = "auto",
    loggers: Sequence[Logger] = (),
) -> None:  # fmt: skip
    """One pass over the batches with Lightning, which decides device and precision."""
    with warnings.catch_warnings():
        # Single-process batches of arrays are meant: there is nothing for data workers to do.
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        trainer = pl.Trainer(
            max_steps=len(data.batches), max_epochs=1, accelerator=accelerator, devices=1, precision=precision,  # type: ignore[arg-type]
            gradient_clip_val=clip or None, callbacks=[follow], logger=list(loggers) or False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, deterministic="warn",
        )  # fmt: skip
        trainer.fit(module, datamodule=data)
