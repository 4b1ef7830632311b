"""What sentence-transformers and PyLate write beside a transformer: pooling, layers behind it, prefixes, lengths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError

MODULES = "modules.json"
POOLINGS = ("mean", "cls")
# Left out: vectors are normalised here anyway, dropout does nothing after training, and which tokens count is our choice.
PASSED_OVER = ("Transformer", "Normalize", "Dropout", "MultiVectorMask", "Pooling")
UNDERSTOOD = ("Dense", *PASSED_OVER)
STANFORD = "HF_ColBERT"  # architecture in config.json: projection among the weights, settings in artifact.metadata
LENGTHS = ("max_seq_length", "query_length", "document_length")


def transformer_folder(folder: Path) -> Path:
    """Where the transformer of a model directory lies: the directory itself, or a folder that modules.json names."""
    for module in modules_of(folder):
        if kind_of(module) == "Transformer":
            return place_of(folder, module)
    return folder


def read_settings(folder: Path) -> dict[str, Any]:
    """Fields of an `EncoderSpec` as far as the files say: pooling, prefixes, length.

    Raises:
        BenchError: a file is no JSON, or asks for something that cannot be reproduced here.
    """
    values: dict[str, Any] = {}
    pooling = folder / "1_Pooling" / "config.json"
    for module in modules_of(folder):
        if (kind := kind_of(module)) == "Pooling":
            pooling = place_of(folder, module, "1_Pooling") / "config.json"
        elif kind not in UNDERSTOOD:
            raise BenchError(f"the model in {folder} has a {kind or 'nameless'} layer behind its transformer",
                             f"understood: {', '.join(UNDERSTOOD)}")  # fmt: skip
    if pooling.exists():
        values["pooling"] = _pooling(read_json(pooling), pooling)
    config = config_of(folder)
    transformer = transformer_folder(folder) / "sentence_bert_config.json"
    lengths = read_json(transformer) if transformer.exists() else {}
    if lengths.get("do_lower_case"):
        raise BenchError(f"{transformer} asks for text in lower case, which only its tokenizer could do here",
                         "save the model with a tokenizer that lowers, or write an encoder.json beside it")  # fmt: skip
    if is_stanford(folder):
        config = _stanford_settings(folder)
    if found := [both[name] for name in LENGTHS for both in (lengths, config) if isinstance(both.get(name), int)]:
        values["max_length"] = max(found)
    prompts = config.get("prompts") or {}
    default = "[{}] " if config.get("model_type") == "ColBERT" else ""
    for side, names in (("query", ("query",)), ("passage", ("document", "passage", "corpus"))):
        # sentence-transformers itself tries these names for `encode_document`, in this order.
        prompt = str(next((prompts[name] for name in names if prompts.get(name)), ""))
        # A prefix is what PyLate puts before everything else.
        prefix = config.get(f"{names[0]}_prefix")
        prefix = default.format(names[0][0].upper()) if prefix is None else str(prefix)
        values[f"{side}_prefix"] = prefix + prompt.removeprefix(prefix)
    return values


def prefix_tokens(prefixes: list[str], tokenizer: Any) -> list[str]:
    """Prefixes that are one token of the vocabulary but would be split as text: `[unused0] ` of ColBERT, `[Q] ` of PyLate."""
    found = []
    for prefix in prefixes:
        for token in (prefix, prefix.split(maxsplit=1)[0] if prefix.strip() else ""):
            known = token and tokenizer.convert_tokens_to_ids(token) not in (None, tokenizer.unk_token_id)
            if known and "[" in token and tokenizer.tokenize(token) != [token]:
                found.append(token)
                break
    return found


def read_json(path: Path, expected: type = dict) -> Any:
    """The JSON in a file; raises `BenchError` when it is not there, no JSON or of another type."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError(f"cannot read {path}: {error}", "it must be a JSON file") from error
    if not isinstance(values, expected):
        raise BenchError(f"{path} holds a {type(values).__name__}", f"expected a JSON {expected.__name__}")
    return values


def modules_of(folder: Path) -> list[dict[str, Any]]:
    """Entries of modules.json, in order; none where there is no such file."""
    path = folder / MODULES
    return read_json(path, list) if path.exists() else []


def place_of(folder: Path, module: dict[str, Any], default: str = "") -> Path:
    """Where a module's files lie; raises `BenchError` for a place outside of `folder`."""
    path = str(module.get("path", default))
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise BenchError(f"{folder / MODULES} names files outside of its folder: {path!r}", "they are not read")
    return folder / path


def kind_of(module: dict[str, Any]) -> str:
    """Name of a module's class, without its package: both libraries moved theirs about."""
    return str(module.get("type", "")).rpartition(".")[2]


def config_of(folder: Path) -> dict[str, Any]:
    """Settings of the whole model: prompts, and PyLate's own."""
    path = folder / "config_sentence_transformers.json"
    return read_json(path) if path.exists() else {}


def _pooling(config: dict[str, Any], path: Path) -> str:
    if mode := config.get("pooling_mode"):  # the newer form: one name
        chosen = [mode] if isinstance(mode, str) else list(mode)
    else:
        chosen = [name.removeprefix("pooling_mode_") for name, on in config.items()
                  if name.startswith("pooling_mode_") and on is True]  # fmt: skip
    names = {"mean_tokens": "mean", "mean": "mean", "cls_token": "cls", "cls": "cls"}
    if len(chosen) != 1 or chosen[0] not in names or config.get("include_prompt") is False:
        what = "without the prompt" if config.get("include_prompt") is False else ", ".join(map(str, chosen)) or "nothing"
        raise BenchError(f"pooling {what} in {path} is not supported",
                         f"supported: {', '.join(POOLINGS)}; an encoder.json beside the model overrides it")  # fmt: skip
    return names[chosen[0]]


def is_stanford(folder: Path) -> bool:
    """Whether this is a ColBERT checkpoint of Stanford's."""
    path = folder / "config.json"
    return path.exists() and STANFORD in (read_json(path).get("architectures") or [])


def _stanford_settings(folder: Path) -> dict[str, Any]:
    path = folder / "artifact.metadata"
    stated = read_json(path) if path.exists() else {}
    names = {"query": stated.get("query_token_id") or "[unused0]", "document": stated.get("doc_token_id") or "[unused1]"}
    found: dict[str, Any] = {f"{kind}_prefix": f"{token} " for kind, token in names.items()}
    return found | {"document_length": stated.get("doc_maxlen")}
