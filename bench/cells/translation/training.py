"""Training of the translator: first English from the teacher's states, then translation from bitext."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from bench.base.progress import Report
from bench.cells.translation.model import EnglishVocabulary, token_loss
from bench.cells.translation.pointer import pointer_of, source_rows
from bench.cells.translation.stopping import Stopping
from bench.encoders.encoder import Encoder, TokenizedText
from bench.training.checkpoints import Checkpoints
from bench.training.freezing import freeze
from bench.training.loop import Batches, fit, record, told
from bench.training.lower import LowerStates, upper_only
from bench.training.sampling import length_batches
from bench.training.settings import Training
from bench.training.stepping import Stepping

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger
    from transformers import EncoderDecoderModel

PASS = 1_000_003  # between the seeds of two passes: those of other cells are small numbers


class _Decoding(Stepping):
    """What translating and writing English share: cross-entropy of English tokens given encoder states."""

    def __init__(self, model: EncoderDecoderModel, body: Any, pad: int, settings: Training, steps: int) -> None:
        super().__init__(model, body, settings, steps)
        self.pad = pad
        model.decoder.requires_grad_(True)

    def losses(self, positions: np.ndarray, texts: Any, targets: Sequence[list[int]]) -> Tensor:
        """Mean cross-entropy a token of these pairs."""
        states, mask = self.encoded([texts[i] for i in positions])
        target = pad_sequence([torch.tensor(targets[i]) for i in positions], batch_first=True, padding_value=self.pad)
        source = self.source([texts[i] for i in positions])
        return token_loss(self.model, states, mask, target.to(self.device), self.pad, source)

    def source(self, texts: list[Any]) -> Tensor | None:
        """(B, L) rows of the source tokens, where they may be copied."""
        return None

    def encoded(self, texts: list[Any]) -> tuple[Tensor, Tensor]:
        """Encoder states (B, L, d) and mask (B, L) of these texts."""
        raise TypeError("a subclass says where states come from")

    def train_on(self, loss: Tensor) -> None:
        """One step; raises a `BenchError` when the loss is not finite."""
        self.update(loss, {}, ("the translation loss", "lower the learning rate of nmt"))


class Translation(_Decoding):
    """Encoder and decoder trained on bitext.

    Args:
        encoder: student start; its model is the encoder of `model`.
        model: the encoder-decoder.
        texts: source side, tokenised for the encoder.
        targets: rows of the English vocabulary, one list a text.
        vocabulary: of the decoder.
        settings: of the optimiser; its rate is the encoder's.
        decoder_rate: rate of the decoder, as a multiple of it.
        steps: of the whole training.
        lower: states of the texts behind the frozen layers of the encoder; None: computed in every step.
    """

    def __init__(
        self, encoder: Encoder, model: EncoderDecoderModel, texts: Sequence[TokenizedText], targets: Sequence[list[int]],
        vocabulary: EnglishVocabulary, settings: Training, decoder_rate: float, steps: int, lower: LowerStates | None = None,
    ) -> None:  # fmt: skip
        super().__init__(model, encoder.model, vocabulary.pad, settings, steps)
        self.vocabulary = vocabulary
        self.encoder, self.texts, self.targets, self.decoder_rate = encoder, texts, targets, decoder_rate
        self.lower = lower
        freeze(encoder.model, settings)

    def encoded(self, texts: list[TokenizedText]) -> tuple[Tensor, Tensor]:
        batch = self.encoder.collate(texts)
        given = None if self.lower is None else self.lower.batch(texts, self.device)
        return self.encoder.states(batch, given)[0].float(), batch.content_mask.to(self.device)

    def source(self, texts: list[TokenizedText]) -> Tensor | None:
        return None if pointer_of(self.model) is None else source_rows(self.vocabulary, texts).to(self.device)

    def training_step(self, positions: np.ndarray, index: int) -> None:
        self.train_on(self.losses(positions, self.texts, self.targets))

    def groups(self) -> list[dict[str, Any]]:
        rate = self.settings.learning_rate
        body = [p for p in self.encoder.model.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [{"params": list(self.model.decoder.parameters()), "lr": rate * self.decoder_rate}]
        return groups + ([{"params": body, "lr": rate}] if body else [])


class Writing(_Decoding):
    """The decoder alone, trained to write the English text whose states it is given.

    Args:
        model: the encoder-decoder; its encoder is not used.
        states: (L_i, d) content token states of each text.
        targets: rows of the English vocabulary, one list a text.
    """

    def __init__(
        self, model: EncoderDecoderModel, states: Sequence[np.ndarray], targets: Sequence[list[int]], pad: int,
        settings: Training, steps: int,
    ) -> None:  # fmt: skip
        super().__init__(model, model.encoder, pad, settings, steps)
        model.encoder.requires_grad_(False)
        self.stored, self.targets = states, targets

    def encoded(self, texts: list[np.ndarray]) -> tuple[Tensor, Tensor]:
        states = pad_sequence([torch.from_numpy(np.asarray(text, dtype=np.float32)) for text in texts], batch_first=True)
        lengths = torch.tensor([len(text) for text in texts])
        return states.to(self.device), (torch.arange(states.shape[1])[None] < lengths[:, None]).to(self.device)

    def training_step(self, positions: np.ndarray, index: int) -> None:
        self.train_on(self.losses(positions, self.stored, self.targets))

    def groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.model.decoder.parameters())}]


class FollowTranslation(pl.Callback):
    """Writes down each step, and the loss on dev pairs before and after training; with `stopping` in between too.

    With `stopping` the last loss written down is that of the weights that were kept.
    """

    def __init__(
        self, texts: Sequence[TokenizedText], targets: Sequence[list[int]], report: Report, phase: str,
        stopping: Stopping | None = None,
    ) -> None:  # fmt: skip
        self.texts, self.targets, self.report, self.phase = texts, targets, report, phase
        self.stopping = stopping
        self.rows: list[dict[str, Any]] = []
        self.started = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        stopping = {} if self.stopping is None else {"stopping": self.stopping.state()}
        return {"rows": self.rows, "seconds": time.monotonic() - self.started} | stopping

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows, self.started = list(state_dict["rows"]), time.monotonic() - state_dict["seconds"]
        if self.stopping is not None:
            self.stopping.restore(state_dict["stopping"])

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if not self.rows:
            self._check(trainer, module, 0)
        elif self.stopping is not None and self.stopping.over:  # it was killed after its last step
            trainer.should_stop = True

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        rate = trainer.optimizers[0].param_groups[-1]["lr"]
        record(
            trainer, self.rows,
            {"step": trainer.global_step, "seconds": self._seconds(), "learning_rate": rate, **module.last},
        )  # fmt: skip
        self.report(self.phase, trainer.global_step / module.steps)
        if self.stopping is not None and self.stopping.due(trainer.global_step) and len(self.texts):
            loss = self._check(trainer, module, trainer.global_step)
            trainer.should_stop = self.stopping.look(trainer.global_step, loss, module)

    def on_train_end(self, trainer: pl.Trainer, module: Any) -> None:
        if self.stopping is None or not len(self.texts):
            self._check(trainer, module, trainer.global_step)
            return
        if not self.stopping.due(trainer.global_step):
            self.stopping.look(trainer.global_step, self._check(trainer, module, trainer.global_step), module)
        self.stopping.finish(module)
        self._check(trainer, module, trainer.global_step)

    def _seconds(self) -> float:
        return round(time.monotonic() - self.started, 2)

    def _check(self, trainer: pl.Trainer, module: Any, step: int) -> float:
        if not len(self.texts):
            return float("nan")
        order = np.argsort([len(t.ids) for t in self.texts], kind="stable")
        size = module.settings.batch_size
        with torch.no_grad():
            parts = [order[i : i + size] for i in range(0, len(order), size)]
            losses = [module.losses(part, self.texts, self.targets).item() * len(part) for part in parts]
        loss = sum(losses) / len(order)
        record(trainer, self.rows, {"step": step, "seconds": self._seconds(), "dev_loss": loss})
        self.report(self.phase, step / module.steps, loss)
        return loss


def train_translator(
    encoder: Encoder, model: EncoderDecoderModel, vocabulary: EnglishVocabulary, texts: Sequence[TokenizedText],
    english: Sequence[TokenizedText], dev: tuple[Sequence[TokenizedText], Sequence[TokenizedText]], settings: Training,
    decoder_rate: float, seed: int, precision: str, report: Report, loggers: Sequence[Logger] = (),
    lower: LowerStates | None = None, kept: Checkpoints | None = None, epochs: int = 1, stopping: Stopping | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Train in place; one row a step and one a dev check, as `bench.training.loop.train`.

    Args:
        texts, english: the two sides of the pairs, in the order in which they were drawn.
        dev: two sides of pairs of which the loss is watched.
        decoder_rate: learning rate of the decoder, as a multiple of the encoder's.
        loggers: are given every row.
        lower, kept: as in `bench.training.loop.train`.
        epochs: passes over the pairs, at most; those after the first in another order each.
        stopping: ends training before that, by the dev loss.
    """
    pl.seed_everything(seed, workers=True, verbose=False)
    lengths = np.array([len(t.ids) for t in texts])
    batches = length_batches(lengths, settings.batch_size, seed)
    for one in range(1, epochs):
        batches += length_batches(lengths, settings.batch_size, seed + PASS * one, shuffle=True)
    targets = [vocabulary.rows(text) for text in english]
    module = Translation(encoder, model, texts, targets, vocabulary, settings, decoder_rate, len(batches), lower)
    follow = FollowTranslation(dev[0], [vocabulary.rows(text) for text in dev[1]], report, "train", stopping)
    with upper_only(encoder.model, lower):
        how = fit(module, Batches(batches), follow, precision, loggers=loggers, kept=kept)
    model.requires_grad_(False).eval()
    return told(follow.rows, how)


def train_decoder(
    model: EncoderDecoderModel, states: Sequence[np.ndarray], targets: Sequence[list[int]], pad: int, passes: int,
    settings: Training, precision: str, report: Report,
) -> None:  # fmt: skip
    """Train the decoder alone, in place, to write English texts from their states; `passes` over all of them."""
    pl.seed_everything(0, workers=True, verbose=False)
    lengths = np.array([len(target) for target in targets])
    batches = [batch for one in range(passes) for batch in length_batches(lengths, settings.batch_size, one, shuffle=True)]
    module = Writing(model, states, targets, pad, settings, len(batches))
    fit(module, Batches(batches), FollowTranslation([], [], report, "decoder"), precision)
    model.requires_grad_(False).eval()
