"""Distilled rankings, by plain loops."""

from __future__ import annotations

import math

import pytest
import torch

from methods.base import TokenStates
from methods.losses.contrastive import Contrastive
from methods.losses.score_kl import ScoreKl
from tests.methods.batch import make, repeated


def score(query: TokenStates, i: int, text: TokenStates, j: int, form: str) -> float:
    if form == "dense":
        return float(query.pooled[i] @ text.pooled[j])
    own, other = query.vectors[i][query.mask[i]], text.vectors[j][text.mask[j]]
    return sum(max(float(a @ b) for b in other) for a in own) / len(own)


def by_hand(student: TokenStates, teacher: TokenStates, candidates: list[int], form: str, T: float) -> float:
    total = 0.0
    for i in range(len(student)):
        wanted = [math.exp(score(teacher, i, teacher, j, form) / T) for j in candidates]
        found = [math.exp(score(student, i, teacher, j, form) / T) for j in candidates]
        wanted, found = ([v / sum(values) for v in values] for values in (wanted, found))
        total += sum(w * (math.log(w) - math.log(f)) for w, f in zip(wanted, found, strict=True))
    return T**2 * total / len(student)


@pytest.mark.parametrize("form", ["late", "dense"])
def test_value(form: str) -> None:
    student, teacher = make([3, 2, 5, 4]), make([2, 4, 4, 1], seed=1)
    loss, _ = ScoreKl(form=form, temperature=0.3).loss(student, teacher, torch.arange(4))
    assert loss.item() == pytest.approx(by_hand(student, teacher, [0, 1, 2, 3], form, 0.3), rel=1e-4)


@pytest.mark.parametrize("form", ["late", "dense"])
def test_an_english_text_that_occurs_twice_is_one_candidate(form: str) -> None:
    student, teacher = make([3, 2, 5, 4]), repeated(make([2, 4, 4, 1], seed=1), [0, 1, 0, 3])
    loss, _ = ScoreKl(form=form, temperature=0.3).loss(student, teacher, torch.tensor([5, 6, 5, 8]))
    assert loss.item() == pytest.approx(by_hand(student, teacher, [0, 1, 3], form, 0.3), rel=1e-4)


def test_nothing_to_learn_where_the_student_is_the_teacher() -> None:
    states = make([3, 2, 5, 4])
    loss, scalars = ScoreKl().loss(states, states, torch.arange(4))
    assert loss.item() == pytest.approx(0, abs=1e-7) and scalars["agreement"].item() == 1


def test_the_ranking_of_the_others_is_learned_too() -> None:
    """Two students put the right text first alike, one ranks the rest as the teacher does; InfoNCE sees no difference."""
    wanted = torch.tensor([[1.0, 0.6, 0.1], [0.6, 1.0, 0.3], [0.1, 0.3, 1.0]])
    swapped = torch.tensor([[1.0, 0.1, 0.6], [0.3, 1.0, 0.6], [0.3, 0.1, 1.0]])
    root = torch.linalg.cholesky(wanted)  # teacher vectors with these scores
    tokens, mask, ids = root[:, None], torch.ones(3, 1, dtype=torch.bool), torch.arange(3)
    teacher = TokenStates(tokens, mask, root)
    students = [TokenStates(tokens, mask, scores @ torch.linalg.inv(root).T) for scores in (wanted, swapped)]
    kl, infonce = (
        [method.loss(student, teacher, ids)[0].item() for student in students]
        for method in (ScoreKl(form="dense"), Contrastive(form="dense"))
    )
    assert infonce[0] == pytest.approx(infonce[1], rel=1e-3)
    assert kl[0] == pytest.approx(0, abs=1e-7) and kl[1] > 1e-3
