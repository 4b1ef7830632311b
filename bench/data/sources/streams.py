"""Documents of a task that are read from their source, one after the other, whenever they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.data.documents import DocumentStream


def open_stream(described: Mapping[str, Any]) -> DocumentStream:
    """What the `stream` of a task names; nothing is read yet."""
    from bench.data.sources.hubs.reader import stream_of

    return stream_of(described)
