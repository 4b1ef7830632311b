"""What the frozen bottom of a student makes of a text: the same in every step and every cell, so computed once.

With `freeze_embeddings` and `freeze_layers = k` a step needs of the first k layers only what comes out of them. That is a
quarter of the work where half of the layers are frozen. The states of one list of texts lie in one file, which the cells of
an experiment read: methods that are compared are trained on the same pairs.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.base.once import once
from bench.encoders.encoder import Encoder, TokenizedText, token_batches
from bench.training.arithmetic.attention import attention
from bench.training.arithmetic.weights import Weights
from bench.training.freezing import layers, layers_at

BATCH_TOKENS = 2048
KEPT = 8  # lists of texts kept on disk, 150 MB each by default; one is used by cells that run one after the other
CLOSE = 0.02  # largest share of its norm by which a state may differ from one that was computed in one go
CHECKED = 4  # texts


class LowerStates:
    """States between layer k - 1 and layer k of texts, all tokens of them.

    Args:
        layers: k.
        dtype: what they were computed in; None: float32.
    """

    def __init__(self, layers: int, dtype: torch.dtype | None) -> None:
        self.layers, self.dtype = layers, dtype or torch.float32
        self._at: dict[tuple[int, ...], tuple[np.ndarray, int]] = {}

    def __contains__(self, ids: tuple[int, ...]) -> bool:
        return ids in self._at

    def add(self, texts: Sequence[TokenizedText], states: np.ndarray) -> None:
        """Take in texts whose rows follow each other in `states` (T, d), bfloat16 as int16."""
        start = 0
        for text in texts:
            self._at[tuple(text.ids)] = states, start
            start += len(text)

    def batch(self, texts: Sequence[TokenizedText], device: torch.device) -> Tensor:
        """(B, L, d), padded with zeros."""
        rows = []
        for text in texts:
            states, start = self._at[tuple(text.ids)]
            rows.append(torch.from_numpy(np.array(states[start : start + len(text)])).view(self.dtype))
        return nn.utils.rnn.pad_sequence(rows, batch_first=True).to(device, non_blocking=True)


def lower_states(
    student: Encoder, frozen: int, dtype: torch.dtype | None, lists: Sequence[Sequence[TokenizedText]], folder: Path
) -> LowerStates | None:
    """States of these lists of texts behind the first `frozen` layers, made on first use and then read.

    Args:
        student: as it starts; its embeddings and first layers will not be trained.
        frozen: layers, at least one.
        dtype: what it will compute in during training; None: float32.
        lists: each becomes one file, less what is in a list before it; a list that other cells have too is best given first.
        folder: of the files; its name stands for the student and for how it computes.

    Returns:
        None for a model that cannot be cut in two this way.
    """
    if not has_lower_part(student, frozen):
        return None
    found = LowerStates(frozen, dtype)
    with _as_in_training(student, dtype):
        if not _can_be_cut(student, frozen, [text for texts in lists for text in texts][:CHECKED], dtype):
            return None
        for texts in lists:
            unique = [text for ids, text in {tuple(text.ids): text for text in texts}.items() if ids not in found]
            if unique:
                unique.sort(key=lambda text: (len(text), text.ids))
                found.add(unique, _kept(student, frozen, dtype, unique, folder))
    return found


def has_lower_part(student: Encoder, frozen: int) -> bool:
    """Whether a model keeps its embeddings in one module, and has more layers than the first `frozen`."""
    return isinstance(getattr(student.model, "embeddings", None), nn.Module) and frozen < len(layers(student.model))


def ids_digest(texts: Sequence[TokenizedText]) -> str:
    """32 hexadecimal digits of the token ids of texts, in their order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(np.array([*text.ids, -1], dtype=np.int64).tobytes())
    return digest.hexdigest()[:32]


@contextmanager
def upper_only(model: Any, lower: LowerStates | None) -> Iterator[None]:
    """A model without its embeddings and first layers: it takes `inputs_embeds` as what they gave. None: it stays whole."""
    if lower is None:
        yield
        return
    holder, name = layers_at(model)
    whole, below = getattr(holder, name), model.embeddings
    setattr(holder, name, nn.ModuleList(list(whole)[lower.layers :]))
    model.embeddings = _Given()
    try:
        yield
    finally:
        setattr(holder, name, whole)
        model.embeddings = below


class _Given(nn.Module):
    """In the place of embeddings: what is given in place of them is the state already."""

    def forward(self, *_: Any, inputs_embeds: Tensor, **__: Any) -> Tensor:
        return inputs_embeds


class _Reached(Exception):
    """Layer k was reached; what it was given is all that is wanted."""


def below(student: Encoder, frozen: int, texts: Sequence[TokenizedText]) -> tuple[Tensor, Tensor]:
    """(B, L, d) what layer k is given, and the mask (B, L) of real tokens."""
    caught: list[Tensor] = []

    def catch(_: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        caught.append(given[0] if given else named["hidden_states"])
        raise _Reached

    batch = student.collate(texts)
    hook = layers(student.model)[frozen].register_forward_pre_hook(catch, with_kwargs=True)
    try:
        student.states(batch)
    except _Reached:
        pass
    finally:
        hook.remove()
    return caught[0], batch.attention_mask


@contextmanager
def _as_in_training(student: Encoder, dtype: torch.dtype | None) -> Iterator[None]:
    weights = Weights(student.model, dtype)
    try:
        with torch.no_grad(), attention(student.model, student.device.type):
            yield
    finally:
        weights.restore()


def _can_be_cut(student: Encoder, frozen: int, texts: Sequence[TokenizedText], dtype: torch.dtype | None) -> bool:
    """Whether the upper layers make of the lower states what the whole model makes of the texts."""
    if not texts:
        return False
    batch = student.collate(texts)
    whole = student.states(batch)[0].float()
    try:
        between, _ = below(student, frozen, texts)
        with upper_only(student.model, LowerStates(frozen, dtype)):
            cut = student.states(batch, between)[0].float()
    except (TypeError, KeyError, AttributeError, IndexError):  # its parts are called in another way
        return False
    real = batch.attention_mask.to(whole.device)
    return bool(((cut - whole)[real].norm(dim=-1) <= CLOSE * whole[real].norm(dim=-1)).all())


def _kept(student: Encoder, frozen: int, dtype: torch.dtype | None, texts: list[TokenizedText], folder: Path) -> np.ndarray:
    """(T, d) states of these texts, one behind the other, from disk."""

    def make(place: Path) -> None:
        starts = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
        width = student.model.config.hidden_size
        kind = np.float32 if dtype is None else np.int16
        rows = np.lib.format.open_memmap(place / "states.npy", "w+", kind, (int(starts[-1]), width))
        for chosen in token_batches([len(text) for text in texts], BATCH_TOKENS):
            states, mask = below(student, frozen, [texts[i] for i in chosen])
            for i, row, real in zip(chosen, states, mask, strict=True):
                one = row[real.to(row.device)].cpu()
                rows[starts[i] : starts[i + 1]] = (one.view(torch.int16) if dtype is not None else one).numpy()
        rows.flush()

    place = once(folder / ids_digest(texts), make)
    place.touch()
    whole = [one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")]
    for old in sorted(whole, key=lambda one: -one.stat().st_mtime)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)  # a cell that still reads it has it open
    return np.load(place / "states.npy", mmap_mode="r")
