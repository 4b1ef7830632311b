"""Fields of a JSON or parquet record: a text, or why it is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Record = dict[str, Any]
_KINDS = {bool: "true or false", float: "a number with a point", list: "a list", dict: "an object", bytes: "bytes"}


class Field(NamedTuple):
    """`text` is None where there is none that can be used; `flaw` then says why, and is "" where the record lacks the field."""

    text: str | None
    flaw: str = ""


def text_of(record: Record, names: Sequence[str], empty: bool = True) -> Field:
    """The first of these fields that holds anything. Whole numbers are texts; nothing else but a text is.

    Args:
        empty: null is an empty text; otherwise it is a flaw, as it is of an id.
    """
    there = [name for name in names if name in record]
    if not there:
        return Field(None)
    name = next((one for one in there if record[one] is not None and record[one] != ""), there[0])
    value = record[name]
    if isinstance(value, str):
        return Field(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Field(str(value))
    if value is None:
        return Field("") if empty else Field(None, f"{name} is null: a text is needed")
    kind = _KINDS.get(type(value), type(value).__name__)
    return Field(None, f"{name} is {_short(value)} ({kind}): a text is needed" + ("" if empty else ", or a whole number"))


def several(record: Record, names: Sequence[str]) -> str:
    """What to say of a record whose fields of the same meaning differ; "" if they do not."""
    said = {name: str(record[name]) for name in names if record.get(name) not in (None, "")}
    if len(set(said.values())) < 2:
        return ""
    first, *rest = said
    return f"has {first} and {rest[0]}, which differ: {first} is taken"


def lacks(record: Mapping[str, Any], names: Sequence[str]) -> str:
    """What to say of a record without any of these fields."""
    has = ", ".join(list(record)[:8]) or "none"
    return f"has no {' or '.join(names)} (fields: {has})"


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else shown[:37] + "..."
