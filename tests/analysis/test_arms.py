"""Which scorers an experiment shows."""

from __future__ import annotations

from bench.analysis.arms import shown


def test_floor_and_ceiling_add_no_scorer_to_the_tables():
    assert shown(["english", "untrained", "nmt"]) == ("dense", "late")
    assert shown(["english", "untrained", "lexical(form=structured)"]) == ("sparse",)
    assert shown(["english", "untrained"]) == ("dense", "late", "sparse")  # nothing but these: all that they have
    assert shown([]) == ()
