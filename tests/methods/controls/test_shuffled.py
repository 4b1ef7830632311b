"""The control runs another method, told to the harness by a declaration."""

from __future__ import annotations

import pytest
import torch

from methods import registry
from methods.losses.contrastive import Contrastive
from methods.losses.mimo import Mimo
from tests.methods.batch import make


def load(text: str):
    return registry.load(registry.parse_spec(text))


def test_loss_and_needs_are_those_of_the_method() -> None:
    student, teacher, english, ids = make([3, 2, 5]), make([2, 4, 4], seed=1), make([4, 1, 3], seed=2), torch.arange(3)
    plain = load("shuffled(method=contrastive(form=dense,temperature=0.2))")
    assert plain.shuffle_pairs and plain.needs == ()
    inner = Contrastive(form="dense", temperature=0.2)
    assert torch.equal(plain.loss(student, teacher, ids)[0], inner.loss(student, teacher, ids)[0])
    both = load("shuffled(method=mimo)")
    assert both.needs == ("english",) and not Mimo.shuffle_pairs
    assert torch.equal(both.loss(student, teacher, ids, english=english)[0], Mimo().loss(student, teacher, ids, english)[0])


def test_spec_is_canonical_inside_too() -> None:
    spec = registry.parse_spec("shuffled(method=contrastive( temperature=0.2 ,form=dense))")
    assert str(spec) == "shuffled(method=contrastive(form=dense,temperature=0.2))"
    assert registry.parse_spec(str(spec)) == spec
    assert str(registry.parse_spec("shuffled(method=contrastive(form=late))")) == "shuffled"


def test_what_decides_the_result_includes_the_method_inside() -> None:
    params = registry.all_params(registry.parse_spec("shuffled(method=contrastive(form=dense))"))
    assert params == {
        "method": "contrastive(form=dense)", "method.version": 1, "method.form": "dense", "method.temperature": 0.05,
        "method.queue": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("shuffled(method=untrained)", "no method with a loss"),
        ("shuffled(method=nmt)", "no method with a loss"),
        ("shuffled(method=shuffled)", "no method with a loss"),
        ("shuffled(method=optcal)", "'optical'"),
        ("shuffled(method=contrastive(form=sparse))", "dense"),
    ],
)
def test_what_cannot_be_shuffled_is_named(text: str, part: str) -> None:
    with pytest.raises(registry.MethodError, match=part):
        registry.parse_spec(text)
