"""Bitext files: TSV, JSON lines or parquet with both sides, and Moses pairs of line-aligned files."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from bench.data.languages import Language, Languages
from bench.data.sources.local.found.kinds import PairFile
from bench.data.sources.local.files.lines import lines
from bench.data.sources.local.found.names import language_of
from bench.data.sources.local.problems import Problems
from bench.data.sources.local.files.records import RECORDS, columns, extension, records

ENGLISH_NAMES = ("english", "en", "eng", "eng_latn")
OTHER_NAMES = ("text", "translation", "target")
SAMPLE = 200  # pairs on which the order of the columns is judged
Pair = tuple[str, str]  # English, other


def pairs(file: PairFile, languages: Languages, problems: Problems) -> Iterator[Pair]:
    """Both sides of every pair that is whole; what is not is reported."""
    language = languages.get(file.language)
    if file.english is not None:
        rows = _moses(file.path, file.english, problems)
    elif extension(file.path) in RECORDS:
        rows = _records(file.path, language, languages, problems)
    else:
        rows = _columns(file.path, language, languages, problems)
    seen: list[Pair] = []
    whole = 0
    for line, english, text in rows:
        if not english.strip() or not text.strip():
            side = "English" if not english.strip() else language.name
            problems.warning(file.path, line, "empty side", f"has an empty {side} side: left out")
            continue
        whole += 1
        if len(seen) < SAMPLE:
            seen.append((english, text))
        yield english, text
    if not whole:
        problems.error(file.path, 0, "no pair", "holds no pair")
    elif language.script != "Latn" and _swapped(seen):
        what = "the English side is hardly in Latin letters and the other side is"
        how = "exchange the columns, or name them in a first line (english, text)"
        problems.error(file.path, 1, "columns exchanged", f"{what}: {how}")


def latin_share(texts: list[str]) -> float:
    """Share of Latin letters among the letters of some texts; 0 where there is none."""
    letters = [character for text in texts for character in text if character.isalpha()]
    return sum(map(_is_latin, letters)) / max(1, len(letters))


def _swapped(seen: list[Pair]) -> bool:
    english, other = ([pair[side] for pair in seen] for side in (0, 1))
    return latin_share(english) < 0.5 < latin_share(other)


@lru_cache(4096)
def _is_latin(character: str) -> bool:
    return character.isascii() or unicodedata.name(character, "").startswith("LATIN")


def _columns(
    path: Path, language: Language, languages: Languages, problems: Problems
) -> Iterator[tuple[int, str, str]]:
    places, wanted, first = (0, 1), 2, True
    for number, cells in columns(path, problems):
        if first:
            first = False
            if (named := _header(cells, language, languages)) is not None:
                places, wanted = named, len(cells)
                continue
        if len(cells) != wanted:
            more = f" (English, then {language.name}), or a first line that names them" if wanted == 2 else ""
            problems.error(path, number, "wrong number of columns", f"has {len(cells)} columns, {wanted} are needed{more}")
            continue
        yield number, cells[places[0]], cells[places[1]]


def _header(cells: list[str], language: Language, languages: Languages) -> tuple[int, int] | None:
    """Columns of English and the other side, if this line names both."""
    names = [cell.strip().casefold() for cell in cells]
    english = [at for at, name in enumerate(names) if name in ENGLISH_NAMES]
    other = [at for at, name in enumerate(names) if _is_other(name, language, languages)]
    return (english[0], other[0]) if english and other else None


def _is_other(name: str, language: Language, languages: Languages) -> bool:
    return name in OTHER_NAMES or language_of(name, languages) == language


def _records(path: Path, language: Language, languages: Languages, problems: Problems) -> Iterator[tuple[int, str, str]]:
    keys: dict[str, bool | None] = {}  # name of a field -> is it English, the other side, or neither (None)

    def side(name: str) -> bool | None:
        if name not in keys:
            folded = name.strip().casefold()
            keys[name] = True if folded in ENGLISH_NAMES else False if _is_other(folded, language, languages) else None
        return keys[name]

    for number, record in records(path, problems):
        inner: Any = record.get("translation")
        fields = inner if isinstance(inner, dict) else record
        found = {is_english: value for name, value in fields.items() if (is_english := side(name)) is not None}
        if any(not isinstance(found.get(is_english), str) for is_english in (True, False)):
            kinds = ((name, "" if isinstance(value, str) else " (no text)") for name, value in list(fields.items())[:8])
            has = ", ".join(f"{name}{no_text}" for name, no_text in kinds) or "none"
            need = f"'english' (or 'en') and 'text' (or '{language.iso639_1 or language.iso639_3}')"
            problems.error(path, number, "wrong fields", f"needs the texts {need}; it has {has}")
            continue
        yield number, found[True], found[False]


def _moses(path: Path, english: Path, problems: Problems) -> Iterator[tuple[int, str, str]]:
    # Line numbers must agree, so a line that cannot be read is a gap, not a shift.
    left, right = _numbered(english, problems), _numbered(path, problems)
    counts = [0, 0]
    for number, (one, other) in enumerate(zip_longest(left, right), 1):
        counts = [counts[0] + (one is not None), counts[1] + (other is not None)]
        if one and other:
            yield number, one[0], other[0]
    if counts[0] != counts[1]:
        what = f"{counts[1]:,} lines, its English side {problems.name(english)} has {counts[0]:,}"
        problems.error(path, 0, "not line-aligned", f"has {what}: line-aligned files have the same number")


def _numbered(path: Path, problems: Problems) -> Iterator[tuple[str]]:
    """The text of every line; an unreadable one as "" (it is reported where it is read)."""
    last = 0
    for number, text in lines(path, problems):
        for _ in range(last + 1, number):
            yield ("",)
        last = number
        yield (text,)
