"""From a raw message or verse to a training text, or to the reason why it is not one.

All rules were read off the packages (Quran translations, message catalogues); `tests/data/suite` shows rows.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from statistics import median

import numpy as np

MIN_ENGLISH_WORDS = 3
EXTREME_RATIO = 4.0  # of a pair's length ratio to the median ratio of its language and source
SHORT = 30  # characters; the length ratio of shorter texts says nothing

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_CHOICE = re.compile(r"[,\s](plural|select|selectordinal)\s*,")  # ICU: the text is in the branches
_BRACES = re.compile(r"\{[^{}]*\}")
_PERCENT = re.compile(r"%\(\w+\)[#0-9.+-]*[a-zA-Z]|%\d*\$?[sdiruf](?![^\W\d_])|%\d+")
_SLOT = re.compile(r"\[[A-Z][A-Z0-9_]*\]")  # arguments of Scratch blocks: [MOTOR_ID]
_UNRESOLVED = ("[%key", "↑↑↑")  # a reference to another message; "inherit" in CLDR
_GAP = "\0"  # stands for a placeholder until the quotes or brackets around it are gone too
_QUOTED_GAP = re.compile(r"""['"“‘„«(\[]\s*\0[\s\0]*['"”’“»)\]]""")
_BEFORE_STOP = re.compile(r"\s+([.,;:!?])(?=\s|$)")
_COMMENTARY = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|（[^（）]*）|［[^［］]*］|﴾|﴿")
_BRACKETS = re.compile(r"[()\[\]{}（）［］﴾﴿]")
# Direction marks, soft hyphens and lone surrogates; joiners (U+200C, U+200D) carry meaning and stay.
_INVISIBLE = re.compile("[\ufeff\u00ad\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Reason(StrEnum):
    """Why a pair is left out."""

    EMPTY = "empty"
    CHOICE = "plural or select message"
    SHORT = "English side under 3 words"
    COPY = "untranslated copy"
    DUPLICATE = "duplicate of the English side"
    RATIO = "extreme length ratio"
    LEAK = "holds a text of a task"


def clean_text(raw: str) -> str | Reason:
    """One line in NFC without mark-up and placeholders, or why there is none."""
    text = raw
    if "{" in text:
        if _CHOICE.search(text):
            return Reason.CHOICE
        while text != (text := _BRACES.sub(_GAP, text)):
            pass
    if "%" in text or "↑" in text:
        if any(mark in text for mark in _UNRESOLVED):
            return Reason.EMPTY
        text = _PERCENT.sub(_GAP, text)
    if "[" in text:
        text = _SLOT.sub(_GAP, text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    if _GAP in text:
        text = _BEFORE_STOP.sub(r"\1", _QUOTED_GAP.sub(" ", text).replace(_GAP, " "))
    text = one_line(text)
    return text if any(map(str.isalpha, text)) else Reason.EMPTY


def one_line(raw: str) -> str:
    """NFC, no invisible direction marks, single spaces."""
    text = unicodedata.normalize("NFC", raw)
    if not text.isprintable():  # a quick scan; invisible characters are not printable
        text = _INVISIBLE.sub("", text)
    return " ".join(text.split())


def clean_english(raw: str) -> str | Reason:
    """English side of a pair: `clean_text`, and at least three words that hold a letter or digit."""
    text = clean_text(raw)
    if isinstance(text, Reason):
        return text
    words = sum(1 for word in text.split() if any(map(str.isalnum, word)))
    return text if words >= MIN_ENGLISH_WORDS else Reason.SHORT


def clean_verse(raw: str, english: bool = False) -> str | Reason:
    """A verse: translators put commentary between brackets, Shakir (English) puts needed words there."""
    text = raw
    if not english:
        while text != (text := _COMMENTARY.sub(" ", text)):
            pass
        if len(text.strip()) < 0.3 * len(raw.strip()):
            text = raw  # nearly all of it was in brackets, so the brackets do not mark commentary here
    text = _BEFORE_STOP.sub(r"\1", _BRACKETS.sub(" ", text))
    return clean_english(text) if english else clean_text(text)


def clean_pair(english: str, text: str) -> tuple[str, str] | Reason:
    """Both sides of one message cleaned, or the reason to leave it out (duplicates are not seen here)."""
    left = clean_english(english)
    if isinstance(left, Reason):
        return left
    right = clean_text(text)
    if isinstance(right, Reason):
        return right
    return Reason.COPY if key(left) == key(right) else (left, right)


def extreme_lengths(english: Sequence[str], texts: Sequence[str]) -> list[bool]:
    """For pairs of one language and source: is the length ratio over 4 times off the usual one?"""
    if not texts:
        return []
    logs = [math.log(len(right) / len(left)) for left, right in zip(english, texts, strict=True)]
    usual = median(logs)
    limit = math.log(EXTREME_RATIO)
    return [
        abs(log - usual) > limit and max(len(left), len(right)) >= SHORT
        for log, left, right in zip(logs, english, texts, strict=True)
    ]


def key(text: str) -> str:
    """What two texts are compared by: lower-case letters, digits and marks, nothing between them."""
    return keys([text])[0]


def keys(texts: Sequence[str]) -> list[str]:
    """`key` of many texts (which must be single lines), by table look-up in one pass."""
    if not texts:
        return []
    joined = np.frombuffer("\n".join(texts).encode("utf-32-le", "replace"), dtype=np.uint32)
    folded = _fold_table()[joined]
    found = folded[folded > 0].tobytes().decode("utf-32-le").split("\n")
    if len(found) != len(texts):
        raise ValueError("keys() takes single lines")
    return found


_TABLE: list[np.ndarray] = []


def _fold_table() -> np.ndarray:
    """(0x110000,) code point -> its lower case, or 0 if it is dropped; the line break is kept."""
    if not _TABLE:
        table = np.zeros(0x110000, dtype=np.uint32)
        for code in range(0x110000):
            character = chr(code)
            # Letters, digits, marks: scripts of South Asia write vowels as marks.
            if unicodedata.category(character)[0] in "LNM":
                lower = character.lower()
                table[code] = ord(lower) if len(lower) == 1 else code
        table[ord("\n")] = ord("\n")
        _TABLE.append(table)
    return _TABLE[0]
