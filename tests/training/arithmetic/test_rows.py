import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bench.training.arithmetic.rows import RowAdamW, WordRows, can_stand_in

V, D, STEPS = 40, 6, 60


def batches(steps: int = STEPS) -> list[torch.Tensor]:
    """Ids of each step: some words often, some once, some never."""
    g = torch.Generator().manual_seed(0)
    return [(torch.rand(12, generator=g) ** 3 * (V - 4)).long() for _ in range(steps)]


def rate(step: int) -> float:
    return 0.01 * (1 - step / STEPS)


def loss_of(vectors: torch.Tensor, step: int) -> torch.Tensor:
    target = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(step))
    return (vectors - target).square().mean()


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_it_is_adamw_step_by_step(decay: float):
    torch.manual_seed(0)
    dense = nn.Embedding(V, D, padding_idx=1)
    lazy = WordRows(copy.deepcopy(dense), None, decay)
    start = dense.weight.detach().clone()
    optimizer = torch.optim.AdamW(dense.parameters(), lr=1.0, weight_decay=decay)
    for step, ids in enumerate(batches()):
        ids = ids.view(3, 4)
        optimizer.param_groups[0]["lr"] = rate(step)
        seen = lazy(ids)
        torch.testing.assert_close(seen, dense(ids), rtol=1e-5, atol=1e-6)  # rows that are read are up to date
        for vectors in (seen, dense(ids)):
            loss_of(vectors, step).backward()
        optimizer.step()
        optimizer.zero_grad()
        lazy.optimiser.step(*lazy.gradient(), rate(step))
    assert (lazy.optimiser.last < STEPS).any()  # something was left to make up for
    trained = lazy.finish().weight
    torch.testing.assert_close(trained, dense.weight.detach(), rtol=1e-5, atol=1e-6)
    assert (trained - start).abs().max() > 0.05
    # A word that never occurred only decays.
    kept = torch.tensor([1 - rate(step) * decay for step in range(STEPS)]).prod()
    torch.testing.assert_close(trained[V - 1], start[V - 1] * kept)


def test_two_passes_in_a_step_add_up():
    torch.manual_seed(0)
    dense = nn.Embedding(V, D)
    lazy = WordRows(copy.deepcopy(dense), None, 0.0)
    sides = torch.tensor([[3, 5, 5]]), torch.tensor([[5, 9, 2]])
    for layer in (dense, lazy):
        sum(loss_of(layer(side), n) for n, side in enumerate(sides)).backward()  # type: ignore[union-attr]
    rows, gradient = lazy.gradient()
    assert rows.tolist() == [2, 3, 5, 9]
    torch.testing.assert_close(gradient, dense.weight.grad[rows])
    assert len(lazy.gradient()[0]) == 0  # given once


def test_without_gradients_nothing_is_kept():
    lazy = WordRows(nn.Embedding(V, D), torch.bfloat16, 0.0)
    with torch.no_grad():
        assert lazy(torch.tensor([1, 2])).dtype == torch.bfloat16
    assert len(lazy.gradient()[0]) == 0


def test_moments_are_only_written_for_rows_that_occur(monkeypatch: pytest.MonkeyPatch):
    optimiser = RowAdamW(torch.ones(4, 2), 0.1)
    for rows in ([1], [2]):
        optimiser.step(torch.tensor(rows), torch.ones(1, 2), 0.1)
    optimiser.mean[3] = optimiser.square[0] = torch.nan  # would show if they were read or written to
    optimiser.complete(torch.arange(4))
    assert optimiser.mean.isnan().any(1).tolist() == [False, False, False, True]
    assert optimiser.square.isnan().any(1).tolist() == [True, False, False, False]
    assert optimiser.table.isfinite().all() and (optimiser.table < 1).all() and (optimiser.last == 2).all()


def test_which_embeddings_it_stands_in_for():
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.head = nn.Embedding(V, D), nn.Linear(D, V, bias=False)
            self.head.weight = self.words.weight

    plain = nn.Sequential(nn.Embedding(V, D))
    assert can_stand_in(plain[0], plain)
    frozen = nn.Sequential(nn.Embedding(V, D)).requires_grad_(False)
    tied = Tied()
    scaled = nn.Sequential(type("Scaled", (nn.Embedding,), {})(V, D))
    bounded = nn.Sequential(nn.Embedding(V, D, max_norm=1.0))
    pairs = [(frozen[0], frozen), (tied.words, tied), (scaled[0], scaled), (bounded[0], bounded)]
    assert not any(can_stand_in(words, model) for words, model in pairs)  # type: ignore[arg-type]
    assert F.embedding(torch.tensor([0]), tied.words.weight).shape == (1, D)


def test_a_completed_copy_changes_nothing_and_can_be_put_back():
    def trained(copied: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
        torch.manual_seed(0)
        lazy, kept = WordRows(nn.Embedding(V, D), None, 0.1), None
        for step, ids in enumerate(batches()):
            if copied and step == STEPS // 2:
                kept = lazy.optimiser.completed()
            loss_of(lazy(ids), step).backward()
            lazy.optimiser.step(*lazy.gradient(), rate(step))
        half = kept is None or not torch.equal(kept, lazy.optimiser.completed())
        assert half and (lazy.optimiser.last < STEPS).any()
        if kept is not None:
            whole = lazy.optimiser.completed()
            lazy.optimiser.take(kept)
            assert torch.equal(lazy.finish().weight, kept)
            return whole, kept
        return lazy.finish().weight.detach(), None

    (plain, _), (whole, kept) = trained(False), trained(True)
    assert torch.equal(plain, whole)
    torch.manual_seed(0)
    lazy = WordRows(nn.Embedding(V, D), None, 0.1)
    for step, ids in enumerate(batches()[: STEPS // 2]):
        loss_of(lazy(ids), step).backward()
        lazy.optimiser.step(*lazy.gradient(), rate(step))
    assert torch.equal(lazy.finish().weight, kept)
