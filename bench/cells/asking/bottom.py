"""What the frozen layers of students make of the queries: computed by the first cell of an experiment, read by the others.

Where the embeddings and half of the layers are not trained, half of encoding is the same in every cell.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bench.base.once import once
from bench.cells.lower import folder_of, trains_upper_only
from bench.cells.shared.context import Context
from bench.cells.shared.views import Encodes
from bench.encoders.device import autocast_dtype
from bench.encoders.encoder import CPU_TOKENS, GPU_TOKENS, Encoded, Encoder, TokenizedText, token_batches
from bench.experiment.spec import CellSpec
from bench.training.lower import LowerStates, below, has_lower_part, ids_digest, upper_only

ROOM = 2 << 30  # bytes of files kept; the oldest go first
CHECKED = 4  # texts of a block that are encoded as a whole too
CLOSE = 0.01  # largest share of their norm by which their states may then differ


def on_shared_bottom(spec: CellSpec, context: Context, student: Encoder) -> Encodes:
    """A trained student that reads what its frozen layers give.

    The student itself where it trains them or cannot be cut, and on a GPU, which computes them faster than a disk is read.
    """
    frozen = spec.training.freeze_layers
    if not (trains_upper_only(spec) and student.device.type == "cpu" and has_lower_part(student, frozen)):
        return student
    return SharedBottom(student, frozen, folder_of(spec, context, "queries"))


class SharedBottom:
    """Encodes like `student`.

    Every block of texts is one file. Before it is used the student encodes some of its texts as a whole: what does not fit
    it (its bottom was trained after all, it is put together in another way) is not used, and all is encoded as a whole.

    Args:
        student: trained, all but its embeddings and first layers.
        frozen: how many layers.
        folder: of the files; its name stands for the student as it starts and for how it computes.
    """

    def __init__(self, student: Encoder, frozen: int, folder: Path) -> None:
        self.student, self.frozen, self.folder = student, frozen, folder
        # Half of the room where all is bfloat16 anyway, and still eight times as exact.
        self.dtype = np.float32 if autocast_dtype(student.precision, student.device) is None else np.float16

    @property
    def device(self) -> torch.device:
        return self.student.device

    def encode(self, texts: Sequence[str], kind: str = "query", /) -> Encoded:
        """States of all texts, in their order."""
        items = self.student.tokenize(texts, kind)
        checked = range(0, len(items), max(1, len(items) // CHECKED))[:CHECKED]
        try:
            found = self._encode(items)
            known = self.student.encode_tokenized([items[i] for i in checked])
            rows = found.tokens.take(checked).vectors
            if np.linalg.norm(rows - known.tokens.vectors) <= CLOSE * np.linalg.norm(known.tokens.vectors):
                return found
        except (TypeError, KeyError, AttributeError, IndexError):  # its parts are called in another way
            pass
        return self.student.encode_tokenized(items)

    def _encode(self, items: Sequence[TokenizedText]) -> Encoded:
        starts = np.concatenate([[0], np.cumsum([len(item) for item in items])])
        block = once(self.folder / f"block-{ids_digest(items)}", lambda place: self._make(items, starts, place))
        states = np.load(block / "states.npy")

        def given(chosen: Sequence[int]) -> Tensor:
            rows = [torch.from_numpy(states[starts[i] : starts[i + 1]]).float() for i in chosen]
            return nn.utils.rnn.pad_sequence(rows, batch_first=True).to(self.device)

        with upper_only(self.student.model, LowerStates(self.frozen, None)):
            return self.student.encode_tokenized(items, given=given)

    def _make(self, items: Sequence[TokenizedText], starts: np.ndarray, place: Path) -> None:
        """The file: (T, d) states of all tokens, text by text."""
        rows = np.empty((int(starts[-1]), int(self.student.model.config.hidden_size)), dtype=self.dtype)
        with self.student.encoding():
            budget = CPU_TOKENS if self.device.type == "cpu" else GPU_TOKENS
            for chosen in token_batches([len(item) for item in items], budget):
                states, _ = below(self.student, self.frozen, [items[i] for i in chosen])
                for i, row in zip(chosen, states.float().cpu().numpy(), strict=True):
                    rows[starts[i] : starts[i + 1]] = row[: len(items[i])]
        np.save(place / "states.npy", rows)
        _forget(self.folder.parent, ROOM - rows.nbytes)


def _forget(folder: Path, room: int) -> None:
    """Remove the oldest blocks of all students until the others fit."""
    files = sorted(folder.glob("*/block-*/states.npy"), key=lambda file: -file.stat().st_mtime)
    for file in files:
        room -= file.stat().st_size
        if room < 0:
            shutil.rmtree(file.parent, ignore_errors=True)
