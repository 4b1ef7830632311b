"""How an encoder wants its input: prefixes, pooling, length. Read from the files beside the model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from bench.base.errors import BenchError, unknown
from bench.encoders.directory.files import DEFAULT_LENGTH
from bench.encoders.directory.modules import HEAD, OWN, read_json
from bench.encoders.directory.pooling import POOLINGS
from bench.encoders.directory.settings import read_settings

Kind = Literal["query", "passage"]
# Models on the hub that need prefixes, as their model cards say, and whose files do not tell.
_E5 = {"query_prefix": "query: ", "passage_prefix": "passage: "}
ON_THE_HUB = {f"intfloat/{name}{size}{end}": _E5 for name, end in (("multilingual-e5-", ""), ("e5-", ""), ("e5-", "-v2"))
              for size in ("small", "base", "large")}  # fmt: skip


@dataclass(frozen=True)
class EncoderSpec:
    """Attributes:
    query_prefix, passage_prefix: put before every text of that kind.
    pooling: a name in `POOLINGS`, over all tokens, prefix and specials included.
    max_length: longest input in tokens, prefix and specials included; longer texts are cut.
    query_length: the same for queries, where it is another.
    """

    query_prefix: str = ""
    passage_prefix: str = ""
    pooling: str = "mean"
    max_length: int = DEFAULT_LENGTH
    query_length: int | None = None

    def length(self, kind: str) -> int:
        """Tokens at which a text of `kind` is cut."""
        return self.query_length if kind == "query" and self.query_length else self.max_length

    def prefix(self, kind: str) -> str:
        """Prefix of a text of `kind` ("query" or "passage"); raises `BenchError` for other kinds."""
        if kind not in ("query", "passage"):
            raise unknown("kind of text", str(kind), ("query", "passage"))
        return self.query_prefix if kind == "query" else self.passage_prefix

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_spec(folder: Path | None, position_limit: int = DEFAULT_LENGTH, name: str = "", own: int | None = None) -> EncoderSpec:
    """The specification in `folder`: `encoder.json`, else files of sentence-transformers or PyLate, else mean and no prefixes.

    Args:
        folder: directory of the model; None where there is none to look into.
        position_limit: longest input that the model can take.
        name: on the hub; some models need prefixes that their files do not tell.
        own: length that the tokenizer or the position table states, where the files of a library state none.

    Raises:
        BenchError: a file is no JSON, has an unknown field, or asks for a pooling that is not supported.
    """
    values: dict[str, Any] = {}
    if folder is not None:
        file = folder / OWN
        values = _checked(file, read_json(file)) if file.exists() else read_settings(folder)
        if not file.exists() and not (values.get("query_prefix") or values.get("passage_prefix")):
            values |= ON_THE_HUB.get(name.partition("@")[0], {})
    values["max_length"] = min(int(values.get("max_length") or own or DEFAULT_LENGTH), position_limit)
    if values.get("query_length"):
        values["query_length"] = min(int(values["query_length"]), position_limit)
    if values.get("pooling", "mean") not in POOLINGS:
        raise unknown("pooling", str(values["pooling"]), POOLINGS, f"asked for by the files in {folder}")
    return EncoderSpec(**values)


def _checked(path: Path, values: dict[str, Any]) -> dict[str, Any]:
    known = EncoderSpec().to_dict()
    for name, value in values.items():
        if name == HEAD:
            continue
        if name not in known:
            raise unknown("field", name, known, f"in {path}")
        length = name in ("max_length", "query_length")
        if name == "query_length" and value is None:
            continue
        if type(value) is not (int if length else str) or (isinstance(value, int) and value < 8):
            expected = "a whole number of at least 8" if length else "text"
            raise BenchError(f"{name} is {value!r} in {path}", f"expected {expected}")
    return {name: value for name, value in values.items() if name != HEAD}
