import pandas as pd

from bench.output.far import far_below


def rows(**ends: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame([{"first": name, "low": low, "high": high} for name, (low, high) in ends.items()])


def test_one_that_lies_twice_as_deep_as_the_others_reach_is_far():
    assert far_below(rows(a=(-0.02, 0.1), b=(-0.6, -0.5), c=(-0.15, -0.1))) == ["b"]
    assert far_below(rows(a=(-0.02, 0.3), b=(-0.6, -0.5))) == []


def test_where_all_lie_below_the_reference_all_are_drawn():
    assert far_below(rows(a=(-0.9, -0.8), b=(-0.2, -0.1))) == []
