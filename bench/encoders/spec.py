"""How an encoder wants its input: prefixes, pooling, length. Read from the files beside the model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from bench.errors import BenchError, unknown

Kind = Literal["query", "passage"]
POOLINGS = ("mean", "cls")
DEFAULT_LENGTH = 256
_UNDERSTOOD = ("Transformer", "Normalize")  # vectors are normalised here anyway


@dataclass(frozen=True)
class EncoderSpec:
    """Attributes:
    query_prefix, passage_prefix: put before every text of that kind.
    pooling: "mean" over all tokens, specials included, or "cls" (first token).
    max_length: longest input in tokens, prefix and specials included; longer texts are cut.
    """

    query_prefix: str = ""
    passage_prefix: str = ""
    pooling: str = "mean"
    max_length: int = DEFAULT_LENGTH

    def prefix(self, kind: str) -> str:
        """Prefix of a text of `kind` ("query" or "passage"); raises `BenchError` for other kinds."""
        if kind not in ("query", "passage"):
            raise unknown("kind of text", str(kind), ("query", "passage"))
        return self.query_prefix if kind == "query" else self.passage_prefix

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_spec(folder: Path | None, position_limit: int = DEFAULT_LENGTH) -> EncoderSpec:
    """The specification in `folder`: `encoder.json`, else sentence-transformers files, else mean and no prefixes.

    Args:
        folder: directory of the model; None where there is none to look into.
        position_limit: longest input that the model and its tokenizer can take.

    Raises:
        BenchError: a file is no JSON, has an unknown field, or asks for a pooling that is not supported.
    """
    values: dict[str, Any] = {}
    if folder is not None:
        own = folder / "encoder.json"
        values = _checked(own, _json(own)) if own.exists() else _sentence_transformers(folder)
    values["max_length"] = min(int(values.get("max_length", DEFAULT_LENGTH)), position_limit)
    if values.get("pooling", "mean") not in POOLINGS:
        raise unknown("pooling", str(values["pooling"]), POOLINGS, f"asked for by the files in {folder}")
    return EncoderSpec(**values)


def _checked(path: Path, values: dict[str, Any]) -> dict[str, Any]:
    known = EncoderSpec().to_dict()
    for name, value in values.items():
        if name not in known:
            raise unknown("field", name, known, f"in {path}")
        if type(value) is not type(known[name]) or (name == "max_length" and value < 8):
            expected = "a whole number of at least 8" if name == "max_length" else "text"
            raise BenchError(f"{name} is {value!r} in {path}", f"expected {expected}")
    return values


def _sentence_transformers(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    modules = folder / "modules.json"
    pooling = folder / "1_Pooling" / "config.json"
    if modules.exists():
        for module in _json(modules, list):
            kind = str(module.get("type", "")).rpartition(".")[2]
            if kind == "Pooling":
                pooling = folder / str(module.get("path", "1_Pooling")) / "config.json"
            elif kind not in _UNDERSTOOD:
                raise BenchError(f"the model in {folder} has a {kind or 'nameless'} layer behind its transformer",
                                 f"understood: Pooling, {', '.join(_UNDERSTOOD)}")  # fmt: skip
    if pooling.exists():
        values["pooling"] = _pooling(_json(pooling), pooling)
    if (settings := folder / "sentence_bert_config.json").exists():
        if isinstance(length := _json(settings).get("max_seq_length"), int):
            values["max_length"] = length
    if (settings := folder / "config_sentence_transformers.json").exists():
        prompts = _json(settings).get("prompts") or {}
        values["query_prefix"] = str(prompts.get("query", ""))
        # sentence-transformers itself tries these names for `encode_document`, in this order.
        values["passage_prefix"] = str(next((prompts[n] for n in ("document", "passage", "corpus") if prompts.get(n)), ""))
    return values


def _pooling(config: dict[str, Any], path: Path) -> str:
    if mode := config.get("pooling_mode"):  # the newer form: one name
        chosen = [mode] if isinstance(mode, str) else list(mode)
    else:
        chosen = [name.removeprefix("pooling_mode_") for name, on in config.items()
                  if name.startswith("pooling_mode_") and on is True]  # fmt: skip
    names = {"mean_tokens": "mean", "mean": "mean", "cls_token": "cls", "cls": "cls"}
    if len(chosen) != 1 or chosen[0] not in names:
        raise BenchError(f"pooling {', '.join(map(str, chosen)) or 'nothing'} in {path} is not supported",
                         f"supported: {', '.join(POOLINGS)}; an encoder.json beside the model overrides it")  # fmt: skip
    return names[chosen[0]]


def _json(path: Path, expected: type = dict) -> Any:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError(f"cannot read {path}: {error}", "it must be a JSON file") from error
    if not isinstance(values, expected):
        raise BenchError(f"{path} holds a {type(values).__name__}", f"expected a JSON {expected.__name__}")
    return values
