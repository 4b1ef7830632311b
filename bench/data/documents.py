"""Documents that are read one after the other: a collection need not fit into memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

Document = tuple[str, str]  # id, text


@dataclass(frozen=True)
class DocumentStream:
    """A collection that can be read as often as needed, always in the same order.

    Attributes:
        read: starts a new pass over (id, text).
        key: identity of the content, known before anything is read.
        count: how many there are, for the progress only; None = not known.
    """

    read: Callable[[], Iterable[Document]]
    key: str
    count: int | None = None

    @classmethod
    def of(cls, documents: pd.DataFrame) -> DocumentStream:
        """The rows of a frame [doc_id, text]; the key is a hash of them."""
        columns = [documents["doc_id"], documents["text"]]
        key = hashlib.sha256()
        for column in columns:
            key.update("\0".join(column).encode("utf-8", "surrogatepass") + b"\1")
        return cls(lambda: zip(*columns, strict=True), key.hexdigest(), len(documents))
