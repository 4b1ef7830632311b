"""The section `retrieval` of a profile."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from bench.base.settings import Settings


class Retrieval(Settings):
    """How documents are kept and searched. Where they are in memory, only `recall_queries` is read."""

    # memory: all token vectors at once. disk: coded, in shards, for collections of any size. auto: disk above `disk_above`.
    documents: Literal["auto", "memory", "disk"] = "auto"
    disk_above: Annotated[int, Field(ge=1)] = 200_000  # documents of a task
    bits: Literal[4, 8] = 8  # of a dimension of a token vector on disk
    shard: Annotated[int, Field(ge=1)] = 32_768  # documents encoded before anything is kept
    # With late_mode approximate, documents on disk are found by pooled vectors and then ranked by both scorers.
    candidates: Annotated[int, Field(ge=100)] = 2000  # documents a query
    probes: Annotated[int, Field(ge=1)] = 1024  # inverted lists visited for them
    # Queries a task and language that are searched exhaustively too, to say what the approximate search misses.
    recall_queries: Annotated[int | None, Field(ge=0)] = None  # None: 10, fewer where that would take hours

    def deciding(self) -> dict[str, Any]:
        """The values that decide results; none at the defaults, so that keys from before they could be set stay valid."""
        own, default = (one.model_dump(exclude={"shard", "recall_queries"}) for one in (self, Retrieval()))
        return own if own != default else {}
