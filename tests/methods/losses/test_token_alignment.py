"""Greedy alignment against plain loops."""

from __future__ import annotations

import pytest
import torch

from methods.losses.token_alignment import TokenAlignment, greedy_alignment
from methods.losses.transport import cosine_cost
from tests.methods.batch import make, repeated


def greedy(cost: list[list[float]]) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    while len(found) < min(len(cost), len(cost[0])):
        rows, columns = {i for i, _ in found}, {j for _, j in found}
        _, i, j = min(
            (value, i, j)
            for i, row in enumerate(cost) for j, value in enumerate(row) if i not in rows and j not in columns
        )  # fmt: skip
        found.add((i, j))
    return found


def test_the_global_minimum_first_even_if_a_better_sum_is_there() -> None:
    cost = torch.tensor([[[0.1, 0.2], [0.15, 1.0]]])
    rows = columns = torch.ones(1, 2, dtype=torch.bool)
    assert greedy_alignment(cost, rows, columns)[0].tolist() == [[True, False], [False, True]]  # .1 + 1.0, not .15 + .2


def test_alignment_and_loss_against_loops() -> None:
    student, teacher = make([3, 6, 5, 1, 4]), make([5, 2, 5, 4, 1], seed=1)
    cost = cosine_cost(student.vectors, teacher.vectors)
    joined = greedy_alignment(cost, student.mask, teacher.mask)
    expected = 0.0
    for i in range(5):
        n, m = int(student.mask[i].sum()), int(teacher.mask[i].sum())
        pairs = greedy(cost[i, :n, :m].tolist())
        assert {tuple(pair) for pair in joined[i].nonzero().tolist()} == pairs
        expected += sum(float((student.vectors[i, a] - teacher.vectors[i, b]).square().sum()) for a, b in pairs) / len(pairs) / 5
    loss, scalars = TokenAlignment().loss(student, teacher, torch.arange(5))
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert scalars["aligned"].item() == pytest.approx((3 / 3 + 2 / 6 + 5 / 5 + 1 / 1 + 1 / 4) / 5)


def test_a_pair_is_aligned_as_if_it_were_alone() -> None:
    student, teacher = make([3, 6, 5, 1, 4]), make([5, 2, 5, 4, 1], seed=1)
    cost = cosine_cost(student.vectors, teacher.vectors)
    together = greedy_alignment(cost, student.mask, teacher.mask)
    parts = []
    for i in range(5):
        n, m = int(student.mask[i].sum()), int(teacher.mask[i].sum())
        alone = greedy_alignment(cost[i : i + 1, :n, :m], student.mask[i : i + 1, :n], teacher.mask[i : i + 1, :m])
        assert torch.equal(together[i, :n, :m], alone[0]) and together[i].sum() == alone.sum() == min(n, m)
        parts.append(TokenAlignment().loss(repeated(student, [i]), repeated(teacher, [i]), torch.tensor([i]))[0].item())
    assert TokenAlignment().loss(student, teacher, torch.arange(5))[0].item() == pytest.approx(sum(parts) / 5, rel=1e-5)
