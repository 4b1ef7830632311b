"""Bitext files: TSV, JSON lines or parquet with both sides, and Moses pairs of line-aligned files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

from bench.data.languages import Language, Languages
from bench.data.sources.local.files.lines import lines
from bench.data.sources.local.files.records import RECORDS, extension, records
from bench.data.sources.local.files.tables import HEADERS, columns, named
from bench.data.sources.local.found.kinds import PairFile
from bench.data.sources.local.found.names import language_of
from bench.data.sources.local.problems import Problems
from bench.data.sources.local.texts.doubts import Doubts
from bench.data.sources.local.texts.flaws import Flaws, blank
from bench.data.sources.local.texts.sides import many_single_words, told_apart

ENGLISH_NAMES = ("english", "en", "eng", "eng_latn")
OTHER_NAMES = ("text", "translation", "target")
Pair = tuple[str, str]  # English, other
Rows = Iterator[tuple[int, str, str]]  # line, English, other


def pairs(file: PairFile, languages: Languages, problems: Problems) -> Iterator[Pair]:
    """Both sides of every pair that is whole; what is not is reported."""
    language = languages.get(file.language)
    if file.english is not None:
        rows = told_apart(_moses(file.path, file.english, problems), file, language, True, problems)
    elif extension(file.path) in RECORDS:
        rows = told_apart(_records(file.path, language, languages, problems), file, language, True, problems)
    else:
        rows = _columns(file, language, languages, problems)
    flaws, doubts = Flaws(file.path, "pairs", problems), Doubts(file.path, language, problems)
    whole = 0
    for line, english, text in rows:
        if blank(english) or blank(text):
            side = "English" if blank(english) else language.name
            empty = not english.strip() or not text.strip()
            said = f"has an empty {side} side" if empty else f"has a {side} side of invisible characters alone"
            problems.warning(file.path, line, "empty side", f"{said}: left out")
            continue
        whole += 1
        doubts.seen(line, english, text)
        yield flaws.seen(english, line), flaws.seen(text, line)
    flaws.tell()
    doubts.tell()
    if not whole:
        problems.error(file.path, 0, "no pair", "holds no pair")


def _columns(file: PairFile, language: Language, languages: Languages, problems: Problems) -> Rows:
    path = file.path
    found = columns(path, problems)
    head = list(islice(found, 1))
    names = _header(head[0][1], language, languages) if head else None
    if head and names is None and named(head[0][1]) and not _are_words(head[0][1]):
        what = f"looks like names of columns ({', '.join(head[0][1])}), which do not say what is English"
        how = f"call them english and {language.iso639_1 or language.iso639_3}, or take the line out"
        problems.error(path, head[0][0], "unknown columns", f"{what}: {how}")
        return
    if names is not None:
        yield from told_apart(_cells(found, path, names, len(head[0][1]), language, problems), file, language, True, problems)
        return
    rows = _cells(chain(head, found), path, (0, 1), 2, language, problems)
    sample = list(islice(rows, 50))
    if len(sample) > 10 and many_single_words(sample[:1]) and not many_single_words(sample[1:]):
        what = "is two single words, unlike the lines after it: names of columns? It is read as a pair"
        problems.warning(path, sample[0][0], "first line", what)
    yield from told_apart(chain(sample, rows), file, language, False, problems)


def _cells(
    rows: Iterator[tuple[int, list[str]]], path: Path, places: tuple[int, int], wanted: int, language: Language,
    problems: Problems,
) -> Rows:  # fmt: skip
    for number, cells in rows:
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


def _are_words(cells: list[str]) -> bool:
    """Whether a line of two names of columns is likelier a pair of a glossary: only one of them is such a name."""
    return len(cells) == 2 and sum(cell.strip().casefold() in HEADERS for cell in cells) < 2 and "_" not in "".join(cells)


def _is_other(name: str, language: Language, languages: Languages) -> bool:
    return name in OTHER_NAMES or language_of(name, languages) == language


def _records(path: Path, language: Language, languages: Languages, problems: Problems) -> Rows:
    keys: dict[str, bool | None] = {}  # name of a field -> is it English, the other side, or neither (None)

    def side(name: str) -> bool | None:
        if name not in keys:
            folded = name.strip().casefold()
            keys[name] = True if folded in ENGLISH_NAMES else False if _is_other(folded, language, languages) else None
        return keys[name]

    for number, record in records(path, problems):
        inner: Any = record.get("translation")
        fields = inner if isinstance(inner, dict) else record
        found: dict[bool, Any] = {}
        for name, value in fields.items():
            if (is_english := side(name)) is not None:
                found.setdefault(is_english, value)
        if any(not isinstance(found.get(is_english), str) for is_english in (True, False)):
            kinds = ((name, "" if isinstance(value, str) else " (no text)") for name, value in list(fields.items())[:8])
            has = ", ".join(f"{name}{no_text}" for name, no_text in kinds) or "none"
            need = f"'english' (or 'en') and 'text' (or '{language.iso639_1 or language.iso639_3}')"
            problems.error(path, number, "wrong fields", f"needs the texts {need}; it has {has}")
            continue
        if len(doubled := [name for name in fields if side(name) is not None]) > 2:
            problems.warning(path, number, "two fields", f"has {', '.join(doubled)}: the first of each side is taken")
        yield number, found[True], found[False]


def _moses(path: Path, english: Path, problems: Problems) -> Rows:
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
