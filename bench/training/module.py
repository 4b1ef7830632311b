"""The step of every distillation method: student states, teacher states, the loss of the method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bench.encoders.encoder import Encoder, TokenizedText
from bench.encoders.space import Space
from bench.training.arithmetic.groups import cut
from bench.training.arithmetic.recompute import again, made_room
from bench.training.freezing import freeze
from bench.training.live_teacher import LiveTeacher
from bench.training.lower import LowerStates
from bench.training.pairs import Pairs, Shift, TeacherStates, padded, taken
from bench.training.settings import Training
from bench.training.stepping import Stepping
from methods.base import Method, TokenStates


class Distillation(Stepping):
    """Trains a student with the loss of a method, in the space in which it will be scored."""

    def __init__(
        self, student: Encoder, method: Method, space: Space, teacher: TeacherStates | LiveTeacher, pairs: Pairs,
        settings: Training, steps: int, lower: LowerStates | None = None,
    ) -> None:  # fmt: skip
        super().__init__(student.model, student.model, settings, steps)
        self.student, self.method, self.space = student, method, space
        self.teacher, self.pairs, self.lower = teacher, pairs, lower
        freeze(self.model, settings)

    def losses(self, positions: np.ndarray, pairs: Pairs) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the method on these pairs, and its scalars."""
        sides = [taken(pairs.texts, positions)]
        offsets = [pairs.offsets]
        if "english" in self.method.needs:
            assert pairs.english_texts is not None, f"{self.method.name} needs the English sides, tokenised"
            sides.append(taken(pairs.english_texts, positions))
            offsets.append(pairs.english_offsets)
        student, *english = self.states(*sides, shifts=[None if one is None else one.of(positions) for one in offsets])
        if pairs.idf is not None:
            student.idf = padded(pairs.idf_of(sides[0], positions)).to(self.device)
        rows = pairs.english[positions]
        needed = dict(zip(("english",), english, strict=False))
        teacher = self.teacher.batch(rows, self.device)
        return self.method.loss(student, teacher, torch.from_numpy(rows).to(self.device), **needed)

    def states(self, *sides: Sequence[TokenizedText], shifts: Sequence[Shift | None] = ()) -> list[TokenStates]:
        """The texts of each side as the student sees them, in the space of the comparison, in float32.

        All sides go through the student together, a text that occurs twice only once, in groups of similar length.

        Args:
            shifts: of each side what is taken from its raw states before; None or left out: nothing.
        """
        shifts = [*shifts, *[None] * (len(sides) - len(shifts))]
        # A text that two languages share is two texts where each language has a mean of its own.
        keys = [[(tuple(text.ids), shift.rows[i] if shift else 0) for i, text in enumerate(side)]
                for side, shift in zip(sides, shifts, strict=True)]  # fmt: skip
        place: dict[tuple[tuple[int, ...], int], int] = {}
        at = [[place.setdefault(key, len(place)) for key in side] for side in keys]
        known = {place[key]: text for names, side in zip(keys, sides, strict=True) for key, text in zip(names, side, strict=True)}
        unique = [known[i] for i in range(len(place))]
        tables = next((shift.tables for shift in shifts if shift), None)
        languages = [language for _, language in place]
        lengths = np.array([len(text) for text in unique])
        width, shares = int(lengths.max()), self.ranks.shares(lengths)
        own = shares[self.ranks.rank]
        groups = [own[group] for group in cut(lengths[own], self.device.type)]
        shifted = [tables and [table[[languages[i] for i in group]] for table in tables] for group in groups]
        shapes = [(len(group), int(lengths[group].max())) for group in groups]
        with again(self.model, made_room(self.model, shapes, self.device.type)):
            parts = [self._encoded([unique[i] for i in group], width, part) for group, part in zip(groups, shifted, strict=True)]
        back = torch.from_numpy(np.argsort(np.concatenate(groups or [own]))).to(self.device)
        encoded = zip(*parts or [self._nothing(width)], strict=True)
        vectors, pooled = (self.ranks.gathered(torch.cat(part)[back], shares) for part in encoded)
        mask = _content(unique, width).to(self.device, non_blocking=True)
        found = []
        for side, texts in zip(at, sides, strict=True):
            rows, longest = torch.tensor(side, device=self.device), max(len(text) for text in texts)
            found.append(TokenStates(vectors[rows, :longest], mask[rows, :longest], pooled[rows]))
        return found

    def _encoded(
        self, texts: list[TokenizedText], width: int, shift: Sequence[np.ndarray] | None
    ) -> tuple[Tensor, Tensor]:
        """(B, width, d) token vectors and (B, d) pooled vectors; `shift`: (B, d) for each of the two."""
        batch = self.student.collate(texts)
        given = None if self.lower is None else self.lower.batch(texts, self.device)
        hidden, pooled = self.student.states(batch, given)
        more = width - hidden.shape[1]
        # The encoder may compute in bfloat16; similarities, plans and softmaxes are float32 for every method.
        hidden, pooled = hidden.float(), pooled.float()
        if shift is not None:
            tokens, whole = (torch.from_numpy(part).to(self.device) for part in shift)
            hidden, pooled = hidden - tokens[:, None], pooled - whole
        return F.pad(self.space.tokens(hidden), (0, 0, 0, more)), self.space.pooled(pooled)

    def _nothing(self, width: int) -> tuple[Tensor, Tensor]:
        """`_encoded` of no text: what a rank has of a batch that has fewer texts than there are ranks."""
        dim = self.space.dim
        return torch.zeros(0, width, dim, device=self.device), torch.zeros(0, dim, device=self.device)

    def remembered(self) -> dict[str, Any]:
        return self.method.state()

    def remember(self, state: dict[str, Any]) -> None:
        self.method.restore(state)

    def training_step(self, positions: np.ndarray, index: int) -> None:
        loss, scalars = self.losses(positions, self.pairs)
        mend = "lower its learning rate, or raise its temperature / epsilon; the cell is marked as failed"
        self.update(loss, scalars, (f"the loss of {self.method.name}", mend))


def _content(texts: Sequence[TokenizedText], width: int) -> Tensor:
    """(B, width) bool: the tokens of the texts themselves."""
    mask = np.zeros((len(texts), width), dtype=bool)
    for row, text in enumerate(texts):
        mask[row, : len(text)] = text.content
    return torch.from_numpy(mask)
