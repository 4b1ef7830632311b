"""The same queries asked a second time, translated, and both searches joined."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bench.base.progress import Report
from bench.cells.asking.queries import QuerySet
from bench.cells.asking.search import Asked, search
from bench.cells.shared.context import Context
from bench.cells.shared.views import Encodes, View
from bench.retrieval.fusion import Fusion
from bench.retrieval.ranking import Ranking


@dataclass(frozen=True)
class Translated:
    """Query sets in English, and how what they find is joined with what the original queries find.

    Attributes:
        sets: one for each original set, of the same task, language and query ids.
        encoder: of the translations.
        views: where they are compared; their scorers are called as those of the original queries.
        languages: whose translations count; sets of any other language keep the original query alone. None: all.
        fusion: joins two rankings.
        depth: documents of each search.
    """

    sets: Sequence[QuerySet]
    encoder: Encodes
    views: Sequence[View]
    languages: Collection[str] | None
    fusion: Fusion
    depth: int

    def joined(self, context: Context, original: dict[str, Asked], mode: str, depth: int, report: Report) -> dict[str, Joined]:
        """What both found, by task.

        Args:
            original: what the original queries found.
            mode: as in `search`.
            depth: documents of a joined ranking.
        """
        own = [one for one in self.sets if self.languages is None or one.language in self.languages]
        found = search(context, self.encoder, own, mode, max(depth, self.depth), report, views=self.views)[0] if own else {}
        sets = {(one.task, one.language): one for one in own}
        return {task: Joined(asked, found.get(task), sets, self.fusion, depth) for task, asked in original.items()}


@dataclass(frozen=True)
class Joined:
    """Two searches of one task as one.

    Attributes:
        original: what the original queries found.
        translated: what the translations found; None: there are none for this task.
        sets: task and language -> the translated set.
        fusion, depth: as in `Translated`.
    """

    original: Asked
    translated: Asked | None
    sets: dict[tuple[str, str], QuerySet]
    fusion: Fusion
    depth: int

    def of(self, one: QuerySet) -> dict[str, Ranking]:
        """The rankings of an original query set, by scorer."""
        first, other = self.original.of(one), self.sets.get((one.task, one.language))
        if other is None or self.translated is None:
            return {name: _first(ranking, self.depth) for name, ranking in first.items()}
        second = self.translated.of(other)
        return {name: self.fusion.join(ranking, second[name], self.depth, one.ids) for name, ranking in first.items()}

    def key(self, one: QuerySet) -> tuple:
        """Equal for sets that search the same."""
        other = self.sets.get((one.task, one.language))
        return self.original.key(one), () if other is None or self.translated is None else self.translated.key(other)


def _first(ranking: Ranking, depth: int) -> Ranking:
    return Ranking(ranking.doc_ids, ranking.index[:, :depth], ranking.scores[:, :depth])
