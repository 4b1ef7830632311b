"""Which scorers a method has, and which an experiment shows."""

from __future__ import annotations

import pytest

from bench.analysis.scorers import scorers_of, shown
from methods import registry


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("untrained", ("dense", "late", "sparse")),
        ("english", ("dense", "late", "sparse")),
        ("optical(reach=0)", ("dense", "late")),
        ("lexical", ("dense", "late")),
        ("lexical(form=one_best,rounds=3)", ("dense", "late")),
        ("lexical( rounds=3, form=structured )", ("sparse",)),
        ("shuffled(method=contrastive(form=dense))", ("dense", "late")),
    ],
)
def test_scorers_of_a_canonical_text(text: str, expected: tuple[str, ...]):
    assert scorers_of(str(registry.parse_spec(text))) == expected


def test_floor_and_ceiling_add_no_scorer_to_the_tables():
    assert shown(["english", "untrained", "nmt"]) == ("dense", "late")
    assert shown(["english", "untrained", "lexical(form=structured)"]) == ("sparse",)
    assert shown(["english", "untrained"]) == ("dense", "late", "sparse")  # nothing but these: all that they have
    assert shown([]) == ()
