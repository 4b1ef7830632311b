"""Two directories of one student: `dense` for sentence-transformers, `late` for sentence-transformers and PyLate.

Both centre and normalise as the bench does: what it subtracts is the bias of a dense layer. `late` is in the layout of
PyLate, which sentence-transformers reads as well; tokens that do not count are skipped in documents, and a `WordWeights`
layer makes them zero in queries, where PyLate, which has no such layer, counts them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.base.errors import BenchError
from bench.encoders.directory.modules import HEAD, OWN
from bench.encoders.directory.pipeline import LEGACY
from bench.encoders.directory.weights import needless, quiet
from bench.encoders.encoder import Encoder
from bench.encoders.head import Layer
from bench.encoders.hub import EXPORTED
from bench.encoders.space import Centring, Space
from bench.output.export.prefixes import Marked

DENSE, LATE = "dense", EXPORTED
_MODELS = "sentence_transformers.models."


def write(folder: Path, encoder: Encoder, marked: Marked, space: Space, serves: str) -> None:
    """Write both directories.

    Args:
        folder: gets `dense/` and `late/`.
        encoder: what is exported; `marked` was made of it.
        marked: its model and tokenizer with tokens for the prefixes.
        space: where vectors are compared.
        serves: `query` or `document`: what it is meant to encode, where a library does not say.
    """
    head = encoder.head
    if head is not None and (len(head.before_layers) or any(not isinstance(one, Layer) for one in head.token_layers)):
        raise BenchError(f"{encoder.name} changes its token vectors before it pools them, or normalises them between layers",
                         "such a model cannot be exported as both dense and late; its cells are not touched by that")  # fmt: skip
    late, dense = folder / LATE, folder / DENSE
    _transformer(late, encoder, marked)
    _shared(late, dense)
    layers = _folded(head.token_layers if head else [], space.token_centring)  # type: ignore[arg-type]
    _late(late, encoder, marked, layers, serves)
    layers = _folded(head.pooled_layers if head else [], space.pooled_centring)  # type: ignore[arg-type]
    _dense(dense, encoder, layers)


def _transformer(folder: Path, encoder: Encoder, marked: Marked) -> None:
    """Model, tokenizer, and what the bench itself needs to go on from here: the encoder without the centring."""
    folder.mkdir(parents=True)
    marked.tokenizer.backend_tokenizer.no_truncation()  # how it was called last is no property of it
    with quiet():
        marked.model.save_pretrained(str(folder))
        marked.tokenizer.save_pretrained(str(folder))
    length = min(encoder.spec.max_length, encoder.longest)
    options: dict[str, Any] = {"model_args": found} if (found := needless(marked.model.config)) else {}
    if encoder.spec.query_length:
        options["query_length"] = encoder.spec.query_length
    _json(folder / "sentence_bert_config.json", {"max_seq_length": length, "do_lower_case": False, **options})
    own = encoder.spec.to_dict()
    if encoder.head is not None:
        encoder.head.save(folder / "head.safetensors")
        own[HEAD] = "head.safetensors"
    _json(folder / OWN, own)


def _shared(source: Path, target: Path) -> None:
    """The same files in `target`; the weights, hundreds of megabytes, as a link where the file system has links."""
    target.mkdir()
    for path in source.iterdir():
        if path.suffix == ".safetensors":
            with contextlib.suppress(OSError):
                os.link(path, target / path.name)
                continue
        shutil.copy2(path, target / path.name)


def _dense(folder: Path, encoder: Encoder, layers: list[nn.Module]) -> None:
    pooling = {"word_embedding_dimension": encoder.model.config.hidden_size, "include_prompt": True}
    pooling |= {key: encoder.spec.pooling == mode for key, mode in LEGACY.items()}
    (folder / "1_Pooling").mkdir()
    _json(folder / "1_Pooling" / "config.json", pooling)
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
    residual = any(isinstance(one, Layer) and one.is_residual for one in layers)
    modules += [(name, name.rpartition("_")[2]) for name in _layers(folder, layers, start=2, residual=residual)]
    normalize = _normalize(folder, len(modules))
    _modules(folder, [(path, _MODELS + kind) for path, kind in (*modules, (normalize, "Normalize"))])
    spec = encoder.spec
    prompts = {"query": spec.query_prefix, "document": spec.passage_prefix}
    config = {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": "cosine"}
    _json(folder / "config_sentence_transformers.json", {"model_type": "SentenceTransformer", **config})


def _late(folder: Path, encoder: Encoder, marked: Marked, layers: list[nn.Module], serves: str) -> None:
    modules = [("", _MODELS + "Transformer")]
    modules += [(name, "pylate.models.Dense.Dense") for name in _layers(folder, layers, start=1, residual=True)]
    weights = f"{len(modules)}_WordWeights"
    _word_weights(folder / weights, marked)
    _modules(folder, [*modules, (weights, _MODELS + "WordWeights")])
    length = min(encoder.spec.max_length, encoder.longest)
    config = {
        "model_type": "ColBERT", "prompts": {"query": marked.rest["query"], "document": marked.rest["passage"]},
        # PyLate knows one prompt for all texts; where the two differ, the other one has to be named.
        "default_prompt_name": serves,
        "similarity_fn_name": "MaxSim", "query_prefix": marked.first["query"], "document_prefix": marked.first["passage"],
        "query_length": encoder.spec.query_length or length,
        "document_length": length, "do_query_expansion": False, "attend_to_expansion_tokens": False,
        "skiplist_words": marked.unscored,
    }  # fmt: skip
    _json(folder / "config_sentence_transformers.json", config)


def _word_weights(folder: Path, marked: Marked) -> None:
    from safetensors.torch import save_file

    size = marked.model.config.vocab_size
    vocabulary = [token or "" for token in marked.tokenizer.convert_ids_to_tokens(range(size))]
    weights = torch.ones(size, 1)
    weights[marked.tokenizer.convert_tokens_to_ids(marked.unscored)] = 0.0
    folder.mkdir()
    zero = dict.fromkeys(marked.unscored, 0.0)
    _json(folder / "config.json", {"vocab": vocabulary, "word_weights": zero, "unknown_word_weight": 1.0}, indent=None)
    save_file({"emb_layer.weight": weights}, str(folder / "model.safetensors"), metadata={"format": "pt"})


def _folded(layers: Iterable[nn.Module], centring: Centring) -> list[nn.Module]:
    """The layers and then the centring, as few layers as possible."""
    dim = len(centring.mean)
    directions = centring.directions.astype(np.float64)
    weight = np.eye(dim) - directions @ directions.T
    bias = -weight @ centring.mean.astype(np.float64)
    kept = list(layers)
    while kept and isinstance(layer := kept[-1], Layer) and layer.is_linear:
        kept.pop()
        last = layer.linear
        inner = last.bias.double().cpu().numpy() if last.bias is not None else np.zeros(last.out_features)
        bias = bias + weight @ inner
        weight = weight @ last.weight.double().cpu().numpy()
    return [*kept, Layer({"linear.weight": _tensor(weight), "linear.bias": _tensor(bias)})]


def _layers(folder: Path, layers: list[nn.Module], start: int, residual: bool) -> list[str]:
    from safetensors.torch import save_file

    names = []
    for number, layer in enumerate(layers, start):
        if not isinstance(layer, Layer):
            names.append(_normalize(folder, number))
            continue
        place = folder / f"{number}_Dense"
        place.mkdir()
        function = type(layer.function)
        config: dict[str, Any] = {
            "in_features": layer.linear.in_features, "out_features": layer.linear.out_features,
            "bias": layer.linear.bias is not None, "activation_function": f"{function.__module__}.{function.__name__}",
        }  # fmt: skip
        if residual:
            config["use_residual"] = layer.is_residual
        _json(place / "config.json", config)
        save_file(layer.weights(), str(place / "model.safetensors"), metadata={"format": "pt"})
        names.append(place.name)
    return names


def _normalize(folder: Path, number: int) -> str:
    place = folder / f"{number}_Normalize"
    place.mkdir()
    _json(place / "config.json", {})
    return place.name


def _modules(folder: Path, modules: list[tuple[str, str]]) -> None:
    listed = [{"idx": i, "name": str(i), "path": path, "type": kind} for i, (path, kind) in enumerate(modules)]
    _json(folder / "modules.json", listed)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))


def _json(path: Path, content: Any, indent: int | None = 2) -> None:
    path.write_text(json.dumps(content, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


