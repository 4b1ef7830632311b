"""How a model wants its texts, as the files of sentence-transformers and PyLate say: prompts, lengths, lower case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.encoders.directory.modules import (
    CONFIG,
    MODULES,
    config_of,
    is_multi_vector,
    is_stanford,
    only,
    read_json,
    transformer_folder,
)  # fmt: skip
from bench.encoders.directory.pipeline import read_pipeline

# sentence-transformers looks for these, and takes the first that is there.
TRANSFORMER = tuple(f"sentence_{kind}_config.json" for kind in (
    "bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"))  # fmt: skip
PLAIN = {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}
# Of the arguments that a file may pass on: what changes no vector.
HARMLESS = {
    "model": ("add_pooling_layer", "attn_implementation", "dtype", "torch_dtype", "use_safetensors", "low_cpu_mem_usage"),
    "processor": ("use_fast", "model_max_length"),
    "config": (),
}
OLD = {"model": "model_args", "processor": "tokenizer_args", "config": "config_args"}
EXPANDED = 32  # ColBERT's own length of a query where none is said


def read_settings(folder: Path) -> dict[str, Any]:
    """Fields of an `EncoderSpec` as far as the files say: pooling, prefixes, lengths.

    Raises:
        BenchError: a file is no JSON, or asks for something that cannot be reproduced here.
    """
    if not (folder / MODULES).exists():
        for name in ("1_Pooling/config.json", *TRANSFORMER):
            if (folder / name).exists():
                raise BenchError(f"{folder} has {name} but no {MODULES}, without which the library passes it over",
                                 f"copy {MODULES} too, or write an encoder.json beside the model")  # fmt: skip
    steps = read_pipeline(folder)
    values: dict[str, Any] = {"pooling": steps.pooling or _default_pooling(folder)}
    config, own = config_of(folder), transformer_settings(folder)
    stanford = is_stanford(folder)
    if stanford:
        config = _stanford(folder)
    multi = stanford or is_multi_vector(folder)
    document = own.get("document_length") or config.get("document_length")
    query = _expanded(config, own) if multi else own.get("query_length") or config.get("query_length")
    if bound := document or own.get("max_seq_length"):
        values["max_length"] = int(bound)
    if query and query != values.get("max_length"):
        values["query_length"] = int(query)
    values |= _prefixes(config, folder)
    if not steps.include_prompt and (values["query_prefix"] or values["passage_prefix"]):
        raise BenchError(f"pooling without the prompt (include_prompt in {folder}) is not supported",
                         "an encoder.json beside the model overrides its files")  # fmt: skip
    return values


def _default_pooling(folder: Path) -> str:
    """What sentence-transformers takes for a bare transformer: the mean; the last token of a causal language model."""
    config = read_json(folder / "config.json") if (folder / "config.json").exists() else {}
    architecture = str((config.get("architectures") or [""])[0])
    return "lasttoken" if architecture.endswith("ForCausalLM") and config.get("is_causal", True) else "mean"


def transformer_settings(folder: Path) -> dict[str, Any]:
    """Settings of the transformer module, those of its tokenizer among them; empty where there is no file.

    Raises:
        BenchError: a key or a value that is not understood.
    """
    place = transformer_folder(folder)
    path = next((place / name for name in TRANSFORMER if (place / name).exists()), None)
    if path is None or not (folder / MODULES).exists():
        return {}
    found = read_json(path)
    passed: dict[str, Any] = {}
    for name, harmless in HARMLESS.items():
        for key in (OLD[name], f"{name}_kwargs"):
            given = found.pop(key, None) or {}
            only([k for k in given if k != "trust_remote_code"], harmless, path)
            passed |= given
    only(found, ("max_seq_length", "do_lower_case", "transformer_task", "modality_config", "module_output_name", "unpad_inputs",
                 "query_length", "document_length", "query_expansion", "processing_kwargs"), path)  # fmt: skip
    expected = {"transformer_task": "feature-extraction", "modality_config": PLAIN, "module_output_name": "token_embeddings"}
    for key, value in expected.items():
        if found.get(key, value) != value:
            raise BenchError(f"{key} is {found[key]!r} in {path}", f"understood: {value!r}")
    if found.get("processing_kwargs"):
        raise BenchError(f"processing_kwargs is {found['processing_kwargs']!r} in {path}", "understood: none")
    for key in ("max_seq_length", "query_length", "document_length"):
        if found.get(key) is not None and (type(found[key]) is not int or found[key] < 1):
            raise BenchError(f"{key} is {found[key]!r} in {path}", "expected a whole number of tokens")
    if found.get("max_seq_length") is None and "model_max_length" in passed:
        found["max_seq_length"] = passed["model_max_length"]
    return found


def _expanded(config: dict[str, Any], own: dict[str, Any]) -> int | None:
    """Tokens of a query of a multi-vector model: with query expansion, which is not taken over, its fixed length."""
    stated = own.get("query_length") or config.get("query_length")
    expansion = own.get("query_expansion", config.get("query_expansion"))
    if isinstance(expansion, dict):
        length = int(expansion.get("length") or EXPANDED)
        return length if expansion.get("strategy", "fixed") == "fixed" else max(length, stated) if stated else None
    old = {"do_query_expansion", "attend_to_expansion_tokens", "attend_to_mask_tokens", "query_prefix", "document_prefix",
           "skiplist_words", "query_length", "document_length"}  # fmt: skip
    expands = config.get("do_query_expansion") is not False and "query_expansion" not in config and old & set(config)
    return stated or (EXPANDED if expands else None)


def _prefixes(config: dict[str, Any], folder: Path) -> dict[str, str]:
    prompts = config.get("prompts") or {}
    if not isinstance(prompts, dict) or any(not isinstance(text, str | None) for text in prompts.values()):
        raise BenchError(f"prompts is {prompts!r} in {folder / CONFIG}", "expected names with texts")
    default = config.get("default_prompt_name")
    if default is not None and default not in {"query", "document", *prompts}:
        raise BenchError(f"default_prompt_name is {default!r} in {folder / CONFIG}", f"it has {', '.join(prompts) or 'none'}")
    # The library reads documents with `document` and queries with `query`, and knows them (empty) where a file does not.
    others = [name for name in ("passage", "corpus") if "document" not in prompts and prompts.get(name)]
    if default not in (None, "query", "document") and prompts[default] and not prompts.get("query") == prompts[default]:
        others.append(default)
    if others:
        raise BenchError(
            f"the model in {folder} has a prompt {others[0]!r}, which sentence-transformers puts before neither queries "
            "nor documents", f"name its prompts `query` and `document` in {CONFIG}, or write an encoder.json beside the model"
        )  # fmt: skip
    marker = "[{}] " if config.get("model_type") == "ColBERT" else ""
    values = {}
    for side, name in (("query", "query"), ("passage", "document")):
        # A prefix is what PyLate puts before everything else.
        prefix = config.get(f"{name}_prefix")
        prefix = marker.format(name[0].upper()) if prefix is None else str(prefix)
        values[f"{side}_prefix"] = prefix + (prompts.get(name) or "").removeprefix(prefix)
    return values


def _stanford(folder: Path) -> dict[str, Any]:
    path = folder / "artifact.metadata"
    stated = read_json(path) if path.exists() else {}
    names = {"query": stated.get("query_token_id") or "[unused0]", "document": stated.get("doc_token_id") or "[unused1]"}
    found: dict[str, Any] = {f"{kind}_prefix": f"{token} " for kind, token in names.items()}
    return found | {"document_length": stated.get("doc_maxlen"), "query_length": stated.get("query_maxlen")}


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
