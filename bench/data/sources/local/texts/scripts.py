"""In which script texts are, and whether they look like English: told by letters and the commonest words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

# Words that English cannot do without and that few other languages write.
_ENGLISH = frozenset(
    "the of and that for with was this are from you not they have which what how who when does your his her their were been "
    "would should there these those because about into than them said will can could where why".split()
)
_WORD = re.compile(r"[^\W\d_]+")
LEAST = 40  # words from which on a share says something
SURE, HARDLY = 0.08, 0.01  # shares of such words: no other language reaches the first, no English text stays below the second
# ISO 15924 -> how Unicode begins the names of its letters, where that is not the script's own name.
_NAMES = {
    "Latn": ("LATIN",), "Cyrl": ("CYRILLIC",), "Arab": ("ARABIC",), "Deva": ("DEVANAGARI",), "Ethi": ("ETHIOPIC",),
    "Grek": ("GREEK",), "Hebr": ("HEBREW",), "Armn": ("ARMENIAN",), "Geor": ("GEORGIAN",), "Beng": ("BENGALI",),
    "Guru": ("GURMUKHI",), "Gujr": ("GUJARATI",), "Orya": ("ORIYA",), "Taml": ("TAMIL",), "Telu": ("TELUGU",),
    "Knda": ("KANNADA",), "Mlym": ("MALAYALAM",), "Sinh": ("SINHALA",), "Thai": ("THAI",), "Laoo": ("LAO",),
    "Tibt": ("TIBETAN",), "Mymr": ("MYANMAR",), "Khmr": ("KHMER",), "Hang": ("HANGUL",), "Kore": ("HANGUL", "CJK"),
    "Hans": ("CJK",), "Hant": ("CJK",), "Hani": ("CJK",), "Jpan": ("CJK", "HIRAGANA", "KATAKANA"), "Thaa": ("THAANA",),
    "Tfng": ("TIFINAGH",), "Nkoo": ("NKO",), "Olck": ("OL",), "Mong": ("MONGOLIAN",), "Syrc": ("SYRIAC",),
}  # fmt: skip


def latin_share(texts: Sequence[str]) -> float:
    """Share of Latin letters among the letters of some texts; 0 where there is none."""
    return script_share(texts, "Latn")


def script_share(texts: Sequence[str], script: str) -> float:
    """Share of the letters of a script (ISO 15924) among the letters of some texts; 1 for a script that is not known here."""
    names = _NAMES.get(script)
    if names is None:
        return 1.0
    letters = [character for text in texts for character in text if character.isalpha()]
    return sum(_name(character).startswith(names) for character in letters) / max(1, len(letters))


def english_share(texts: Sequence[str]) -> float | None:
    """Share of the commonest English words among the words of some texts; None where there are too few words to say."""
    words = [word for text in texts for word in _WORD.findall(text.casefold())]
    return sum(word in _ENGLISH for word in words) / len(words) if len(words) >= LEAST else None


def exchanged(english: Sequence[str], other: Sequence[str], script: str) -> bool | None:
    """Whether what should be English is the other side: True, False, or None where the texts do not tell.

    Args:
        english, other: both sides of the same pairs.
        script: of the other language.
    """
    if script != "Latn":
        first, second = latin_share(english), latin_share(other)
        if (first < 0.5) != (second < 0.5):
            return first < 0.5
    left, right = english_share(english), english_share(other)
    if left is None or right is None:
        return None
    # Creoles and pidgins write some of these words too: the two sides are compared.
    if max(left, right) < SURE or min(left, right) > max(left, right) / 3:
        return None
    return right > left


@lru_cache(8192)
def _name(character: str) -> str:
    return "LATIN" if character.isascii() else unicodedata.name(character, "")
