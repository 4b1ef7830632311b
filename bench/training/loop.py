"""The training loop: batches fixed beforehand, one pass over them, every step written down."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, IterableDataset

from bench.base.manifest import peak_memory_mb
from bench.base.progress import Report
from bench.encoders.device import device_of
from bench.encoders.device.memory import give_back
from bench.encoders.encoder import Encoder
from bench.encoders.space import Space
from bench.training.arithmetic.attention import attention
from bench.training.checkpoints import Checkpoints, Keep
from bench.training.devices.ranks import ALONE, Ranks
from bench.training.devices.strategy import trainer_options
from bench.training.live_teacher import LiveTeacher
from bench.training.lower import LowerStates, upper_only
from bench.training.module import Distillation
from bench.training.pairs import Pairs, TeacherStates
from bench.training.sampling import length_batches
from bench.training.settings import Training
from bench.training.stepping import Stepping
from methods.base import Method

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger


class _Positions(IterableDataset):
    def __init__(self, batches: list[np.ndarray]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.batches)


def _as_it_is(batch: Any) -> Any:
    return batch


class Batches(pl.LightningDataModule):
    """Batches that were fixed beforehand: positions of the pairs in each."""

    def __init__(self, batches: list[np.ndarray]) -> None:
        super().__init__()
        self.batches = batches
        self.done = 0  # batches of a training that goes on

    def state_dict(self) -> dict[str, Any]:
        assert self.trainer is not None, "there is no state outside of a training"
        return {"done": self.trainer.global_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.done = state_dict["done"]

    def train_dataloader(self) -> DataLoader:
        # As they are: by default the loader makes a tensor of an array, and numpy takes a tensor of one number for an index.
        return DataLoader(_Positions(self.batches[self.done :]), batch_size=None, num_workers=0, collate_fn=_as_it_is)


class Follow(pl.Callback):
    """Writes down each step, the loss on dev pairs at a few points, and tells how far training is."""

    def __init__(self, dev: Pairs, report: Report, checks: int = 2) -> None:
        self.dev, self.report, self.checks = dev, report, checks
        self.rows: list[dict[str, Any]] = []
        self.started = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows, "seconds": time.monotonic() - self.started}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows, self.started = list(state_dict["rows"]), time.monotonic() - state_dict["seconds"]

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if not self.rows:
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
    student: Encoder, method: Method, space: Space, teacher: TeacherStates | LiveTeacher, pairs: Pairs, dev: Pairs,
    settings: Training, seed: int, precision: str, accelerator: str, report: Report, loggers: Sequence[Logger] = (),
    lower: LowerStates | None = None, kept: Checkpoints | None = None, ranks: Ranks = ALONE,
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
        precision: `32-true` or `bf16-mixed`, as Lightning calls them.
        accelerator: a Lightning accelerator, such as `auto` or `cpu`.
        report: called with phase and fraction done.
        loggers: are given every row that is returned.
        lower: states of all these texts behind the frozen layers; None: they are computed in every step.
        kept: where a checkpoint is kept, and gone on from.
        ranks: the processes that train together; each is given the same arguments, and ends with the same student.

    Returns:
        One row a step (loss, rate, seconds, what the method logs) and one a dev check (`dev_loss`); `attrs["how"]`: see `told`.
        `attrs["memory_mb"]`: largest memory of each rank so far.

    Raises:
        BenchError: the loss is not finite, or the ranks disagree.
    """
    pl.seed_everything(seed, workers=True, verbose=False)
    give_back()  # of what was loaded and cut down to the student
    batches = length_batches(pairs.lengths, settings.batch_size, seed)
    module = Distillation(student, method, space, teacher, pairs, settings, len(batches), lower)
    follow = Follow(dev, report)
    with upper_only(student.model, lower), ranks.joined(device_of(accelerator)):
        ranks.agree("pairs", b"".join(part.astype(np.int64).tobytes() for part in (pairs.lengths, pairs.english, *batches)))
        ranks.agree("weights", np.array([float(p.detach().double().sum()) for p in student.model.parameters()]).tobytes())
        how = fit(module, Batches(batches), follow, precision, accelerator, loggers, kept, ranks)
        memory = [round(value) for value in ranks.each(peak_memory_mb())]
    student.model.requires_grad_(False).eval()
    give_back()  # of what the steps needed: evaluation is to find room in it
    table = told(follow.rows, how)
    table.attrs["memory_mb"] = memory
    return table


def told(rows: list[dict[str, Any]], how: dict[str, str]) -> pd.DataFrame:
    """The table of a training, with what the manifest says of the way it was done in `attrs["how"]`."""
    table = pd.DataFrame(rows)
    table.attrs["how"] = how
    return table


def fit(
    module: Stepping, data: Batches, follow: pl.Callback, precision: str, accelerator: str = "auto",
    loggers: Sequence[Logger] = (), kept: Checkpoints | None = None, ranks: Ranks = ALONE,
) -> dict[str, str]:  # fmt: skip
    """One pass over the batches with Lightning, which decides the device; says how the model was trained.

    With `kept` it goes on where a killed process stopped, and ends with the same weights.
    """
    device = device_of(accelerator)
    module.computing = None if precision == "32-true" else torch.bfloat16
    module.ranks = ranks
    with warnings.catch_warnings(), attention(module.model, device) as attends:
        # Single-process batches of arrays are meant: there is nothing for data workers to do.
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        trainer = pl.Trainer(
            max_steps=len(data.batches), max_epochs=1, accelerator=accelerator, **trainer_options(ranks),
            callbacks=[follow, *([Keep(kept)] if kept else [])], logger=list(loggers) or False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            deterministic="warn",
        )  # fmt: skip
        # Deterministic mode would also write into all memory that torch hands out, which costs time and decides nothing.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        try:
            # The checkpoint is of this program, in a folder of its own; tensors, numbers and texts are all that it may hold.
            trainer.fit(module, datamodule=data, ckpt_path=kept.found() if kept else None, weights_only=True)
            how = module.how(attends)
        finally:
            module.release()
        module.model.to(device)  # Lightning leaves it on the processor
    return how
