"""What goes from Python into the page: numbers as whole ten-thousandths, JSON that no text in it can break out of."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

FACTOR = 10_000  # of scores; the page divides by it


def scaled(values: Iterable[float] | np.ndarray, factor: int = FACTOR) -> list[int | None]:
    """Numbers as whole multiples of 1 / `factor`, None for NaN: half the size of decimals.

    >>> scaled([0.25, float("nan")])
    [2500, None]
    """
    array = np.asarray(values if isinstance(values, np.ndarray) else list(values), dtype=np.float64)
    known = np.isfinite(array)
    whole = np.rint(np.where(known, array, 0) * factor).astype(np.int64)
    return [number if ok else None for number, ok in zip(whole.tolist(), known.tolist(), strict=True)]


def rounded(value: Any, digits: int = 2) -> float | None:
    """A number that JSON can hold; None for None, NaN and infinities."""
    if value is None or not np.isfinite(float(value)):
        return None
    return round(float(value), digits)


def embedded(content: Any) -> str:
    """JSON that may stand inside a `<script>` element: no `<`, `>` or `&` is left that HTML could read.

    >>> print(embedded({"x": "</script>"}))
    {"x":"\\u003c/script\\u003e"}

    Raises:
        ValueError: a NaN or an infinity, which JSON does not have.
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def packed(content: Any) -> str:
    """The same JSON deflated, in base64: a third of its size. The page unpacks it with what browsers have built in.

    >>> unpacked(packed({"x": "</script>"}))
    {'x': '</script>'}

    Raises:
        ValueError: a NaN or an infinity, which JSON does not have.
    """
    return base64.b64encode(zlib.compress(embedded(content).encode(), 9)).decode()


def unpacked(text: str) -> Any:
    """What `packed` was given."""
    return json.loads(zlib.decompress(base64.b64decode(text)))
