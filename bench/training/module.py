"""The step of every distillation method: student states, teacher states, the loss of the method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bench.encoders.encoder import Encoder, TokenizedText
from bench.encoders.space import Space
from bench.training.freezing import freeze
from bench.training.groups import cut
from bench.training.lower import LowerStates
from bench.training.pairs import Pairs, TeacherStates, padded
from bench.training.settings import Training
from bench.training.stepping import Stepping
from methods.base import Method, TokenStates


class Distillation(Stepping):
    """Trains a student with the loss of a method, in the space in which it will be scored."""

    def __init__(
        self, student: Encoder, method: Method, space: Space, teacher: TeacherStates, pairs: Pairs,
        settings: Training, steps: int, lower: LowerStates | None = None,
    ) -> None:  # fmt: skip
        super().__init__(student.model, student.model, settings, steps)
        self.student, self.method, self.space = student, method, space
        self.teacher, self.pairs, self.lower = teacher, pairs, lower
        freeze(self.model, settings)

    def losses(self, positions: np.ndarray, pairs: Pairs) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the method on these pairs, and its scalars."""
        sides = [[pairs.texts[i] for i in positions]]
        if "english" in self.method.needs:
            assert pairs.english_texts is not None, f"{self.method.name} needs the English sides, tokenised"
            sides.append([pairs.english_texts[i] for i in positions])
        student, *english = self.states(*sides)
        if pairs.idf is not None:
            student.idf = padded([pairs.idf[i] for i in positions]).to(self.device)
        rows = pairs.english[positions]
        needed = dict(zip(("english",), english, strict=False))
        teacher = self.teacher.batch(rows, self.device)
        return self.method.loss(student, teacher, torch.from_numpy(rows).to(self.device), **needed)

    def states(self, *sides: Sequence[TokenizedText]) -> list[TokenStates]:
        """The texts of each side as the student sees them, in the space of the comparison, in float32.

        All sides go through the student together, a text that occurs twice only once, in groups of similar length.
        """
        place: dict[tuple[int, ...], int] = {}
        at = [[place.setdefault(tuple(text.ids), len(place)) for text in side] for side in sides]
        known = {place[tuple(text.ids)]: text for side in sides for text in side}
        unique = [known[i] for i in range(len(place))]
        groups = cut(np.array([len(text) for text in unique]), self.device.type)
        width = max(len(text) for text in unique)
        parts = [self._encoded([unique[i] for i in group], width) for group in groups]
        row = torch.from_numpy(np.argsort(np.concatenate(groups))).to(self.device)
        vectors, mask, pooled = (torch.cat(part)[row] for part in zip(*parts, strict=True))
        found = []
        for side, texts in zip(at, sides, strict=True):
            rows, longest = torch.tensor(side, device=self.device), max(len(text) for text in texts)
            found.append(TokenStates(vectors[rows, :longest], mask[rows, :longest], pooled[rows]))
        return found

    def _encoded(self, texts: list[TokenizedText], width: int) -> tuple[Tensor, Tensor, Tensor]:
        """(B, width, d) token vectors, (B, width) mask and (B, d) pooled vectors."""
        batch = self.student.collate(texts)
        given = None if self.lower is None else self.lower.batch(texts, self.device)
        hidden, pooled = self.student.states(batch, given)
        more = width - hidden.shape[1]
        mask = F.pad(batch.content_mask, (0, more)).to(self.device, non_blocking=True)
        # The encoder may compute in bfloat16; similarities, plans and softmaxes are float32 for every method.
        return F.pad(self.space.tokens(hidden.float()), (0, 0, 0, more)), mask, self.space.pooled(pooled.float())

    def training_step(self, positions: np.ndarray, index: int) -> None:
        loss, scalars = self.losses(positions, self.pairs)
        mend = "lower its learning rate, or raise its temperature / epsilon; the cell is marked as failed"
        self.update(loss, scalars, index, (f"the loss of {self.method.name}", mend))
