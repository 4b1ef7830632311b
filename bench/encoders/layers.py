"""Layers that sentence-transformers, PyLate and Stanford's ColBERT keep beside a transformer, as a `Head`."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from bench.base.errors import BenchError
from bench.encoders.head import Head, Layer
from bench.encoders.modules import STANFORD, config_of, is_stanford, kind_of, modules_of, place_of, read_json
from bench.encoders.spec import OWN, own_head

MULTI_VECTOR = ("ColBERT", "MultiVectorEncoder")


def read_head(folder: Path) -> Head | None:
    """The layers behind the transformer; None where there are none, or where an `encoder.json` names none.

    A layer behind the pooling also works on every token unless there are layers for tokens, as when
    sentence-transformers reads such a directory as a multi-vector model. Layers for tokens also work on the pooled
    vector where they come before the pooling, or where there is no pooling.
    """
    if (folder / OWN).exists():
        own = own_head(folder)
        return Head.load(folder / own) if own else None
    tokens: list[Layer] = []
    before: list[Layer] = []
    behind: list[Layer] = []
    pooled = False
    multi_vector = config_of(folder).get("model_type") in MULTI_VECTOR
    for module in modules_of(folder):
        kind = kind_of(module)
        pooled |= kind == "Pooling"
        if kind == "Dense":
            place = place_of(folder, module)
            config = read_json(place / "config.json")
            layer = _layer(place, config, str(module["type"]))
            for_tokens = multi_vector or str(module["type"]).startswith("pylate.")
            if config.get("module_input_name", "token_embeddings" if for_tokens else "") == "token_embeddings":
                tokens.append(layer)
                before += [] if pooled else [layer]
            else:
                behind.append(layer)
    if is_stanford(folder):
        tokens.append(_stanford_projection(folder))
    if not tokens and not behind:
        return None
    return Head(tokens or behind, before + behind or tokens)


def _layer(folder: Path, config: dict[str, Any], kind: str) -> Layer:
    default = "Identity" if kind.startswith("pylate.") else "Tanh"  # what each library takes without a word in the file
    activation = str(config.get("activation_function", default)).rpartition(".")[2]
    tensors = _tensors(folder)
    try:
        return Layer(tensors, activation, bool(config.get("use_residual")))
    except BenchError as error:
        raise BenchError(f"{error.message} (the layer in {folder})", error.hint) from error


def _tensors(folder: Path) -> dict[str, Tensor]:
    """Weights of one layer: safetensors, or the tensors, and nothing else, of a pickle."""
    try:
        if (file := folder / "model.safetensors").exists():
            return load_file(str(file))
        found = torch.load(folder / "pytorch_model.bin", map_location="cpu", weights_only=True)
        return {name: tensor for name, tensor in found.items() if isinstance(tensor, Tensor)}
    except pickle.UnpicklingError as error:
        raise BenchError(f"the layer in {folder} is a pickle with more than tensors in it", "it is not read") from error
    except (OSError, RuntimeError, ValueError, KeyError, AttributeError, EOFError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise BenchError(f"cannot read the layer in {folder}: {reason}", "it needs a model.safetensors") from error


def _stanford_projection(folder: Path) -> Layer:
    tensors = _tensors(folder)
    if "linear.weight" not in tensors:
        raise BenchError(f"{folder} calls itself {STANFORD} but has no linear.weight", "it is not a ColBERT checkpoint")
    return Layer({"linear.weight": tensors["linear.weight"]})
