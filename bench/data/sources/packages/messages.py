"""Parsers shared by the sources: JSON message files, compiled gettext files, language codes."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping

from bench.base.errors import BenchError, unknown
from bench.data.english import ENGLISH


def choose(
    source: str, languages: Mapping[str, str], available: Iterable[str], english: str
) -> dict[str, str]:
    """Language code -> code used in the source, with English added and every code checked.

    Codes may differ from the source's in case and in `-` for `_`.

    Raises:
        BenchError: the source has no such code; names the language and the nearest codes.
    """
    known = {_plain(code): code for code in available}
    chosen = {ENGLISH: english}
    for language, given in languages.items():
        if language == ENGLISH:
            continue
        if _plain(given) not in known:
            raise unknown(
                f"{source} code of {language}",
                given,
                known.values(),
                hint="correct `sources` of this language in the languages file",
            )
        chosen[language] = known[_plain(given)]
    return chosen


def _plain(code: str) -> str:
    return code.lower().replace("-", "_")


def json_messages(content: bytes, where: str) -> dict[str, str]:
    """Strings of a JSON message file; nested objects give dotted keys.

    Raises:
        BenchError: not UTF-8 JSON, not an object, or a value that is neither text nor an object.
    """
    try:
        loaded = json.loads(content.decode("utf-8-sig"))
        found: dict[str, str] = {}
        _flatten(loaded, "", found)
    except (ValueError, TypeError, RecursionError) as error:
        raise BenchError(f"{where} is not a message file: {error}") from error
    return found


def _flatten(value: object, key: str, into: dict[str, str]) -> None:
    if isinstance(value, dict):
        for name, below in value.items():
            _flatten(below, f"{key}.{name}" if key else name, into)
    elif isinstance(value, str):
        into[key] = value
    else:
        raise TypeError(
            f"{key or 'the file'} holds a {type(value).__name__} where text or an object is expected"
        )


def gettext_messages(content: bytes, where: str) -> dict[str, tuple[str, ...]]:
    """Entries of a compiled gettext (.mo) file: message id -> translation, or translations by plural form.

    The id is `context\\x04message` where there is a context, `singular\\x00plural` where there are plurals;
    the header (empty id) is left out. The standard library's reader is not used, because it compiles the
    plural rule in the header to Python code.

    Raises:
        BenchError: not a .mo file, or offsets outside it.
    """
    try:
        order = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}[content[:4]]
        count, ids, texts = struct.unpack_from(f"{order}3I", content, 8)
        if max(ids, texts) + 8 * count > len(content):
            raise ValueError("its tables end outside the file")
        found = {}
        for index in range(count):
            key = _slice(content, *struct.unpack_from(f"{order}2I", content, ids + 8 * index))
            text = _slice(content, *struct.unpack_from(f"{order}2I", content, texts + 8 * index))
            if key:
                found[key] = tuple(text.split("\0"))
    except (KeyError, struct.error, ValueError) as error:
        raise BenchError(f"{where} is not a compiled gettext file: {error}") from error
    return found


def _slice(content: bytes, length: int, offset: int) -> str:
    if offset + length > len(content):
        raise ValueError("a message ends outside the file")
    return content[offset : offset + length].decode("utf-8")


def gettext_pairs(entries: Mapping[str, tuple[str, ...]]) -> tuple[dict[str, str], dict[str, str]]:
    """(English, translation) of gettext entries, both by message id.

    Of plural entries the English plural and the last form are taken: as a rule the last form is the one for
    large or general numbers, as the English plural is. Empty translations are left out.
    """
    english, translated = {}, {}
    for key, forms in entries.items():
        if forms[-1]:
            english[key] = key.rpartition("\x04")[2].rpartition("\0")[2]
            translated[key] = forms[-1]
    return english, translated
