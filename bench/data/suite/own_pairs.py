"""Training and dev pairs out of somebody's own bitext: the rules of `suite.bitext` that hold for any text.

The texts are read once, cleaned and put into files; what is chosen, and in which order, is decided on some bytes a pair.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.base.errors import BenchError
from bench.data.sources.collection import PAIR_COLUMNS
from bench.data.stored import spool
from bench.data.stored.pair_table import FIRST, pair_spool
from bench.data.stored.spool import Spool, Table, parts
from bench.data.stored.strings import Gathered
from bench.data.suite.cleaning import Reason, keys, one_line
from bench.data.suite.splits import PAIR_NUMBERS, digest, numbered_pair, pair_id, pair_number

DEV_PAIRS = 100  # of each language, held out where the data names no dev pairs
DEV_SHARE = 8  # but at most one pair in 8
MATCHED = 1 << 22  # pair ids that are looked at together, of all languages
KEPT, BEYOND = "", "beyond data.max_pairs"
REASONS = (KEPT, Reason.COPY.value, Reason.EMPTY.value, Reason.DUPLICATE.value, BEYOND)


def own_bitext(pairs: Table, max_pairs: int | None = None) -> tuple[Spool, dict[str, dict[str, int]]]:
    """Pairs as in `pair_table.pair_spool`, and how many of each source fell to which rule.

    Left out: texts without a letter or digit, copies of the English side, and all but the first pair of an English text in a
    language. A pair is for dev in all languages if it is in one: those that the data calls so, and in languages
    without any about 100 (at most an eighth) by a hash of the English text.

    Args:
        pairs: as `collection.PAIR_COLUMNS`.
        max_pairs: of the training pairs of a language, keep so many, by a hash of the English text.

    Raises:
        BenchError: a language has so few pairs that none can be held out, or a full disk.
    """
    found = _cleaned(pairs)
    for rows in found.by_language():
        # A pair that stands in a dev file and in a training file is a dev pair.
        rows = rows[np.argsort(~found.dev[rows], kind="stable")]
        _, first = np.unique(found.ids[rows], return_index=True)
        found.reason[np.delete(rows, first)] = REASONS.index(Reason.DUPLICATE)
    rejected = found.rejected()
    _hold_out(found)
    _check(found)
    if max_pairs is not None:
        over = _beyond(found, max_pairs)
        found.reason[over] = REASONS.index(BEYOND)
        for source, count in Counter(found.sources[code] for code in found.source[over].tolist()).most_common():
            rejected.setdefault(source, {})[BEYOND] = count
    return _written(found), rejected


@dataclass(frozen=True)
class _Candidates:
    """Cleaned pairs in the order of the data: texts in files, and (n,) arrays of what is known of them.

    Attributes:
        english, text: both sides.
        ids: numbers of their pair ids.
        language, source: places in `languages` and `sources`.
        dev: whether it is for dev.
        reason: why it is left out, as a place in REASONS.
    """

    english: Gathered
    text: Gathered
    languages: list[str]
    sources: list[str]
    ids: np.ndarray
    language: np.ndarray
    source: np.ndarray
    dev: np.ndarray
    reason: np.ndarray

    def by_language(self) -> Iterator[np.ndarray]:
        """Rows of each language that are not left out so far, ascending; languages sorted."""
        for code in sorted(range(len(self.languages)), key=self.languages.__getitem__):
            rows = np.flatnonzero((self.language == code) & (self.reason == 0))
            if len(rows):
                yield rows

    def rejected(self) -> dict[str, dict[str, int]]:
        """Source -> reason -> pairs that are left out, both sorted."""
        counts: dict[str, dict[str, int]] = {}
        gone = self.reason > 0
        kinds, number = np.unique(self.source[gone].astype(np.int64) * len(REASONS) + self.reason[gone], return_counts=True)
        named = [(self.sources[kind // len(REASONS)], REASONS[kind % len(REASONS)]) for kind in kinds.tolist()]
        for (source, reason), count in sorted(zip(named, number.tolist(), strict=True)):
            counts.setdefault(source, {})[reason] = count
        return counts


def _cleaned(pairs: Table) -> _Candidates:
    sides = {"english": Gathered(spool.PART), "text": Gathered(spool.PART)}
    known: dict[str, dict[str, int]] = {"language": {}, "source": {}}
    arrays: dict[str, list[np.ndarray]] = {name: [] for name in ("ids", "language", "source", "dev", "reason")}
    for part in _pieces(pairs):
        texts = {side: [one_line(raw) for raw in part[side]] for side in sides}
        english_keys, text_keys = keys(texts["english"]), keys(texts["text"])
        for side, gathered in sides.items():
            gathered.add(texts[side])
        arrays["ids"].append(np.array([pair_number(pair_id(key)) for key in english_keys], np.int64))
        for name, codes in known.items():
            arrays[name].append(np.array([codes.setdefault(value, len(codes)) for value in part[name]], np.int32))
        arrays["dev"].append((part["split"] == "dev").to_numpy(bool))
        arrays["reason"].append(np.array([
            REASONS.index(Reason.EMPTY if not one or not other else Reason.COPY if one == other else KEPT)
            for one, other in zip(english_keys, text_keys, strict=True)
        ], np.int8))  # fmt: skip
    joined = {}
    for name in list(arrays):  # one after the other, so that no more than one is there twice
        found = arrays.pop(name)
        joined[name] = np.concatenate(found) if found else np.zeros(0, np.int64)
    return _Candidates(sides["english"], sides["text"], list(known["language"]), list(known["source"]), **joined)


def _pieces(pairs: Table) -> Iterator[pd.DataFrame]:
    """At most PART rows together: `keys` takes several bytes a letter."""
    for part in parts(pairs, *PAIR_COLUMNS):
        for start in range(0, len(part), spool.PART):
            yield part.iloc[start : start + spool.PART]


def _hold_out(found: _Candidates) -> None:
    """Call the pairs of all ids that are held out in one language dev pairs in all."""
    held = [np.zeros(0, np.int64)]
    for rows in found.by_language():
        ids = found.ids[rows]
        if (said := found.dev[rows]).any():
            held.append(ids[said])
        else:
            most = min(DEV_PAIRS, len(ids) // DEV_SHARE)
            ordered = heapq.nsmallest(most, map(numbered_pair, ids.tolist()), key=lambda pair: digest(pair, "own dev"))
            held.append(np.array([pair_number(pair) for pair in ordered], np.int64))
    dev = np.unique(np.concatenate(held))
    for rows in found.by_language():
        found.dev[rows] = np.isin(found.ids[rows], dev)


def _check(found: _Candidates) -> None:
    for rows in found.by_language():
        dev = found.dev[rows]
        for split, there in (("train", not dev.all()), ("dev", dev.any())):
            if not there:
                raise BenchError(
                    f"the bitext of {found.languages[found.language[rows[0]]]} has {len(rows)} usable pairs and none for {split}",
                    f"at least {DEV_SHARE} pairs are needed, or {DEV_SHARE - 1} and a dev file (docs/your-data.md)",
                )


def _beyond(found: _Candidates, most: int) -> np.ndarray:
    """Rows of training pairs that are more than `most` of their language, ascending."""
    over = [np.zeros(0, np.int64)]
    for rows in found.by_language():
        train = rows[~found.dev[rows]]
        if len(train) > most:
            ranks = np.fromiter((digest(numbered_pair(number), "cap") for number in found.ids[train].tolist()), np.int64)
            over.append(train[np.argsort(ranks, kind="stable")[most:]])
    return np.sort(np.concatenate(over))


def _written(found: _Candidates) -> Spool:
    """The pairs that are not left out, sorted by language, source and id, with one English text an id: the first in the data.

    Languages give an English text whatever case and punctuation they like.
    """
    first = _first(found)
    made = pair_spool()
    rank = np.argsort(np.argsort(np.array(found.sources, dtype=object))) if found.sources else np.zeros(0, np.int64)
    for rows in found.by_language():
        rows = rows[np.lexsort((found.ids[rows], rank[found.source[rows]]))]
        for start in range(0, len(rows), spool.PART):
            part = rows[start : start + spool.PART]
            made.add(pd.DataFrame({
                "pair_id": list(map(numbered_pair, found.ids[part].tolist())),
                "language": found.languages[found.language[part[0]]],
                "source": [found.sources[code] for code in found.source[part].tolist()],
                "split": np.where(found.dev[part], "dev", "train"),
                "english": found.english.take(first[part]), "text": found.text.take(part),
            }, dtype="str").assign(**{FIRST: first[part] == part}))  # fmt: skip
    return made


def _first(found: _Candidates) -> np.ndarray:
    """(n,) for every pair that is not left out the first such row with its id, in whatever language."""
    first = np.arange(len(found.ids))
    ranges = 1 + len(first) // MATCHED  # ids are hashes: in ranges of one width lie about equally many
    for number in range(ranges):
        low, high = (PAIR_NUMBERS * at // ranges for at in (number, number + 1))
        rows = np.flatnonzero((found.reason == 0) & (found.ids >= low) & (found.ids < high))
        _, place, inverse = np.unique(found.ids[rows], return_index=True, return_inverse=True)
        first[rows] = rows[place][inverse]
    return first
