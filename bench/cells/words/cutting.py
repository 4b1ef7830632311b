"""Texts as words, in any script: what a statistical translation model counts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

# Scripts that put no spaces between words: Thai, Lao, Myanmar, Khmer, Tai, kana, Han.
UNSEGMENTED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff"
    "\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUNS = re.compile(f"[{UNSEGMENTED}]+|[^{UNSEGMENTED}]+")
APOSTROPHES = "'\u2018\u2019\u02bb\u02bc\uff07"  # letters of many orthographies (ng'ombe, 'ya); one form for all
Pieces = Callable[[str], list[str]]


class _Table(dict[int, str | None]):
    """`str.translate` table: letters, marks and digits stay, invisible characters go, all else ends a word."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        category = unicodedata.category(character)
        if character in APOSTROPHES:
            kept: str | None = "'"
        elif category[0] in "LMN":
            kept = character
        else:
            kept = None if category == "Cf" else " "
        self[code] = kept
        return kept


_TABLE = _Table()


def words(text: str, pieces: Pieces = list) -> list[str]:
    """The words of a text, in order, case kept (`key` takes it away).

    A word is a run of letters, marks and digits after Unicode normalisation (NFKC); an apostrophe belongs
    to it inside, not at its ends. Scripts without spaces between words are cut by `pieces`.

    Args:
        text: any text.
        pieces: cuts a run of such a script into parts; without it each character is one.

    >>> words("Ng’ombe wa (2) 'kale'")
    ["Ng'ombe", 'wa', '2', 'kale']
    """
    found: list[str] = []
    for chunk in unicodedata.normalize("NFKC", text).translate(_TABLE).split():
        for run in _RUNS.findall(chunk.strip("'")):
            found += pieces(run) if re.match(f"[{UNSEGMENTED}]", run) else [run]
    return found


def key(word: str) -> str:
    """A word as it is counted: without case."""
    return word.casefold()


def pieces_of(tokenizer: Any) -> Pieces:
    """The pieces of an encoder's tokenizer: word-like units, learned from far more text than any bitext has.

    A tokenizer that does not say where its pieces lie gives single characters. A length at which the tokenizer was
    last told to cut texts does not count here, and is left as it was.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return list

    def pieces(run: str) -> list[str]:
        if limit := backend.truncation:
            backend.no_truncation()
        try:
            starts = {start for start, _ in backend.encode(run, add_special_tokens=False).offsets}
        finally:
            if limit:
                backend.enable_truncation(**limit)
        cuts = sorted({0, *(start for start in starts if 0 < start < len(run))})
        return [run[a:b] for a, b in zip(cuts, [*cuts[1:], len(run)], strict=True)]

    return pieces
