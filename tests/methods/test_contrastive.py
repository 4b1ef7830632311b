"""InfoNCE by hand."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from methods.base import TokenStates, late_similarity
from methods.contrastive import Contrastive


def make(batch: int, tokens: int, d: int = 8, seed: int = 0) -> TokenStates:
    g = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, tokens + 1, (batch,), generator=g)
    vectors = F.normalize(torch.randn(batch, tokens, d, generator=g), dim=-1)
    return TokenStates(vectors, torch.arange(tokens)[None] < lengths[:, None], F.normalize(vectors.mean(1), dim=-1))


def test_late_similarity_is_the_mean_of_maxima() -> None:
    student, teacher = make(4, 6), make(3, 5, seed=1)
    found = late_similarity(student, teacher)
    for i in range(4):
        for j in range(3):
            own, other = student.vectors[i][student.mask[i]], teacher.vectors[j][teacher.mask[j]]
            assert found[i, j].item() == pytest.approx((own @ other.T).amax(1).mean().item(), abs=1e-6)


@pytest.mark.parametrize("form", ["late", "dense"])
def test_infonce_by_hand(form: str) -> None:
    student, teacher = make(4, 6), make(4, 5, seed=1)
    loss, scalars = Contrastive(form=form, temperature=0.2).loss(student, teacher, torch.arange(4))
    s = late_similarity(student, teacher) if form == "late" else student.pooled @ teacher.pooled.T
    rows = [-math.log(math.exp(s[i, i] / 0.2) / sum(math.exp(v / 0.2) for v in s[i].tolist())) for i in range(4)]
    assert loss.item() == pytest.approx(sum(rows) / 4, rel=1e-5)
    assert scalars["accuracy"].item() == (s.argmax(1) == torch.arange(4)).float().mean().item()


@pytest.mark.parametrize("form", ["late", "dense"])
def test_pairs_with_the_same_english_are_no_negatives(form: str) -> None:
    student, teacher = make(4, 6), make(4, 5, seed=1)
    for field in (teacher.vectors, teacher.mask, teacher.pooled):
        field[3] = field[0]
    method = Contrastive(form=form)
    masked, _ = method.loss(student, teacher, torch.tensor([0, 1, 2, 0]))
    s = (late_similarity(student, teacher) if form == "late" else student.pooled @ teacher.pooled.T) / 0.05
    s[0, 3] = s[3, 0] = -torch.inf
    assert masked.item() == pytest.approx(F.cross_entropy(s, torch.arange(4)).item(), rel=1e-5)
    assert masked < method.loss(student, teacher, torch.arange(4))[0]
