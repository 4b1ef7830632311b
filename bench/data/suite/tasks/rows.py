"""What the makers of tasks have in common: rows of documents, queries and judgements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.data.suite.splits import sample_order


@dataclass
class TaskRows:
    """A task being made.

    Attributes:
        name, parallel: as in `types.Task`.
        documents: doc id -> English text.
        queries: (split, language, query id, text).
        qrels: (split, language, query id, doc id, grade).
    """

    name: str
    parallel: bool
    documents: dict[str, str] = field(default_factory=dict)
    queries: list[tuple[str, str, str, str]] = field(default_factory=list)
    qrels: list[tuple[str, str, str, str, int]] = field(default_factory=list)

    def add_queries(
        self,
        split: str,
        language: str,
        queries: Iterable[tuple[str, str, dict[str, int]]],
        limit: int | None = None,
    ) -> None:
        """Add (query id, text, judgements) in sample order, at most `limit` of them.

        The order comes from the query id, so parallel tasks keep the same questions in every language.
        """
        for query_id, text, judged in sorted(queries, key=lambda query: sample_order(query[0]))[:limit]:
            self.queries.append((split, language, query_id, text))
            for doc_id, grade in sorted(judged.items()):
                self.qrels.append((split, language, query_id, doc_id, grade))
