"""What happens to the states of a transformer, step by step, as the files beside it say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.encoders.directory.modules import (
    CONFIG,
    config_of,
    is_multi_vector,
    is_stanford,
    kind_of,
    only,
    place_of,
    read_json,
    understood_modules,
)  # fmt: skip

TOKENS, SENTENCE = "token_embeddings", "sentence_embedding"
# Keys of each file; what is not among them is refused.
DENSE = ("in_features", "out_features", "bias", "activation_function", "module_input_name", "module_output_name", "use_residual")
POOLING = ("word_embedding_dimension", "embedding_dimension", "pooling_mode", "include_prompt")
MASK = ("skiplist_words", "skiplist_tasks", "keep_only_token_ids")
WHOLE = (
    "__version__", "prompts", "default_prompt_name", "similarity_fn_name", "truncate_dim", "model_type", "query_prefix",
    "document_prefix", "query_length", "document_length", "attend_to_expansion_tokens", "attend_to_mask_tokens",
    "do_query_expansion", "query_expansion", "skiplist_words",
)  # fmt: skip
LEGACY = {
    "pooling_mode_cls_token": "cls", "pooling_mode_max_tokens": "max", "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens", "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """A layer: `Dense` with the folder of its weights and its config, `Normalize`, or Stanford's `Projection`."""

    kind: str
    place: Path
    config: dict[str, Any]


@dataclass(frozen=True)
class Pipeline:
    """Steps behind the transformer.

    Attributes:
        tokens: on token vectors.
        before: on token vectors before they are pooled.
        pooled: on the pooled vector.
        pooling: mode of the pooling; None where the files name none.
        include_prompt: whether tokens of the prompt are pooled.
        truncate: numbers of the vector that are kept; None: all.
    """

    tokens: tuple[Step, ...] = ()
    before: tuple[Step, ...] = ()
    pooled: tuple[Step, ...] = ()
    pooling: str | None = None
    include_prompt: bool = True
    truncate: int | None = None


def read_pipeline(folder: Path) -> Pipeline:
    """The steps of a model of sentence-transformers, PyLate or Stanford's ColBERT; none for a bare transformer.

    As in sentence-transformers, which opens a model of whole texts as one of token vectors too, dense layers behind the pooling
    also work on tokens. PyLate and ColBERT have no vector of a whole text: it is the pooled states through their layers.
    Vectors are normalised at the end in any case, so a `Normalize` that nothing follows is left out.

    Raises:
        BenchError: a module, key or value that is not understood.
    """
    modules, multi = understood_modules(folder), is_multi_vector(folder)
    tokens: list[Step] = []
    before: list[Step] = []
    behind: list[Step] = []
    poolings: list[dict[str, Any]] = []
    for module in modules:
        place, kind = place_of(folder, module), kind_of(module)
        file = place / "config.json"
        if kind == "Pooling":
            poolings.append(_pooling(read_json(file), file))
        elif kind in ("Dense", "Normalize"):
            config = read_json(file) if kind == "Dense" or file.exists() else {}
            step = Step(kind, place, config | {"type": module["type"]})
            if _level(kind, config, file, multi) == TOKENS:
                tokens.append(step)
                before += [] if poolings else [step]
            elif kind == "Normalize":
                behind += [step] if poolings else []
            elif poolings:
                behind.append(step)
                tokens.append(step)
            else:
                raise BenchError(f"the dense layer in {place} comes before the pooling, and takes its output",
                                 "the library cannot run it either: module_input_name would be token_embeddings")  # fmt: skip
        elif kind in ("Dropout", "MultiVectorMask") and file.exists():
            only(read_json(file), ("dropout",) if kind == "Dropout" else MASK, file)
    if is_stanford(folder):
        tokens.append(Step("Projection", folder, {}))
    if len(poolings) > 1 or (modules and not poolings and not multi):
        raise BenchError(f"the model in {folder} has {len(poolings)} pooling layers", "understood: one, or a multi-vector model")
    pooled = [*tokens, *behind] if multi or is_stanford(folder) else behind
    truncate = _whole(folder, unit=bool(pooled) and pooled[-1].kind == "Normalize")
    pooling = poolings[0] if poolings else {"pooling": None, "include_prompt": True}
    return Pipeline(_ending(tokens), () if multi else tuple(before), _ending(pooled), truncate=truncate, **pooling)


def _ending(steps: list[Step]) -> tuple[Step, ...]:
    while steps and steps[-1].kind == "Normalize":
        steps = steps[:-1]
    return tuple(steps)


def _level(kind: str, config: dict[str, Any], file: Path, multi: bool) -> str:
    """Whether a layer works on tokens or on whole texts."""
    only(config, DENSE if kind == "Dense" else ("module_input_name", "module_output_name"), file)
    default = TOKENS if multi and kind == "Dense" else SENTENCE
    level = config.get("module_input_name") or default
    if level not in (TOKENS, SENTENCE) or (config.get("module_output_name") or level) != level:
        raise BenchError(f"the layer in {file} goes from {level} to {config.get('module_output_name')}",
                         f"understood: from {TOKENS} or {SENTENCE} to the same")  # fmt: skip
    return str(level)


def _pooling(config: dict[str, Any], path: Path) -> dict[str, Any]:
    only(config, (*POOLING, *LEGACY), path)
    if mode := config.get("pooling_mode"):  # the newer form: one name
        chosen = [mode] if isinstance(mode, str) else list(mode)
    else:
        chosen = [name for key, name in LEGACY.items() if config.get(key)] or ["mean"]
    if len(chosen) != 1:
        raise BenchError(f"pooling {' and '.join(map(str, chosen))} in one vector ({path}) is not supported",
                         "token vectors would have another width; an encoder.json beside the model overrides it")  # fmt: skip
    return {"pooling": str(chosen[0]), "include_prompt": bool(config.get("include_prompt", True))}


def _whole(folder: Path, unit: bool) -> int | None:
    """Checks the settings of the whole model; numbers of a vector that are kept, if they are bounded."""
    config, path = config_of(folder), folder / CONFIG
    only(config, WHOLE, path)
    similarity = str(config.get("similarity_fn_name") or "cosine").lower()
    # Of unit vectors the inner product is the cosine, and the distance orders as it does.
    same = ("cosine", "maxsim", "meanmaxsim", *(("dot", "dot_score", "euclidean") if unit else ()))
    if similarity not in same:
        raise BenchError(
            f"vectors of the model in {folder} are to be compared by {similarity} ({path}), and are not of unit length",
            "the bench compares unit vectors; an encoder.json beside the model says that you want that",
        )
    value = config.get("truncate_dim")
    if value is not None and (type(value) is not int or value < 1):
        raise BenchError(f"truncate_dim is {value!r} in {path}", "expected a whole number of at least 1")
    return value
