"""The section `retrieval` of a profile."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from bench.base.settings import Settings

FORMER = 1024  # lists that were visited before there was a target; stands in keys of results that do not depend on it


class Retrieval(Settings):
    """How documents are kept and searched. Where they are in memory, only `recall_queries` is read."""

    # memory: all token vectors at once. disk: coded, in shards, for collections of any size. auto: disk above `disk_above`.
    documents: Literal["auto", "memory", "disk"] = "auto"
    disk_above: Annotated[int, Field(ge=1)] = 200_000  # documents of a task
    bits: Literal[4, 8] = 8  # of a dimension of a token vector on disk
    shard: Annotated[int, Field(ge=1)] = 32_768  # documents encoded before anything is kept
    # With late_mode approximate, documents on disk are found by pooled vectors and then ranked by both scorers.
    candidates: Annotated[int, Field(ge=100)] = 2000  # documents a query
    # So many inverted lists are visited for them that these hold the share of each language's best `candidates` documents, by
    # pooled vectors, on dev questions: whatever the size of the collection.
    recall_target: Annotated[float, Field(gt=0, le=1)] = 0.98
    probes: Annotated[int | None, Field(ge=1)] = None  # a number of lists in the place of the target
    # Queries a task and language that are searched exhaustively too, to say what the approximate search misses.
    recall_queries: Annotated[int | None, Field(ge=0)] = None  # None: 10, fewer where that would take hours

    def deciding(self, approximate: bool) -> dict[str, Any]:
        """The values that decide results; none at the defaults, so that keys from before they could be set stay valid.

        Args:
            approximate: whether documents are found by lists. Where all are scored, the lists decide nothing.
        """
        if approximate and self.documents != "memory":
            return self._part() | self._lists()
        own, default = self._part(), Retrieval()._part()
        return own | {"probes": self.probes or FORMER} if own != default or (self.probes or FORMER) != FORMER else {}

    def _part(self) -> dict[str, Any]:
        return self.model_dump(exclude={"shard", "recall_queries", "recall_target", "probes"})

    def _lists(self) -> dict[str, Any]:
        return {"recall_target": self.recall_target} if self.probes is None else {"probes": self.probes}
