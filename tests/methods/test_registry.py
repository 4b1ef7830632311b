"""Declarations are read without torch, and specs parse back to themselves."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from methods import registry
from methods.declaration import from_source


def test_registry_imports_no_torch() -> None:
    code = "import sys; from methods import registry; registry.names(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


@pytest.mark.parametrize("name", registry.names())
def test_declaration_equals_the_class(name: str) -> None:
    declared = registry.declared(name)
    method = registry.load(registry.MethodSpec(name))
    assert (declared.name, declared.summary, declared.kind, declared.version) == (
        method.name, method.summary, method.kind, method.version)  # fmt: skip
    assert {key: param.default for key, param in declared.params.items()} == vars(method.params)
    assert declared.summary and declared.reference and method.__doc__
    for fact in ("needs", "shuffle_pairs", "code_switched", "scorers", "role", "asks", "when", "highlight", "translator"):
        assert getattr(declared, fact) == getattr(type(method), fact)


def test_needs_are_read_without_import() -> None:
    needing = {name for name in registry.names() if registry.declared(name).needs == ("english",)}
    assert needing == {"mimo", "clear", "multilingual_kd"}
    assert {name for name in registry.names() if registry.declared(name).shuffle_pairs} == {"shuffled"}
    assert {name for name in registry.names() if registry.declared(name).code_switched} == {"code_switch"}


def test_all_parameters_with_their_values() -> None:
    found = registry.all_params(registry.parse_spec("contrastive(form=dense)"))
    assert found == {"form": "dense", "temperature": 0.05, "queue": 0}


def test_a_parameter_that_came_later_counts_only_where_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "class P:\n    old: int = option(1, 'a')\n    new: int = option(2, 'b', later=True)\n"
        "class M(Method):\n    name = 'm'\n    summary = 's'\n    Params = P\n"
    )
    declared = from_source(ast.parse(source), "M", "m")
    monkeypatch.setattr(registry, "declared", lambda name: declared)
    assert registry.all_params(registry.parse_spec("m(new=2)")) == {"old": 1}
    assert registry.all_params(registry.parse_spec("m(new=3)")) == {"old": 1, "new": 3}


def test_a_method_that_uses_a_translation_names_one_that_translates_by_itself() -> None:
    spec = registry.parse_spec("fused(method=nmt(model=DIR,max_tokens=48),weight=0.25)")
    assert str(spec) == "fused(method=nmt(model=DIR),weight=0.25)"
    params = registry.all_params(spec)
    assert params["method.model"] == "DIR" and params["method.version"] == registry.declared("nmt").version
    assert registry.named_model(params) == "DIR"
    assert registry.named_model(registry.all_params(registry.parse_spec("lexical"))) == ""
    for wrong in ("fused(method=optical)", "fused(method=fused)", "shuffled(method=lexical)"):
        with pytest.raises(registry.MethodError, match="is no method"):
            registry.parse_spec(wrong)


@pytest.mark.parametrize("wrong", ["weight=1.5", "depth=0", "constant=-1", "method=lexical(form=structured)"])
def test_parameters_of_fused_that_do_not_go_together(wrong: str) -> None:
    with pytest.raises(registry.MethodError, match="fused: "):
        registry.load(registry.parse_spec(f"fused({wrong})"))


def test_spec_round_trip_and_canonical_form() -> None:
    spec = registry.parse_spec(" contrastive( temperature=0.1 , form=dense ) ")
    assert str(spec) == "contrastive(form=dense,temperature=0.1)"
    assert registry.parse_spec(str(spec)) == spec
    assert registry.load(spec).params.temperature == 0.1


def test_default_values_are_left_out() -> None:
    assert str(registry.parse_spec("contrastive(form=late)")) == "contrastive"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("optcal", "'optical'"),
        ("optical(epsilom=1)", "'epsilon'"),
        ("contrastive(form=sparse)", "dense"),
        ("optical(epsilon=small)", "not a float"),
        ("optical(epsilon)", "param=value"),
        ("optical(", "name(param=value"),
    ],
)
def test_mistakes_are_named(text: str, part: str) -> None:
    with pytest.raises(registry.MethodError, match=part.replace("(", r"\(")):
        registry.parse_spec(text)
