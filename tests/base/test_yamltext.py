"""YAML that wants to do harm, or cannot be read: one kind of error, at once."""

import pytest
import yaml

from bench.base.errors import BenchError
from bench.base.jsonfile import read_json
from bench.base.yamlfile import read_mapping
from bench.base.yamltext import DEEPEST, UNFOLDED, parsed


def doubled(levels: int) -> str:
    """A text whose last value holds 10 to the power of `levels` words, written as aliases of aliases."""
    first = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    return first + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, levels))


def merged(levels: int) -> str:
    return "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, levels))


BAD = {
    "aliases of aliases": (doubled(9), "aliases unfold to more than 100,000 values"),
    "merged keys of merged keys": (merged(9), "aliases unfold to more than 100,000 values"),
    "an alias of itself": ("a: &a [*a]", "stands inside of what it stands for"),
    "an alias of itself by key": ("a: &a {b: {c: *a}}", "stands inside of what it stands for"),
    "nested, and never closed": ("a: " + "[" * 200_000, "nested more than 100 levels deep"),
    "nested blocks": ("- " * 5_000 + "x", "nested more than 100 levels deep"),
    "a class of Python": ("a: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
    "an object of Python": ("a: !!python/object:collections.Counter {}", "could not determine a constructor"),
    "a module of Python": ("a: !!python/module:os x", "could not determine a constructor"),
    "a number of 5,000 digits": ("a: " + "9" * 5_000, "a value that cannot be read"),
    "a day that is none": ("a: 2022-99-99", "a value that cannot be read"),
    "a key that is a list": ("? [a]\n: b", "unhashable"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_harm_is_one_error(name, tmp_path):
    text, said = BAD[name]
    with pytest.raises(yaml.YAMLError, match=said):
        parsed(text)
    (path := tmp_path / "p.yaml").write_text(text)
    with pytest.raises(BenchError, match=f"is not valid YAML: .*{said}") as found:
        read_mapping(path, "profile")
    assert len(found.value.message) < 500


def test_aliases_within_reason_are_what_they_stand_for():
    assert parsed("a: &a [1, 2]\nb: {c: *a, d: *a}\ne: {<<: &m {x: 1}, y: 2}") == {
        "a": [1, 2], "b": {"c": [1, 2], "d": [1, 2]}, "e": {"x": 1, "y": 2},
    }  # fmt: skip
    deep = "[" * DEEPEST + "]" * DEEPEST
    assert parsed(deep) is not None
    with pytest.raises(yaml.YAMLError):
        parsed(f"[{deep}]")
    many = f"a: &a [{', '.join('x' * 100)}]\nb: [{', '.join(['*a'] * (UNFOLDED // 101))}]"
    assert len(parsed(many)["b"]) == UNFOLDED // 101
    with pytest.raises(yaml.YAMLError):
        parsed(many[:-1] + ", *a]")


def test_json_that_is_nested_without_end_counts_as_damaged(tmp_path):
    (path := tmp_path / "x.json").write_text('{"a": ' * 200_000)
    assert read_json(path) == {}
    path.write_text('{"a": ' + "9" * 5_000 + "}")
    assert read_json(path) == {}
