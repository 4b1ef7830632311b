"""Does a text of a task occur in a training text? The build removes such pairs, then checks what is left.

Texts are compared by `cleaning.key` of their NFKC form, case folded: letters, digits and marks, without spaces and punctuation.
What "occurs" means depends on the length of the protected text:

* five words or more (see `long_enough`): it occurs if the training text contains it;
* shorter: only if the whole training text equals it. A single word occurs everywhere, and a sentence that
  happens to hold a keyword does not give away which symbol it belongs to.
* queries of symbol search: always only if equal, since they are terms of a dictionary, not sentences.

Every protected text is looked for in the texts of all languages and in their English sides. Protected are
queries and documents, relevant or not: a document that was trained on is found, or passed over, for that reason. Texts
of the test split, documents and FAQ answers in all languages must be neither in training nor in dev pairs; those of
the dev split, and documents that only dev queries search, not in training pairs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.base.errors import BenchError
from bench.data.stored.pair_table import each_once
from bench.data.stored.spool import Table, parts
from bench.data.suite.cleaning import keys

MIN_WORDS = 5
_UNSEGMENTED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\ua9e0-\ua9ff]")
_LETTERS_PER_WORD = 3  # in scripts that put no spaces between words
_WINDOWS = (8, 16, 32, 64)  # letters; a protected text is found by the longest window that fits into it
_PART = 10_000  # texts searched together: each letter takes some dozen bytes meanwhile
_TABLE_BITS = 22
_TABLE_SHIFT = np.uint64(64 - _TABLE_BITS)
DEV, TEST = 1, 2  # levels of protection
FORBIDDEN = {"train": DEV, "dev": TEST}  # split of a pair -> lowest level that must not occur in it


def long_enough(text: str) -> bool:
    """At least five words; three letters count as one in scripts without spaces (Thai, Chinese ...)."""
    return len(text.split()) + len(_UNSEGMENTED.findall(text)) // _LETTERS_PER_WORD >= MIN_WORDS


def compared(texts: Sequence[str]) -> list[str]:
    """What single lines are compared by: `cleaning.keys` of their compatibility form, so that `ﬁ` is `fi` and `Ａ` is `a`."""
    return keys([text if text.isascii() else unicodedata.normalize("NFKC", text).casefold() for text in texts])


@dataclass(frozen=True)
class Finder:
    """Finds protected texts in other texts.

    Attributes:
        whole: protected key -> level; counts when a text equals it.
        parts: protected key -> level; counts when a text contains it.
    """

    whole: Mapping[str, int]
    parts: Mapping[str, int]
    _windows: tuple[_Window, ...]

    @classmethod
    def of(cls, sentences: Mapping[str, int], terms: Mapping[str, int] | None = None) -> Finder:
        """Protect sentences (equality, and containment if long enough) and terms (equality only).

        Args:
            sentences, terms: text -> level.
        """
        whole: dict[str, int] = {}
        parts: dict[str, int] = {}
        for texts, may_contain in ((sentences, True), (terms or {}, False)):
            for (text, level), found in zip(texts.items(), compared(list(texts)), strict=True):
                if found:
                    whole[found] = max(level, whole.get(found, 0))
                if may_contain and len(found) >= _WINDOWS[0] and long_enough(text):
                    parts[found] = max(level, parts.get(found, 0))
        return cls(whole, parts, _windows(list(parts)))

    @classmethod
    def within(cls, text_keys: Sequence[str]) -> Finder:
        """Look for these texts (as `compared`) inside of others, as far as they have the letters of the shortest window."""
        wanted = dict.fromkeys((text for text in text_keys if len(text) >= _WINDOWS[0]), TEST)
        return cls({}, wanted, _windows(list(wanted)))

    def find(self, texts: Sequence[str]) -> dict[int, tuple[int, str]]:
        """Position in `texts` -> (level, key) of the most protected text that occurs there."""
        text_keys = compared(texts)
        found = {number: (self.whole[text], text) for number, text in enumerate(text_keys) if text in self.whole}
        for number, text in self.contained(text_keys):
            found[number] = max((self.parts[text], text), found.get(number, (0, "")))
        return found

    def contained(self, text_keys: Sequence[str]) -> Iterable[tuple[int, str]]:
        """Positions in `text_keys` (texts as `cleaning.keys`), each with a long protected key that lies within that text."""
        joined = "\n".join(text_keys)
        ends = np.cumsum([len(text) + 1 for text in text_keys])
        for window, (_, hashes) in zip(self._windows, windows(joined), strict=True):
            places = np.flatnonzero(window.table[hashes >> _TABLE_SHIFT])
            for place, value in zip(places.tolist(), hashes[places].tolist(), strict=True):
                for text in window.texts.get(value, ()):
                    if joined.startswith(text, place):
                        yield int(np.searchsorted(ends, place, side="right")), text


@dataclass(frozen=True)
class _Window:
    """Protected keys by the hash of their first `length` letters, and a quick test for such hashes."""

    length: int
    texts: Mapping[int, Sequence[str]]
    table: np.ndarray


def _windows(protected: Sequence[str]) -> tuple[_Window, ...]:
    found = []
    for length, numbers, hashes in beginnings(protected):
        texts: dict[int, list[str]] = {}
        for number, value in zip(numbers.tolist(), hashes.tolist(), strict=True):
            texts.setdefault(value, []).append(protected[number])
        table = np.zeros(1 << _TABLE_BITS, dtype=bool)
        table[np.array(list(texts), dtype=np.uint64) >> _TABLE_SHIFT] = True
        found.append(_Window(length, texts, table))
    return tuple(found)


def beginnings(text_keys: Sequence[str]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """For each length of window the numbers of the texts that it is the longest for, and the hashes of so many first letters."""
    sizes = np.array([len(text) for text in text_keys], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes + 1)[:-1]]).astype(np.int64)[: len(sizes)]
    for (length, hashes), longer in zip(windows("\n".join(text_keys)), (*_WINDOWS[1:], None), strict=True):
        numbers = np.flatnonzero((sizes >= length) & (True if longer is None else sizes < longer))
        yield length, numbers, hashes[starts[numbers]]


def windows(text: str) -> Iterator[tuple[int, np.ndarray]]:
    """Each length of window with the hashes of all of the text. (n letters - length + 1,) uint64; none where it is shorter."""
    hashes, before = letters(text), 1
    for length in _WINDOWS:
        hashes, before = widen(hashes, before, length), length
        yield length, hashes


def letters(text: str) -> np.ndarray:
    """Code points. (n letters,) uint64."""
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)


def widen(hashes: np.ndarray, before: int, length: int) -> np.ndarray:
    """Hashes of all windows of `length` letters out of those of `before` letters (a power of two apart).

    Doubling: the hash of a window is mixed from those of its halves. (n,) -> (n - length + before,).
    """
    while before < length:
        if len(hashes) <= before:
            return hashes[:0]
        mixed = hashes[:-before] * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        hashes = (mixed + hashes[before:]) * np.uint64(0xBF58476D1CE4E5B9)
        before *= 2
    return hashes


def protect(documents: pd.DataFrame, queries: pd.DataFrame, also: Mapping[str, int] | None = None) -> Finder:
    """A finder for the queries and the documents of all tasks, in tables as in `types`.

    Args:
        also: further texts -> level that the tables do not hold (FAQ answers in the other languages).
    """
    sentences: dict[str, int] = dict(also or {})
    terms: dict[str, int] = {}
    tested = set(queries.loc[queries["split"] == "test", "task"])
    asked = zip(queries["task"], queries["split"] == "test", queries["text"], strict=True)
    searched = zip(documents["task"], documents["task"].isin(tested), documents["text"], strict=True)
    for task, is_test, text in (*asked, *searched):
        into = terms if task == "symbols" else sentences
        into[text] = max(into.get(text, 0), TEST if is_test else DEV)
    return Finder.of(sentences, terms)


def leaking(bitext: Table, finder: Finder) -> dict[str, tuple[int, str]]:
    """pair id -> (level, key) of the most protected text in it, in its English side or in any language."""
    found: dict[str, tuple[int, str]] = {}
    for side, pairs in (("english", each_once(bitext)), ("text", parts(bitext, "pair_id", "text"))):
        for part in pairs:
            ids, texts = part["pair_id"].tolist(), part[side].tolist()
            for start in range(0, len(ids), _PART):
                for number, hit in finder.find(texts[start : start + _PART]).items():
                    pair = ids[start + number]
                    found[pair] = max(hit, found.get(pair, (0, "")))
    return found


def levels(leaks: Mapping[str, tuple[int, str]]) -> pd.Series:
    """Level of each pair that leaks, by its id."""
    return pd.Series({pair: level for pair, (level, _) in leaks.items()}, dtype="int64")


def forbidden(bitext: pd.DataFrame, leaks: pd.Series) -> pd.Series:
    """Is the row's pair among the leaks (`levels`), at a level that its split must not hold? (in all languages alike)"""
    return bitext["pair_id"].map(leaks).fillna(0) >= bitext["split"].map(FORBIDDEN)


def check(bitext: Table, finder: Finder) -> None:
    """Fail if a training pair holds a protected text, or a dev pair one of the test split.

    Raises:
        BenchError: names the first pairs that leak.
    """
    leaks = leaking(bitext, finder)
    by_pair = levels(leaks)
    shown: dict[str, str] = {}  # pair id -> what is said of the first of its pairs
    for part in parts(bitext, "pair_id", "source", "split", "english"):
        for pair, source, split, english in part[forbidden(part, by_pair)].itertuples(index=False, name=None):
            shown.setdefault(pair, f"{pair} ({source}, {split}): {english!r} holds {leaks[pair][1]!r}")
    if shown:
        first = "\n  ".join(list(shown.values())[:5])
        raise BenchError(
            f"leakage: {len(shown)} pairs of the bitext hold a text of a task:\n  {first}",
            "The suite was not written. A rule in bench/data/suite lets these pairs through; that is a bug.",
        )
