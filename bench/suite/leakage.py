"""Does a text of a task occur in a training text? The build removes such pairs, then checks that none is left.

Texts are compared by `cleaning.key`: lower-case letters, digits and marks; spaces and punctuation do not count.
What "occurs" means depends on the length of the protected text:

* five words or more (see `long_enough`): it occurs if the training text contains it;
* shorter: only if the whole training text equals it. A single word occurs everywhere, and a sentence that
  happens to hold a keyword does not give away which symbol it belongs to.
* queries of symbol search: always only if equal, since they are terms of a dictionary, not sentences.

Every protected text is looked for in the training texts of all languages and in their English sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.errors import BenchError
from bench.suite.cleaning import keys

MIN_WORDS = 5
_UNSEGMENTED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\ua9e0-\ua9ff]")
_LETTERS_PER_WORD = 3  # in scripts that put no spaces between words
_WINDOWS = (8, 16, 32, 64)  # letters; a protected text is found by the longest window that fits into it
_TABLE_BITS = 22


def long_enough(text: str) -> bool:
    """At least five words; three letters count as one in scripts without spaces (Thai, Chinese ...)."""
    return len(text.split()) + len(_UNSEGMENTED.findall(text)) // _LETTERS_PER_WORD >= MIN_WORDS


@dataclass(frozen=True)
class Finder:
    """Finds protected texts in training texts.

    Attributes:
        whole: protected keys that count when a training text equals them (all of them).
        parts: protected keys that also count when a training text contains them.
    """

    whole: frozenset[str]
    parts: tuple[str, ...]
    _lookup: tuple[_Window, ...]

    @classmethod
    def of(cls, sentences: Iterable[str], terms: Iterable[str] = ()) -> Finder:
        """Protect `sentences` (equality, and containment if long enough) and `terms` (equality only)."""
        listed, words = sorted(set(sentences)), sorted(set(terms))
        sentence_keys = keys(listed)
        parts = {
            found
            for text, found in zip(listed, sentence_keys, strict=True)
            if len(found) >= _WINDOWS[0] and long_enough(text)
        }
        ordered = tuple(sorted(parts))
        whole = frozenset(found for found in (*sentence_keys, *keys(words)) if found)
        return cls(whole, ordered, _windows(ordered))

    def find(self, texts: Sequence[str]) -> dict[int, str]:
        """Position in `texts` -> the key of one protected text that occurs there (the first found)."""
        text_keys = keys(texts)
        found = self._contained(text_keys)
        found |= {number: text for number, text in enumerate(text_keys) if text in self.whole}
        return found

    def _contained(self, text_keys: Sequence[str]) -> dict[int, str]:
        joined = "\n".join(text_keys)
        codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)
        ends = np.cumsum([len(text) + 1 for text in text_keys])
        found: dict[int, str] = {}
        hashes = codes.astype(np.uint64)
        for window in self._lookup:
            hashes = window.widen(hashes)
            places = np.flatnonzero(window.table[hashes >> np.uint64(64 - _TABLE_BITS)])
            for place in places[np.isin(hashes[places], window.hashes)].tolist():
                for text in window.texts[int(hashes[place])]:
                    if joined.startswith(text, place):
                        found.setdefault(int(np.searchsorted(ends, place, side="right")), text)
        return found


@dataclass(frozen=True)
class _Window:
    """Protected keys by the hash of their first `length` letters.

    Attributes:
        before: length of the window of the step before (1, 8, 16, 32).
    """

    length: int
    before: int
    texts: dict[int, tuple[str, ...]]
    hashes: np.ndarray
    table: np.ndarray

    def widen(self, hashes: np.ndarray) -> np.ndarray:
        """Hashes of all windows of `length` letters out of those of `before` letters."""
        return _widen(hashes, self.before, self.length)


def _widen(hashes: np.ndarray, before: int, length: int) -> np.ndarray:
    """Doubling: the hash of a window is mixed from those of its two halves. (n,) -> (n - length + before,)."""
    while before < length:
        if len(hashes) <= before:
            return hashes[:0]
        mixed = hashes[:-before] * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        hashes = (mixed + hashes[before:]) * np.uint64(0xBF58476D1CE4E5B9)
        before *= 2
    return hashes


def _windows(parts: Sequence[str]) -> tuple[_Window, ...]:
    found = []
    for step, length in enumerate(_WINDOWS):
        longer = _WINDOWS[step + 1] if step + 1 < len(_WINDOWS) else None
        texts: dict[int, list[str]] = {}
        for text in parts:
            if len(text) >= length and (longer is None or len(text) < longer):
                codes = np.frombuffer(text[:length].encode("utf-32-le"), dtype=np.uint32)
                texts.setdefault(int(_widen(codes.astype(np.uint64), 1, length)[0]), []).append(text)
        hashes = np.array(sorted(texts), dtype=np.uint64)
        table = np.zeros(1 << _TABLE_BITS, dtype=bool)
        table[hashes >> np.uint64(64 - _TABLE_BITS)] = True
        before = _WINDOWS[step - 1] if step else 1
        found.append(_Window(length, before, {one: tuple(all_) for one, all_ in texts.items()}, hashes, table))
    return tuple(found)


def protect(documents: pd.DataFrame, queries: pd.DataFrame, qrels: pd.DataFrame, split: str | None = None) -> Finder:
    """A finder for the queries of all tasks (of one split) and the FAQ answers, in tables as in `types`."""
    chosen = queries if split is None else queries[queries["split"] == split]
    is_term = chosen["task"] == "symbols"
    answers = set(qrels.loc[qrels["task"] == "faq", "doc_id"])
    is_answer = (documents["task"] == "faq") & documents["doc_id"].isin(answers)
    sentences = [*chosen.loc[~is_term, "text"], *documents.loc[is_answer, "text"]]
    return Finder.of(sentences, chosen.loc[is_term, "text"])


def leaking(bitext: pd.DataFrame, finder: Finder) -> dict[str, str]:
    """pair id -> key of a protected text that occurs in it, in its English side or in any language."""
    found: dict[str, str] = {}
    english = bitext.drop_duplicates("pair_id")
    parts = [(english["pair_id"], english["english"])]
    parts += [(part["pair_id"], part["text"]) for _, part in bitext.groupby("language", sort=True)]
    for pairs, texts in parts:
        ids = pairs.tolist()
        for number, text in sorted(finder.find(texts.tolist()).items()):
            found.setdefault(ids[number], text)
    return found


def check(
    bitext: pd.DataFrame,
    documents: pd.DataFrame,
    queries: pd.DataFrame,
    qrels: pd.DataFrame,
    also: Iterable[str] = (),
) -> None:
    """Fail if a training pair holds a query of any split, a dev pair a test query, or either an FAQ answer.

    Args:
        also: further protected texts that the tables do not hold (FAQ answers in the other languages).

    Raises:
        BenchError: names the first pairs that leak.
    """
    is_train = bitext["split"] == "train"
    extra = Finder.of(also)
    leaks: list[str] = []
    for part, split in ((bitext[is_train], None), (bitext[~is_train], "test")):
        for finder in (protect(documents, queries, qrels, split), extra):
            for pair, text in leaking(part, finder).items():
                rows = part[part["pair_id"] == pair]
                leaks.append(f"{pair} ({rows['source'].iloc[0]}: {rows['english'].iloc[0]!r}) holds {text!r}")
    if leaks:
        shown = "\n  ".join(leaks[:5])
        raise BenchError(
            f"leakage: {len(leaks)} pairs of the bitext hold a text of a task:\n  {shown}",
            "The suite was not written. A rule in bench/suite lets these pairs through; that is a bug.",
        )
