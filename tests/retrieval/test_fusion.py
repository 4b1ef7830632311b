"""Two rankings as one, against sums over dictionaries."""

from __future__ import annotations

import numpy as np
import pytest

from bench.base.errors import BenchError
from bench.retrieval.fusion import Fusion
from bench.retrieval.ranking import Order, Ranking

IDS = [f"d{i:02}" for i in range(12)]


def rankings(depth: int, queries: int = 5, seed: int = 0) -> tuple[Ranking, Ranking]:
    """The second index knows other documents, in another order."""
    rng = np.random.default_rng(seed)
    names = [f"q{i}" for i in range(queries)]
    first = Order(IDS).top(rng.normal(size=(queries, 12)).astype(np.float32), depth, names)
    other = [*reversed(IDS[4:]), "extra"]
    return first, Order(other).top((5 + 9 * rng.normal(size=(queries, 9))).astype(np.float32), depth, names)


def by_hand(first: Ranking, second: Ranking, query: int, fusion: Fusion) -> list[str]:
    worth = []
    for ranking in (first, second):
        ids = ranking.ids(query)
        scores = ranking.scores[query, : len(ids)].astype(float)
        if fusion.form == "rrf":
            worth.append(({name: 1 / (fusion.constant + rank) for rank, name in enumerate(ids, 1)}, 0.0))
        else:
            z = (scores - scores.mean()) / (scores.std() or 1)
            worth.append((dict(zip(ids, z, strict=True)), z.min()))
    (one, no), (two, none) = worth
    total = {name: (1 - fusion.weight) * one.get(name, no) + fusion.weight * two.get(name, none) for name in {*one, *two}}
    return sorted(total, key=lambda name: (-np.float32(total[name]), name))


@pytest.mark.parametrize("depth", [3, 8, 20])
@pytest.mark.parametrize("fusion", [Fusion(), Fusion(weight=0.2), Fusion("rrf"), Fusion("rrf", 0.7, 5)])
def test_against_sums_by_hand(depth: int, fusion: Fusion):
    first, second = rankings(depth)
    joined = fusion.join(first, second, 6, [f"q{i}" for i in range(5)])
    for query in range(5):
        assert joined.ids(query) == by_hand(first, second, query, fusion)[:6]
        found = joined.scores[query]
        assert (np.diff(found[np.isfinite(found)]) <= 0).all()


def test_reciprocal_ranks_are_those_of_the_paper():
    """Cormack et al. 2009: sum of 1 / (60 + rank)."""
    first = Ranking(["a", "b", "c"], np.array([[0, 1, 2]]), np.array([[3, 2, 1]], np.float32))
    second = Ranking(["a", "b", "c"], np.array([[2, 1, -1]]), np.array([[9, 8, -np.inf]], np.float32))
    joined = Fusion("rrf").join(first, second, 3, ["q"])
    wanted = {"a": 1 / 61, "b": 1 / 62 + 1 / 62, "c": 1 / 63 + 1 / 61}
    assert joined.ids(0) == sorted(wanted, key=lambda name: -wanted[name]) == ["c", "b", "a"]
    np.testing.assert_allclose(2 * joined.scores[0], sorted(wanted.values(), reverse=True), rtol=1e-6)


@pytest.mark.parametrize(("weight", "which"), [(0.0, 0), (1.0, 1)])
def test_all_weight_on_one_side_leaves_its_ranking(weight: float, which: int):
    both = rankings(20)
    joined = Fusion(weight=weight).join(*both, 9, [f"q{i}" for i in range(5)])
    for query in range(5):
        own = both[which].ids(query)
        assert [name for name in joined.ids(query) if name in own][:5] == own[:5]


def test_a_scale_of_scores_does_not_matter_and_equal_scores_decide_nothing():
    first, second = rankings(12)
    names = [f"q{i}" for i in range(5)]
    larger = Ranking(second.doc_ids, second.index, np.where(second.index >= 0, 100 * second.scores - 7, second.scores))
    assert [Fusion().join(first, one, 9, names).ids(2) for one in (second, larger)][0] == Fusion().join(
        first, larger, 9, names).ids(2)  # fmt: skip
    flat = Ranking(IDS, np.tile(np.arange(12), (5, 1)), np.full((5, 12), 0.3, np.float32))
    assert Fusion().join(first, flat, 12, names).ids(1) == first.ids(1)


def test_a_query_that_found_nothing():
    first, _ = rankings(12)
    nothing = Ranking(IDS, np.full((5, 4), -1), np.full((5, 4), -np.inf, np.float32))
    names = [f"q{i}" for i in range(5)]
    assert Fusion().join(first, nothing, 12, names).ids(3) == first.ids(3)
    assert Fusion("rrf").join(nothing, nothing, 3, names).ids(0) == []


@pytest.mark.parametrize("given", [{"form": "sum"}, {"weight": 2.0}])
def test_mistakes(given: dict):
    with pytest.raises(BenchError, match="cannot be joined"):
        Fusion(**given)
