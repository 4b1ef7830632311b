"""Checkpoints of a long training: a process that is killed loses its last minutes, not its cell.

Lightning saves and restores loops, optimiser, rates and callbacks. What it does not know is added here: float32 masters in place
of the model (`Weights`), rows of the word table with their moments (`WordRows`), what a loss remembers, random numbers, and at
which batch to go on.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from bench.encoders.device.memory import give_back

FILE = "training.ckpt"


@dataclass(frozen=True)
class Checkpoints:
    """Where the checkpoint of a training lies, and how often it is written.

    Attributes:
        folder: of this training alone; whatever decides its result must be in the name.
        minutes: between two of them.
    """

    folder: Path
    minutes: float

    def found(self) -> Path | None:
        """The checkpoint, if one was written whole."""
        file = self.folder / FILE
        return file if file.is_file() else None

    def remove(self) -> None:
        """The training is over."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Keep(pl.Callback):
    """Writes the checkpoint, beside first and then in place of the one before; the last callback, so that rows are written down.

    On a full disk training goes on without: a checkpoint is worth less than a cell.
    """

    def __init__(self, where: Checkpoints) -> None:
        self.where = where
        self.at = time.monotonic()
        self.failed = ""

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        if not trainer.is_global_zero or self.failed or trainer.global_step >= module.steps:
            return  # all ranks have the same weights, moments and random numbers: one writes them
        if time.monotonic() - self.at < 60 * self.where.minutes:
            return
        beside = self.where.folder / f".{FILE}.tmp"
        try:
            self.where.folder.mkdir(parents=True, exist_ok=True)
            give_back()  # of the steps: the copies of weights and moments find room in it
            trainer.save_checkpoint(beside)
            os.replace(beside, self.where.folder / FILE)
            give_back()
        except OSError as error:
            self.failed = str(error)
            beside.unlink(missing_ok=True)
        self.at = time.monotonic()


def randomness() -> dict[str, Any]:
    """States of all generators that training may draw from."""
    name, keys, *rest = np.random.get_state()
    cuda = [torch.cuda.get_rng_state()] if torch.cuda.is_available() else []  # of the device that this process trains on
    return {"torch": torch.get_rng_state(), "cuda": cuda, "numpy": (name, torch.from_numpy(np.array(keys)), *rest),
            "python": random.getstate()}  # fmt: skip


def set_randomness(state: dict[str, Any]) -> None:
    """Take over what `randomness` gave."""
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"][0].cpu())
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.cpu().numpy(), *rest))
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
