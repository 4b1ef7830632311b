"""Reading a YAML file that a person wrote: every way it can be wrong is a `BenchError` with file and line."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from bench.base.errors import BenchError, no_file
from bench.base.yamltext import Loader, parsed


class _UniqueKeys(Loader):  # type: ignore[misc]
    """Safe loader that refuses a repeated key, of which YAML silently keeps the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if isinstance(key, str) and key != "<<":
                if key in seen:
                    raise BenchError(
                        f"'{key}' stands twice: lines {seen[key]} and {line}", "keep one of them"
                    )
                seen[key] = line
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def quoted(value: Any) -> str:
    """What to say where a text was meant and YAML has read something else; "" where quotes would not help."""
    if isinstance(value, bool):
        words = "yes, on and true" if value else "no, off and false"
        example = "" if value else ": 'no' is Norwegian"
        return f" (YAML reads {words} as {value}: put the word in quotes{example})"
    if isinstance(value, int | float | date):
        kind = "a date" if isinstance(value, date) else "a number"
        return f" (YAML reads it as {kind}: put it in quotes, as it was written)"
    if value is None:
        return " (YAML reads null, ~ and nothing at all as None: put the word in quotes)"
    return ""


def read_mapping(path: Path, kind: str) -> dict[str, Any]:
    """The top-level mapping of a YAML file.

    Args:
        path: the file.
        kind: what the file is called in messages, e.g. "languages file".

    Raises:
        BenchError: the file is missing, unreadable, not YAML (as `parsed` says), not a mapping, or repeats a key.
    """
    try:
        content = parsed(path.read_text(encoding="utf-8"), _UniqueKeys)
    except FileNotFoundError:
        raise no_file(kind, path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"{kind} {str(path)!r} cannot be read: {error}", "it must be UTF-8 text") from None
    except yaml.YAMLError as error:
        raise BenchError(f"{kind} {str(path)!r} is not valid YAML: {' '.join(str(error).split())}") from None
    except BenchError as error:
        raise BenchError(f"{kind} {str(path)!r}: {error.message}", error.hint) from None
    if not isinstance(content, dict):
        raise BenchError(f"{kind} {str(path)!r} holds no fields", "it must consist of 'field: value' lines")
    return content
