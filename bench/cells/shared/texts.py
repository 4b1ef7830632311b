"""The pairs that are trained on, and what else of an experiment's texts the encoders read."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from bench.base.errors import BenchError
from bench.base.paths import atomic_write
from bench.data.suite.types import Suite

Lengths = Callable[[Sequence[str]], np.ndarray]


class Texts:
    """Views of a suite's bitext under one bound on length.

    Args:
        suite: languages, bitext and tasks.
        max_length: tokens of either side of a pair.
        lengths: tokens of texts, as the teacher's tokenizer counts them.
        kept: file that `fits` is kept in.
    """

    def __init__(self, suite: Suite, max_length: int, lengths: Lengths, kept: Path) -> None:
        self.suite, self.max_length, self.lengths, self.kept = suite, max_length, lengths, kept

    @cached_property
    def fits(self) -> np.ndarray:
        """(rows of the bitext,) bool: both sides have at most `max_length` tokens of the teacher's tokenizer.

        Longer pairs are left out of training rather than cut: a cut pair is no translation any more. `left_out` counts them.
        """
        if not self.kept.exists():
            bitext = self.suite.bitext
            longest = np.zeros(len(bitext), dtype=np.int64)
            for column in ("text", "english"):
                texts = bitext[column].unique().tolist()
                lengths = dict(zip(texts, self.lengths(texts).tolist(), strict=True))
                longest = np.maximum(longest, bitext[column].map(lengths).to_numpy())
            buffer = io.BytesIO()
            np.save(buffer, longest <= self.max_length)
            atomic_write(self.kept, buffer.getvalue())
        found: np.ndarray = np.load(self.kept)
        if len(found) and not found.any():
            raise BenchError(
                f"all {len(found):,} pairs are longer than training.max_length = {self.max_length} tokens",
                "raise it, or take bitext of shorter texts",
            )
        return found

    def left_out(self, languages: Sequence[str]) -> dict[str, dict[str, int]]:
        """Source -> how many training pairs these languages have, and how many of them are longer than `max_length`."""
        bitext = self.suite.bitext
        rows = ((bitext["split"] == "train") & bitext["language"].isin(languages)).to_numpy()
        long = pd.Series(~self.fits[rows]).groupby(bitext.loc[rows, "source"].to_numpy())
        return {source: {"pairs": len(part), "too_long": int(part.sum())} for source, part in long}

    @cached_property
    def english(self) -> list[str]:
        """Unique English sides of pairs that fit, sorted; their position is their row in the teacher's states."""
        return sorted(self.suite.bitext.loc[self.fits, "english"].unique())

    @cached_property
    def english_training(self) -> list[str]:
        """Those of the training split."""
        return sorted(self.suite.bitext.loc[self.fits & (self.suite.bitext["split"] == "train"), "english"].unique())

    @cached_property
    def english_dev(self) -> list[str]:
        """Those of the dev split that are in no training pair."""
        dev = self.fits & (self.suite.bitext["split"] == "dev").to_numpy()
        return sorted(set(self.suite.bitext.loc[dev, "english"]) - set(self.english_training))

    @cached_property
    def rows(self) -> dict[str, int]:
        """English side -> its row in the teacher's states."""
        return {text: row for row, text in enumerate(self.english)}

    def read_by_student(self) -> list[str]:
        """Every text that a student reads: bitext of both sides and the queries of all tasks."""
        columns = [self.suite.bitext["text"], self.suite.bitext["english"]]
        return [text for column in columns for text in column.tolist()] + [
            text for task in self.suite.tasks.values() for text in task.texts()
        ]
