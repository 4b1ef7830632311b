"""InfoNCE by hand."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from methods.base import TokenStates, late_similarity
from methods.losses.contrastive import Contrastive
from methods.registry import MethodError


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


def queued(batches: list[tuple[TokenStates, TokenStates, list[int]]], queue: int) -> list[float]:
    """Losses of batches in turn, by plain loops over a list of (id, vector) of past English texts."""
    past: list[tuple[int, torch.Tensor]] = []
    losses = []
    for student, teacher, ids in batches:
        total = 0.0
        for i, own in enumerate(ids):
            others = [teacher.pooled[j] for j, other in enumerate(ids) if j == i or other != own]
            others += [vector for other, vector in past if other not in ids]
            scores = [math.exp(float(student.pooled[i] @ vector) / 0.2) for vector in others]
            total -= math.log(math.exp(float(student.pooled[i] @ teacher.pooled[i]) / 0.2) / sum(scores))
        losses.append(total / len(ids))
        past = [one for one in past if one[0] not in ids]
        past += [(one, teacher.pooled[ids.index(one)]) for one in dict.fromkeys(ids)]
        past = past[-queue:]
    return losses


def texts_of(ids: list[int], seed: int) -> tuple[TokenStates, TokenStates, list[int]]:
    """Students of these English texts, which are the same wherever they occur."""
    english = make(20, 5, seed=99)
    teacher = TokenStates(english.vectors[ids], english.mask[ids], english.pooled[ids])
    return make(len(ids), 6, seed=seed), teacher, ids


@pytest.mark.parametrize("queue", [1, 3, 5, 100])
def test_queue_against_a_list_of_past_texts(queue: int) -> None:
    """Texts come back in later batches and occur twice in one; a batch is larger than a queue, and smaller."""
    batches = [texts_of(ids, seed) for seed, ids in enumerate([[0, 1, 2], [3, 1, 3], [4, 5], [0, 6, 2, 7], [8]])]
    method = Contrastive(form="dense", temperature=0.2, queue=queue)
    found = [method.loss(student, teacher, torch.tensor(ids))[0].item() for student, teacher, ids in batches]
    assert found == pytest.approx(queued(batches, queue), rel=1e-5)
    assert found[-1] > 0 and len(method.past[1]) == min(queue, 9)


def test_a_queue_is_an_instance_s_own_and_takes_no_part_without_gradients() -> None:
    first, second = (texts_of(ids, seed) for seed, ids in enumerate([[0, 1, 2], [3, 4, 5]]))
    plain = Contrastive(form="dense").loss(second[0], second[1], torch.tensor(second[2]))[0].item()
    method = Contrastive(form="dense", queue=8)
    method.loss(first[0], first[1], torch.tensor(first[2]))
    with torch.no_grad():  # the loss on dev pairs: comparable over training, and no dev text becomes a negative
        assert method.loss(second[0], second[1], torch.tensor(second[2]))[0].item() == plain
    assert method.past[1].tolist() == [0, 1, 2]
    assert method.loss(second[0], second[1], torch.tensor(second[2]))[0].item() > plain
    assert Contrastive(form="dense", queue=8).loss(second[0], second[1], torch.tensor(second[2]))[0].item() == plain


def test_a_queue_of_tokens_is_refused() -> None:
    with pytest.raises(MethodError, match="form=dense"):
        Contrastive(queue=8)
