"""What is wrong with single texts: nothing to see in them, halves of characters, traces of other programs."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from bench.data.sources.local.problems import Problems

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_HIDDEN = re.compile("[\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_MARKUP = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(\s[^<>]*)?/?>|&(#\d+|#x[0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]{1,7});")
_BROKEN = re.compile("[ÃÂ][\u0080-\u00bf]|â€|Ã[ŒœŠšŽžŸƒ€™]")
# What programs write for a line end, a tab, a quote or a letter; LaTeX (\\nu) and paths (C:\\temp) go on with letters.
_ESCAPED = re.compile(r"\\[ntr](?![A-Za-z])|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\\"")
_MISSING = frozenset(("nan", "none", "null", "n/a", "<na>", "\\n", "undefined", "#n/a"))
# Letters that look like nothing: fillers of Hangul, the empty Braille pattern, and marks that need a letter.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")


def blank(text: str) -> bool:
    """Whether there is nothing to see: white space, control, format and invisible characters alone."""
    if text[:1].isalnum() and text[0] not in _BLANK:
        return False
    if any(character.isalnum() for character in text[:64]) and not _BLANK & set(text[:64]):
        return False
    return all(character in _BLANK or unicodedata.category(character)[0] in "CZ" for character in text)


class Flaws:
    """Looks at the texts of a file one after the other; what occurs often is told once, with its number and first line.

    Args:
        path: the file.
        what: what a text is, in messages: `documents`, `queries`, `pairs`.
    """

    def __init__(self, path: Path, what: str, problems: Problems) -> None:
        self.path, self.what, self.problems = path, what, problems
        self._found: dict[str, list[int]] = {}  # message -> number, first line

    def seen(self, text: str, line: int) -> str:
        """The text as it is used: without halves of characters, which no file can hold."""
        if not text.isprintable():
            if _SURROGATE.search(text):
                half = _SURROGATE.search(text)
                assert half is not None
                said = f"holds half of a character (\\u{ord(half[0]):04x}): taken out"
                self.problems.warning(self.path, line, "half of a character", said)
                text = _SURROGATE.sub("", text)
            if _CONTROL.search(text):
                self._note("hold control characters: is this text?", line)
            if _HIDDEN.search(text):
                self._note("hold invisible characters (zero width, direction, byte order): most are taken out", line)
        if "\ufffd" in text:
            self._note("hold U+FFFD: they were once read with the wrong encoding", line)
        if ("Ã" in text or "Â" in text or "â€" in text) and _BROKEN.search(text):
            self._note("look like UTF-8 that was read as Latin-1 (Ã©)", line)
        if ("<" in text or "&" in text) and _MARKUP.search(text):
            self._note("hold HTML tags or entities: read as they are", line)
        if "\\" in text and _ESCAPED.search(text):
            self._note("hold escapes of another program (\\n, \\u0041): read as they are", line)
        if not text[:1].isalnum() and not any(map(str.isalnum, text)):
            self._note("hold no letter and no digit", line)
        if len(text) < 12 and text.strip().casefold() in _MISSING:
            self._note("are a word for a missing value (nan, None, null): read as a text", line)
        return text

    def tell(self) -> None:
        """Report what was counted."""
        for message, (count, line) in self._found.items():
            self.problems.warning(self.path, line, message, f"{count:,} {self.what} {message} (the first is here)")

    def _note(self, message: str, line: int) -> None:
        self._found.setdefault(message, [0, line])[0] += 1


