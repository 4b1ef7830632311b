"""Pairs of the bitext that were drawn for a cell: their numbers, and views of their texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from bench.data.stored.bitext import Column, StoredBitext
from bench.data.stored.strings import Listed


@dataclass(frozen=True)
class Drawn:
    """n pairs in the order in which they were drawn; a pair may come twice.

    Attributes:
        bitext: that they are of.
        rows: (n,) their numbers.
        texts: what the student reads.
        english: what the teacher reads.
        facts: name -> (n,) more that is known of each.
    """

    bitext: StoredBitext
    rows: np.ndarray
    texts: Column
    english: Column
    facts: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, bitext: StoredBitext, rows: np.ndarray) -> Drawn:
        """Pairs as they stand in the bitext."""
        return cls(bitext, rows, bitext["text"].of(rows), bitext["english"].of(rows))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def languages(self) -> Column:
        """The language of each pair."""
        return self.bitext["language"].of(self.rows)

    def groups(self) -> dict[str, np.ndarray]:
        """Language -> places of its pairs, languages sorted."""
        codes = self.languages.codes
        return {self.languages.values[code]: np.flatnonzero(codes == code) for code in np.unique(codes).tolist()}

    def with_texts(self, texts: Sequence[str], **facts: np.ndarray) -> Drawn:
        """The same pairs with other texts for the student."""
        values = sorted(set(texts))
        place = {text: code for code, text in enumerate(values)}
        codes = np.array([place[text] for text in texts], dtype=np.int64)
        return replace(self, texts=Column(codes, Listed(values)), facts={**self.facts, **facts})

    def frame(self) -> pd.DataFrame:
        """All of them as a table with the columns of the bitext and the facts, indexed by number: memory for each pair."""
        own = {"english": self.english, "text": self.texts}
        columns = {name: list(own[name] if name in own else self.bitext[name].of(self.rows)) for name in self.bitext.columns}
        return pd.DataFrame(columns, self.rows, dtype="str").assign(**self.facts)

    def record(self) -> dict[str, object]:
        """What a manifest says of the pairs."""
        language, number = self.languages, self.bitext["pair_id"].codes[self.rows].astype(np.int64)
        return {
            "pairs_seen": len(self), "pairs_distinct": len(np.unique(number * len(language.values) + language.codes)),
            "pairs_by_language": language.counts(), "pairs_by_source": self.bitext["source"].of(self.rows).counts(),
        }  # fmt: skip
