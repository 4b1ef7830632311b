"""Names and search keywords of symbols and emoji, written natively for each locale (Unicode CLDR)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from bench.base.errors import BenchError
from bench.data.sources.packages import messages
from bench.data.sources.packages.archive import read_members
from bench.data.sources.packages.releases import Progress, fetch

_FILE = re.compile(r"package/annotations/([^/]+)/annotations\.json")


class Annotation(NamedTuple):
    """What one locale says about one symbol; `keywords` as listed, the name is often among them."""

    name: str | None
    keywords: tuple[str, ...]


def read(languages: Mapping[str, str], progress: Progress | None = None) -> dict[str, dict[str, Annotation]]:
    """Annotations by language and symbol; English (1,966 symbols) under `eng_Latn`.

    A locale may lack symbols, names or keywords; what is not there is not filled in.

    Args:
        languages: language code -> CLDR locale (`sw`, `pa`, `zh`).
    Raises:
        BenchError: package not available or not as expected, or unknown locale.
    """
    contents = {}
    for name, content in read_members(fetch("cldr-annotations-full", progress), "package/annotations/*"):
        if match := _FILE.fullmatch(name):
            contents[match[1]] = content
    chosen = messages.choose("cldr", languages, contents, "en")
    return {language: _parse(contents[locale], locale) for language, locale in chosen.items()}


def _parse(content: bytes, locale: str) -> dict[str, Annotation]:
    found = {}
    try:
        for symbol, entry in json.loads(content)["annotations"].get("annotations", {}).items():
            names, keywords = entry.get("tts", []), entry.get("default", [])
            if not all(isinstance(text, str) for text in (*names, *keywords)):
                raise TypeError(f"{symbol!r} has something else than text")
            # Names hold no bar, so where a locale wrote one (4 entries) the rest of the name became a second
            # name; it is kept as a keyword.
            spare = tuple(text for text in names[1:] if text not in keywords)
            found[symbol] = Annotation(names[0] if names else None, (*keywords, *spare))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchError(f"the CLDR annotations of {locale!r} are not as expected: {error!r}") from error
    return found
