"""Several readers as one: bitext on disk beside a task of the hubs, and the like."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.sources.collection import PAIR_COLUMNS, Outline, OwnData, Progress, Reader
from bench.data.stored.spool import Spool, parts


class JoinedReader:
    """Pairs and tasks of all readers together.

    Args:
        readers: at least one.
        languages: give the order of the languages.
    """

    def __init__(self, readers: Sequence[Reader], languages: Languages) -> None:
        self.readers, self.languages = readers, languages

    def outline(self) -> Outline:
        """Languages and tasks of all. Raises `BenchError` if two have a task of the same name."""
        trainable: set[str] = set()
        queried: dict[str, tuple[str, ...]] = {}
        for reader in self.readers:
            found = reader.outline()
            if both := sorted(set(queried) & set(found.queried)):
                raise BenchError(f"two sources of data have a task {both[0]!r}", "rename one of the two")
            trainable |= set(found.trainable)
            queried |= found.queried
        return Outline(tuple(one.code for one in self.languages if one.code in trainable), queried)

    def key(self, codes: Collection[str]) -> Any:
        """Identities of all."""
        return [reader.key(codes) for reader in self.readers]

    def read(self, codes: Collection[str], progress: Progress) -> OwnData:
        """Everything of these languages from all."""
        found = [reader.read(codes, progress) for reader in self.readers]
        pairs = Spool(PAIR_COLUMNS)
        for one in found:
            for part in parts(one.pairs, *PAIR_COLUMNS):
                pairs.add(part)
        return OwnData(pairs, [task for one in found for task in one.tasks], [note for one in found for note in one.notes])
