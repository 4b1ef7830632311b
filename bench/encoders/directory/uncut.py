"""What a tokenizer makes of whole texts, in less time than it takes to cut and pad them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def uncut(tokenizer: Any, texts: Sequence[str]) -> Sequence[Any]:
    """Token ids of each text with special tokens, uncut: lists of ids, or objects of their length that have `ids`."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return tokenizer(list(texts), verbose=False)["input_ids"] if texts else []
    backend.no_truncation()
    backend.no_padding()
    return backend.encode_batch_fast(list(texts))


def ids_of(tokenizer: Any, texts: Sequence[str]) -> set[int]:
    """Ids of all tokens that occur in these texts, special ones included."""
    found: set[int] = set()
    for one in uncut(tokenizer, texts):
        found.update(getattr(one, "ids", one))
    return found
