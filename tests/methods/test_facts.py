"""Facts that methods declare, read by their text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from methods import registry
from methods.facts import Facts, facts, highlighted, holder, of_declaration


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
def test_scorers_of_a_canonical_text(text: str, expected: tuple[str, ...]) -> None:
    assert facts(str(registry.parse_spec(text))).scorers == expected


def test_roles_and_questions() -> None:
    assert (facts("untrained").role, facts("english").role) == ("floor", "ceiling")
    assert (holder("floor"), holder("ceiling")) == ("untrained", "english")
    assert facts("teacher_query(ask=english,encoder=x)") == Facts("its own ceiling", "english", told_by=("ask=english",))
    assert [text for text in ("english", "teacher_query", "teacher_query(ask=english)") if facts(text).asks_english] == [
        "english", "teacher_query(ask=english)",
    ]  # fmt: skip


def test_arms_without_training_are_shown_and_do_not_compete() -> None:
    for text in ("centred", "centred(documents=bitext)", "lir(directions=4)", "linear_map(form=procrustes)"):
        assert facts(text).role == "no training" and facts(text).is_reference
    trained = {name for name in ("centred", "lir", "linear_map") if registry.declared(name).trained}
    assert trained == {"linear_map"}  # it depends on the pairs of the cell


def test_a_condition_without_a_value_holds_for_any_but_the_default() -> None:
    declared = replace(registry.declared("nmt"), when={"model": {"role": "not budget-matched"}})
    assert of_declaration(declared, "model=some/thing") == Facts("not budget-matched", told_by=("model=some/thing",))
    assert of_declaration(declared, "max_tokens=3") == Facts(is_own_translator=True) == of_declaration(declared)


def test_a_fused_arm_had_what_its_translator_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def known(text: str) -> Facts:
        return Facts("not budget-matched") if "model=" in text else Facts("floor")

    monkeypatch.setattr("methods.facts.facts", known)
    fused = registry.declared("fused")
    assert of_declaration(fused, "method=nmt(model=a,max_tokens=3),weight=0.2").role == "not budget-matched"
    assert of_declaration(fused, "method=nmt(max_tokens=3)") == Facts()


def test_a_translator_is_made_from_the_pairs_or_somebody_elses() -> None:
    own = ("nmt", "nmt(pairs=all)", "lexical", "fused(method=nmt(pairs=all))")
    assert all(facts(text).is_own_translator for text in own)
    others = ("nmt(model=m)", "fused(method=nmt(model=m))", "optical", "untrained")
    assert not any(facts(text).is_own_translator for text in others)


def test_a_scorer_in_another_space_is_the_same_scorer() -> None:
    assert facts("optical").scored_with("dense_own") and facts("optical").scored_with("late_english")
    assert not facts("lexical(form=structured)").scored_with("late_own") and not facts("optical").scored_with("late_other")


def test_a_method_that_is_gone_and_a_short_name_compete() -> None:
    assert facts("somebodys_loss(weight=2)") == Facts() and not Facts().is_reference
    assert facts("optical(textbook)") == Facts()


def test_the_question_is_about_three_methods() -> None:
    assert highlighted() == ("optical", "contrastive", "nmt")
