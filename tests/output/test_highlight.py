import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.output.highlight import chosen, family_heads


def ranks(**of):
    rows = [{"method": name, "task": "mean", "complete": True, "rank": rank} for name, rank in of.items()]
    return [pd.DataFrame([*rows, {"method": "e", "task": "faq", "complete": True, "rank": 0}])]


NAMES = ["untrained", "english", *"abcde", "optical(reach=0)", "optical", "nmt(depth=2)"]


def test_few_methods_are_all_shown_and_references_never():
    assert chosen(["untrained", "english", "a", "teacher_query(ask=english)", "b"], []) == ["a", "b"]


def test_of_many_the_families_and_the_best_of_the_rest():
    found = chosen(NAMES, ranks(a=5, b=4, c=1, d=2, e=3))
    assert found == ["c", "d", "e", "optical", "nmt(depth=2)"], "two families, three best by the mean of tasks alone"


def test_asking_overrides_and_is_checked():
    assert chosen(NAMES, ranks(a=1), ["b", "a"]) == ["a", "b"]
    with pytest.raises(BenchError, match="did you mean 'optical'"):
        chosen(NAMES, ranks(a=1), ["optcal"])


def test_a_family_is_led_by_its_plain_method():
    assert family_heads(["contrastive(form=dense)", "contrastive", "x"]) == ["contrastive"]
    assert family_heads(["nmt(depth=3)", "nmt(depth=2)"]) == ["nmt(depth=3)"]
