"""Whether the sides of a bitext file are what they should be: English, and the language that its name says."""

from __future__ import annotations

import re
from pathlib import Path

from bench.data.languages import Language
from bench.data.sources.local.problems import Problems
from bench.data.sources.local.texts.scripts import HARDLY, SURE, english_share, exchanged, latin_share, script_share

SAMPLE = 400  # first pairs, on which columns are judged
LEAST = 5  # pairs from which on a column of ids is one
EVERY, BLOCK = 1000, 50  # of so many pairs so many are looked at for sides that change places within a file
TURNED = 0.02  # share of exchanged pairs above which they are no slips
_NO_TEXT = re.compile(r"\S*[\d/]\S*|[\W\d_]*")  # s12, 0.93, https://...: one word with a digit or a slash, or no letter at all


class Doubts:
    """Looks at the pairs of a file one after the other.

    Args:
        path: the file.
        language: of the side that is not English.
    """

    def __init__(self, path: Path, language: Language, problems: Problems) -> None:
        self.path, self.language, self.problems = path, language, problems
        self._english: list[str] = []
        self._other: list[str] = []
        self._block: list[tuple[str, str]] = []
        self._begins = 0  # line of the block
        self._number = 0
        self._turned = [0, 0]  # pairs with exchanged sides, the first of them
        self._upright = True  # whether the first block says that the sides are where they should be
        self._told = False

    def seen(self, line: int, english: str, text: str) -> None:
        """Note one pair."""
        if self._number < SAMPLE:
            self._english.append(english)
            self._other.append(text)
        if self.language.script != "Latn":
            # Told by single pairs; a first side in ASCII is never the other one.
            if not english.isascii() and latin_share([english]) < 0.5 <= latin_share([text]):
                self._turned = [self._turned[0] + 1, self._turned[1] or line]
        elif self._number % EVERY < BLOCK:
            self._begins = self._begins if self._block else line
            self._block.append((english, text))
            if len(self._block) == BLOCK:
                self._look()
        self._number += 1

    def tell(self) -> None:
        """Report what was seen."""
        self._look()
        self._columns()
        count, line = self._turned
        if count and count < self._number / 2:  # a file that is exchanged as a whole is told by `told_apart`
            what = f"{count:,} pairs have their sides exchanged (the first is here)"
            if count > max(1, TURNED * self._number):
                self.problems.error(self.path, line, "sides exchanged", f"{what}: English is first in the others")
            else:
                self.problems.warning(self.path, line, "sides exchanged", f"{what}: read as they stand")

    def _look(self) -> None:
        block, self._block = self._block, []
        if not block or self._told:
            return
        verdict = exchanged([one for one, _ in block], [other for _, other in block], self.language.script)
        if self._number < EVERY:
            self._upright = verdict is not True
        elif verdict and self._upright:
            self._told = True
            what = f"from about here on what should be English is {self.language.name}"
            self.problems.error(self.path, self._begins, "sides exchanged", f"{what}: was another file put behind this one?")

    def _columns(self) -> None:
        if len(self._english) < LEAST:
            return
        for texts, name in ((self._english, "English"), (self._other, self.language.name)):
            if sum(_NO_TEXT.fullmatch(one.strip()) is not None for one in texts) >= 0.9 * len(texts):
                what = f"what should be {name} are ids, numbers or addresses ({texts[0].strip()[:30]!r} is the first)"
                self.problems.error(self.path, 1, "no texts", f"{what}: name the columns in a first line (english, text)")
                return
        code = self.language.code
        if script_share(self._other, self.language.script) < 0.5:
            what = f"its texts are hardly in the script of {code}: is that their language?"
            self.problems.warning(self.path, 1, "another script", what)
        elif (english_share(self._other) or 0.0) >= SURE:
            self.problems.warning(self.path, 1, "English on both sides", f"its texts look English, its name says {code}")
        words = sum(len(one.split()) for one in self._english) / len(self._english)
        share = english_share(self._english)
        if latin_share(self._english) < 0.5 or (share is not None and share < HARDLY and words > 4):
            what = "its English side holds hardly a word of English (the, of, and)"
            self.problems.warning(self.path, 1, "no English", what)
