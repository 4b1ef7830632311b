"""The decoder learns to write English from the encoder's states of English texts, before it sees any translation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from bench.base.paths import atomic_dir
from bench.base.progress import Report
from bench.cells.translation.model import EnglishVocabulary, build
from bench.cells.translation.training import train_decoder
from bench.encoders.encoder import Encoder
from bench.training.settings import Training

if TYPE_CHECKING:
    from transformers import EncoderDecoderModel

    from bench.cells.shared.context import Context

FORMAT = 3  # of what is kept: raised when the same settings give another decoder
BATCH = 64  # the decoder alone is small: larger batches than for the bitext


def place(context: Context, params: Any, precision: str) -> Path:
    """Where the decoder of these settings lies: it depends on the English texts, not on languages or seed of a cell."""
    name = f"decoder{FORMAT}-{params.decoder_layers}x{params.english_passes}-{params.english_rate:g}-{precision}"
    return context.path(name, "decoder.safetensors")


def warm_up(
    context: Context, encoder: Encoder, model: EncoderDecoderModel, vocabulary: EnglishVocabulary, params: Any,
    precision: str, report: Report,
) -> None:  # fmt: skip
    """Give `model` the decoder that knows English; trained on first use, then read from the cache."""
    if not params.english_passes:
        return
    path = place(context, params, precision)
    if not path.exists():
        texts = list(context.texts.english_training)
        if context.key.starts_as_teacher:
            found = context.teacher.english.tokens
            states = [np.asarray(found[row]) for row in context.texts.training_rows.tolist()]
        else:
            encoded = encoder.encode(texts, "query", max_length=context.key.max_length, dtype=np.float16)
            states = [encoded.tokens[i] for i in range(len(texts))]
        targets = [vocabulary.rows(text) for text in encoder.tokenize(texts, "query", context.key.max_length)]
        settings = Training(batch_size=BATCH, learning_rate=params.english_rate)
        train_decoder(model, states, targets, vocabulary.pad, params.english_passes, settings, precision, report)
        with atomic_dir(path.parent) as beside:
            weights = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.decoder.state_dict().items()}
            save_file(weights, str(beside / path.name))
    model.decoder.load_state_dict(load_file(str(path)))


def prepare_decoder(context: Context, method: Any, precision: str, report: Report) -> None:
    """Do the warm-up once, before cells of several processes need it at the same time."""
    params = method.params
    if params.model or not params.english_passes or place(context, params, precision).exists():
        return
    encoder = context.student.start()
    vocabulary = EnglishVocabulary.of(encoder, encoder.tokenize(list(context.texts.english), "query", context.key.max_length))
    torch.manual_seed(0)
    model = build(encoder, vocabulary, params.decoder_layers, context.teacher.space)
    warm_up(context, encoder, model, vocabulary, params, precision, report)
