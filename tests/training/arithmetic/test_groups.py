import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.training.arithmetic.groups import PASS_TOKENS, cut


def cost(groups: list[np.ndarray], lengths: np.ndarray) -> int:
    return sum(len(group) * int(lengths[group].max()) + PASS_TOKENS["cpu"] for group in groups)


@given(st.lists(st.integers(1, 128), min_size=1, max_size=70))
def test_each_text_once_and_never_dearer_than_one_pass(lengths: list[int]):
    sizes = np.array(lengths)
    groups = cut(sizes)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(sizes)))
    assert cost(groups, sizes) <= len(sizes) * sizes.max() + PASS_TOKENS["cpu"]
    assert all(sizes[a].max() <= sizes[b].min() for a, b in zip(groups, groups[1:], strict=False))


def test_it_is_the_least_cost_of_all_cuts():
    sizes = np.array([4, 100, 5, 6, 30, 90, 31])
    order = np.argsort(sizes, kind="stable")
    every = []
    for pattern in range(2 ** (len(sizes) - 1)):
        ends = [i + 1 for i in range(len(sizes) - 1) if pattern >> i & 1]
        every.append(cost(np.split(order, ends), sizes))
    assert cost(cut(sizes), sizes) == min(every)
    assert len(cut(sizes)) > 1


def test_texts_of_one_length_and_texts_on_a_gpu_stay_together():
    assert len(cut(np.full(32, 40))) == 1
    assert len(cut(np.array([4, 100, 5, 6, 30, 90, 31]), "cuda")) == 1
