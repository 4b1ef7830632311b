"""The pairs that are trained on, and what else of an experiment's texts the encoders read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from bench.base.errors import BenchError
from bench.base.jsonfile import read_json, to_json
from bench.base.once import once
from bench.data.stored.bitext import Column
from bench.data.suite.types import Suite
from bench.encoders.states.cache import text_key

Lengths = Callable[[Sequence[str]], np.ndarray]
CHUNK = 16384  # texts that are tokenised together


class Texts:
    """Views of a suite's bitext under one bound on length. What is worked out of all pairs is kept in files.

    Args:
        suite: languages, bitext and tasks.
        max_length: tokens of either side of a pair.
        lengths: tokens of texts, as the teacher's tokenizer counts them.
        kept: folder that the files are kept in.
    """

    def __init__(self, suite: Suite, max_length: int, lengths: Lengths, kept: Path) -> None:
        self.suite, self.max_length, self.lengths, self.kept = suite, max_length, lengths, kept

    @cached_property
    def fits(self) -> np.ndarray:
        """(rows of the bitext,) bool: both sides have at most `max_length` tokens of the teacher's tokenizer.

        Longer pairs are left out of training rather than cut: a cut pair is no translation any more. `left_out` counts them.

        Raises:
            BenchError: no pair is short enough.
        """
        found = self._part("fits")
        if len(found) and not found.any():
            raise BenchError(
                f"all {len(found):,} pairs are longer than training.max_length = {self.max_length} tokens",
                "raise it, or take bitext of shorter texts",
            )
        return found

    def left_out(self, languages: Sequence[str]) -> dict[str, dict[str, int]]:
        """Source -> how many training pairs these languages have, and how many of them are longer than `max_length`."""
        rows = self.suite.bitext.rows("train", languages)
        parts = self.suite.bitext.groups("source", rows)
        return {source: {"pairs": len(part), "too_long": int((~self.fits[part]).sum())} for source, part in parts.items()}

    @cached_property
    def english(self) -> Column:
        """Different English sides of pairs that fit, sorted; their position is their row in the teacher's states."""
        _ = self.fits
        return Column(self._part("english"), self.suite.bitext["english"].values)

    @cached_property
    def training_rows(self) -> np.ndarray:
        """Rows of those of the training split, ascending."""
        return np.flatnonzero(self._part("training"))

    @property
    def english_training(self) -> Column:
        """Those of the training split."""
        return self.english.of(self.training_rows)

    @property
    def english_dev(self) -> Column:
        """Those of the dev split that are in no training pair."""
        return self.english.of(np.flatnonzero(self._part("dev") & ~self._part("training")))

    @property
    def english_tokens(self) -> int:
        """Tokens of all of `english`, with prefix and special tokens."""
        return int(self._note["tokens"])

    @property
    def english_digest(self) -> str:
        """What tells the list `english` from others, see `teacher_states`."""
        return str(self._note["digest"])

    def rows_of(self, codes: np.ndarray) -> np.ndarray:
        """Rows in the teacher's states of English sides, given as codes of the bitext's column; they must be among `english`."""
        return np.searchsorted(self.english.codes, codes)

    def rows(self, texts: Iterable[str]) -> np.ndarray:
        """The same of texts. Raises `KeyError` where one is none of `english`."""
        found = []
        for text in texts:
            code = self.english.values.find(text)
            row = -1 if code is None else int(np.searchsorted(self.english.codes, code))
            if code is None or row >= len(self.english) or self.english.codes[row] != code:
                raise KeyError(text)
            found.append(row)
        return np.array(found, dtype=np.int64)

    def read_by_student(self) -> Iterator[str]:
        """Every text that a student reads: bitext of both sides and the queries of all tasks; some may come twice."""
        asked = (task.texts() for task in self.suite.tasks.values())
        return chain(self.suite.bitext["text"].values, self.suite.bitext["english"].values, *asked)

    @cached_property
    def _note(self) -> dict[str, Any]:
        return read_json(once(self.kept, self._make) / "english.json")

    def _part(self, name: str) -> np.ndarray:
        return np.load(once(self.kept, self._make) / f"{name}.npy", mmap_mode="r" if name != "fits" else None)

    def _make(self, folder: Path) -> None:
        bitext = self.suite.bitext
        tokens = {side: in_chunks(self.lengths, bitext[side].values) for side in ("text", "english")}
        longest = np.maximum(*(tokens[side][bitext[side].codes] for side in ("text", "english")))
        fits = longest <= self.max_length
        used = {split: np.zeros(len(bitext["english"].values), dtype=bool) for split in ("train", "dev")}
        for split, table in used.items():
            table[bitext["english"].codes[fits & bitext["split"].equal(split)]] = True
        codes = np.flatnonzero(used["train"] | used["dev"])
        digest = hashlib.sha256()
        for text in Column(codes, bitext["english"].values):
            digest.update(text_key(text))
        parts = {"fits": fits, "english": codes.astype(np.int32), "training": used["train"][codes], "dev": used["dev"][codes]}
        for name, values in parts.items():
            np.save(folder / f"{name}.npy", values)
        note = {"digest": digest.hexdigest()[:32], "tokens": int(tokens["english"][codes].sum())}
        (folder / "english.json").write_text(to_json(note), encoding="utf-8")


def in_chunks(lengths: Lengths, texts: Sequence[str]) -> np.ndarray:
    """(n,) int32 `lengths` of all texts, some at a time."""
    parts = [lengths(texts[start : start + CHUNK]) for start in range(0, len(texts), CHUNK)]
    return np.concatenate([*parts, np.zeros(0, np.int64)]).astype(np.int32)
