"""What a languages file must look like; the first thing that is wrong is raised with the line's own words."""

from __future__ import annotations

import re
from typing import Any

from bench.base.errors import BenchError, unknown
from bench.data.english import ENGLISH

SOURCES = frozenset(["quran", "kolibri", "scratch", "django", "home_assistant", "cldr", "udhr", "nllb"])
REQUIRED = ("name", "family", "script", "sources")
FIELDS = (*REQUIRED, "joshi_class", "iso639_1", "aliases")
_CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")


def check_file(content: dict[str, Any]) -> None:
    """Check the shape of a languages file: fields, their kinds, and the form of codes.

    Repeated names and the content of orders are checked by `Languages`, which has to look names up.

    Raises:
        BenchError: names the language and the field, what was found and what is allowed.
    """
    for key in content:
        if key not in ("languages", "orders", "groups"):
            raise unknown("top-level field", str(key), ["languages", "orders", "groups"])
    languages = content.get("languages")
    if not isinstance(languages, dict) or not languages:
        raise BenchError("'languages' is missing or empty", "it maps codes to fields: swh_Latn: {name: ...}")
    for code, row in languages.items():
        _check_language(code, row)
    for kind in ("orders", "groups"):
        named = content.get(kind)
        if named is not None and not isinstance(named, dict):
            raise BenchError(f"'{kind}' is {_words(named)}", "it maps names to lists: {mine: [swh_Latn]}")
        for name, codes in (named or {}).items():
            where = f"{kind[:-1]} {str(name)!r}"
            _text(name, f"the name of {where}")
            if not isinstance(codes, list) or not codes:
                raise BenchError(f"{where} is {_words(codes)}", "it must be a list of at least one language")
            for entry in codes:
                _text(entry, f"an entry of {where}")


def _check_language(code: Any, row: Any) -> None:
    where = f"language {str(code)!r}"
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise BenchError(f"{where}: not a code", "a code is ISO 639-3, '_', script: swh_Latn, amh_Ethi")
    if code == ENGLISH:
        raise BenchError("English is among the languages", "the documents are English anyway: drop it")
    if not isinstance(row, dict):
        raise BenchError(f"{where} is {_words(row)}", f"it needs fields: {', '.join(REQUIRED)}")
    for field in row:
        if field not in FIELDS:
            raise unknown(f"field of {where}", str(field), FIELDS)
    if missing := [field for field in REQUIRED if field not in row]:
        raise BenchError(f"{where} lacks {', '.join(map(repr, missing))}", f"required: {', '.join(REQUIRED)}")
    for field in ("name", "family", "script"):
        _text(row[field], f"'{field}' of {where}")
    if row["script"] != code[4:]:
        raise BenchError(f"{where} has script {row['script']!r}", f"its code says {code[4:]!r}")
    rating = row.get("joshi_class")
    if rating is not None and (isinstance(rating, bool) or rating not in range(6)):
        raise BenchError(f"'joshi_class' of {where} is {rating!r}", "it is a number from 0 to 5, or null")
    if row.get("iso639_1") is not None:
        short = _text(row["iso639_1"], f"'iso639_1' of {where}")
        if not re.fullmatch(r"[a-z]{2}", short):
            raise BenchError(f"'iso639_1' of {where} is {short!r}", "it has two letters, or is left out")
    aliases = row.get("aliases") or []
    if not isinstance(aliases, list):
        raise BenchError(f"'aliases' of {where} is {_words(aliases)}", "it must be a list: [swa, Kiswahili]")
    for alias in aliases:
        _text(alias, f"an alias of {where}")
    sources = row["sources"]
    if not isinstance(sources, dict):
        raise BenchError(
            f"'sources' of {where} is {_words(sources)}", "it maps sources to codes: {quran: sw}"
        )
    for source, used in sources.items():
        if source not in SOURCES:
            raise unknown(f"source of {where}", str(source), SOURCES)
        _text(used, f"code of source '{source}' of {where}")


def _text(value: Any, what: str) -> str:
    if isinstance(value, bool):
        raise BenchError(f"{what} is {value}", "YAML reads no, yes, on and off so: put it in quotes")
    if not isinstance(value, str) or not value.strip():
        raise BenchError(f"{what} is {_words(value)}", "it must be a text")
    return value


def _words(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "empty"
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
