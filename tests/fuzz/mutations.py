"""Hypothesis strategies: files that start from a right one, and files that do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import strategies as st

# What breaks readers: empty and invisible texts, halves of characters, other directions and alphabets, numbers at the end of what
# fits, what YAML and JSON read as something else, paths, markup, and signs that separate.
NASTY_TEXTS = (
    "", " ", "\t", "\x00", "\ufeff", "\u200b\u200b", "\u202egnp", "\ud800", "e\u0301", "\u1e9e\u0130", "𝕏" * 40, "a" * 5000,
    "no", "null", "~", "1e999", "-0", "0x1F", "12:30", "2020-01-01", "NaN", "../../etc/passwd", "/", "C:\\x", "<b>&amp;</b>",
    "=1+1", "*", "&a", "!!python/object:os.system", "{{x}}", "%s%n", '"', "'", "\\", "\r", "\n\n", "|", ",", ";", "#", "--",
    "eng_Latn", "swh_Latn", "@", "optical@5#0", "optical(", "optical(epsilon=1,epsilon=2)", "contrastive(form=dense",
)  # fmt: skip
NASTY_NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 1e308, -1e-300, 0.1, float("inf"), float("-inf"), float("nan"))
NASTY: tuple[Any, ...] = (
    *NASTY_TEXTS, *NASTY_NUMBERS, None, True, False, [], {}, [[]], {"": ""}, [None, 1, "x"], {"a": {"b": [1, {"c": None}]}},
)  # fmt: skip


def nasty() -> st.SearchStrategy[Any]:
    """A value that was not meant."""
    return st.one_of(st.sampled_from(NASTY), st.text(max_size=20), st.integers(), st.floats(), deep())


@st.composite
def deep(draw: Callable[..., Any]) -> Any:
    """Lists in lists in lists."""
    value: Any = 1
    for _ in range(draw(st.sampled_from((3, 60, 400)))):
        value = [value]
    return value


@st.composite
def bytes_like(draw: Callable[..., Any], right: bytes) -> bytes:
    """Some small changes of a right file, now and then another file altogether."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=300))
    content = right
    for _ in range(draw(st.integers(1, 3))):
        content = draw(st.sampled_from(CHANGES))(draw, content)
    return content


def _cut(draw: Callable[..., Any], content: bytes) -> bytes:
    return content[: draw(st.integers(0, len(content)))]


def _insert(draw: Callable[..., Any], content: bytes) -> bytes:
    at, text = draw(st.integers(0, len(content))), draw(st.sampled_from(NASTY_TEXTS))
    return content[:at] + text.encode("utf-8", "surrogatepass") + content[at:]


def _lose(draw: Callable[..., Any], content: bytes) -> bytes:
    at = draw(st.integers(0, len(content)))
    return content[:at] + content[at + draw(st.integers(1, 30)) :]


def _flip(draw: Callable[..., Any], content: bytes) -> bytes:
    if not content:
        return content
    at = draw(st.integers(0, len(content) - 1))
    return content[:at] + bytes([draw(st.integers(0, 255))]) + content[at + 1 :]


def _lines(draw: Callable[..., Any], content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    match draw(st.sampled_from(("twice", "exchange", "lose", "many"))):
        case "twice":
            lines.insert(one, lines[other])
        case "exchange":
            lines[one], lines[other] = lines[other], lines[one]
        case "lose":
            del lines[one]
        case "many":
            lines[one] *= 50
    return b"".join(lines)


def _word(draw: Callable[..., Any], content: bytes) -> bytes:
    words = content.split(b" ")
    words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(NASTY_TEXTS)).encode("utf-8", "surrogatepass")
    return b" ".join(words)


def _separators(draw: Callable[..., Any], content: bytes) -> bytes:
    before = draw(st.sampled_from((b"\t", b"\n", b",", b":", b'"')))
    return content.replace(before, draw(st.sampled_from((b" ", b"\r\n", b";", b"", b"\t\t"))))


def _encoding(draw: Callable[..., Any], content: bytes) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(draw(st.sampled_from(("utf-16", "utf-32", "utf-8-sig", "latin-1", "cp1252"))), "replace")


CHANGES = (_cut, _insert, _lose, _flip, _lines, _word, _separators, _encoding)


@st.composite
def tree_like(draw: Callable[..., Any], right: Any) -> Any:
    """A right structure of lists and mappings in which a value, a key or an entry is another."""
    content = json.loads(json.dumps(right))
    for _ in range(draw(st.integers(1, 2))):
        holder, key = draw(st.sampled_from(list(_places(content))))
        match draw(st.sampled_from(("value", "value", "value", "lose", "key", "twice"))):
            case "value":
                holder[key] = draw(nasty())
            case "lose":
                del holder[key]
            case "key" if isinstance(holder, dict):
                holder[draw(st.sampled_from(NASTY_TEXTS))] = holder.pop(key)
            case "twice" if isinstance(holder, list):
                holder.append(holder[key])
        if not list(_places(content)):
            break
    return content


def _places(content: Any) -> Any:
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in list(pairs):
        yield content, key
        yield from _places(value)


@st.composite
def yaml_like(draw: Callable[..., Any], right: bytes) -> bytes:
    """A YAML file: changed in its structure, in its letters, or a bomb."""
    match draw(st.integers(0, 9)):
        case 0:
            names = zip("abcdefgh", "bcdefghi", strict=True)
            levels = (f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n" for before, name in names)
            return b"a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(levels).encode()
        case 1 | 2 | 3:
            return draw(bytes_like(right))
    try:
        changed = draw(tree_like(yaml.safe_load(right)))
        return yaml.safe_dump(changed, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")
    except (yaml.YAMLError, RecursionError):
        return right


@st.composite
def json_like(draw: Callable[..., Any], right: bytes) -> bytes:
    """A JSON file, or JSON lines, changed in its structure or in its letters."""
    if draw(st.booleans()):
        return draw(bytes_like(right))
    try:
        return json.dumps(draw(tree_like(json.loads(right)))).encode()
    except ValueError:  # lines: one of them
        lines = right.splitlines(keepends=True)
        at = draw(st.integers(0, len(lines) - 1))
        lines[at] = json.dumps(draw(tree_like(json.loads(lines[at])))).encode() + b"\n"
        return b"".join(lines)
