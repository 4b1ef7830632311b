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
from bench.encoders.directory.files import check_pointer
from bench.encoders.directory.modules import OWN, STANFORD, own_head
from bench.encoders.directory.pipeline import Step, read_pipeline
from bench.encoders.head import Head, Layer, Normalize


def read_head(folder: Path, width: int) -> Head | None:
    """The layers behind the transformer; None where there are none, or where an `encoder.json` names none.

    Args:
        folder: directory of the model.
        width: of the transformer's states.

    Raises:
        BenchError: a layer that is not understood, or that is not of this model.
    """
    if (folder / OWN).exists():
        own = own_head(folder)
        return Head.load(folder / own) if own else None
    steps = read_pipeline(folder)
    made = {id(step): _made(step) for part in (steps.tokens, steps.pooled, steps.before) for step in part}
    parts = tuple([made[id(step)] for step in part] for part in (steps.tokens, steps.pooled, steps.before))
    if steps.truncate is not None:
        for part in parts[:2]:
            given = next((one.width for one in reversed(part) if isinstance(one, Layer)), width)
            if steps.truncate < given:
                part.append(Layer({"linear.weight": torch.eye(given)[: steps.truncate]}))
    return Head(*parts) if any(parts) else None


def _made(step: Step) -> Layer | Normalize:
    if step.kind == "Normalize":
        return Normalize()
    return _stanford_projection(step.place) if step.kind == "Projection" else _layer(step.place, step.config)


def _layer(folder: Path, config: dict[str, Any]) -> Layer:
    default = "Identity" if str(config["type"]).startswith("pylate.") else "Tanh"  # what each library takes without a word
    activation = str(config.get("activation_function", f"torch.nn.{default}"))
    if not activation.startswith("torch."):
        raise BenchError(f"the activation of the layer in {folder} is {activation!r}", "code beside a model is never run")
    tensors = _tensors(folder)
    sizes = {"in_features": (1,), "out_features": (0,), "bias": None}
    weight = tensors.get("linear.weight")
    for name, axis in sizes.items():
        found = "linear.bias" in tensors if axis is None else int(weight.shape[axis[0]]) if weight is not None else None
        if weight is not None and weight.dim() == 2 and config.get(name, found) != found:
            raise BenchError(f"{name} is {config[name]} in {folder / 'config.json'}, {found} in the weights", "copy it again")
    if strange := sorted(set(tensors) - {"linear.weight", "linear.bias", "residual.weight"}):
        if "linear.weight" in tensors:
            raise BenchError(f"the layer in {folder} has weights that are not understood: {', '.join(strange)}", "it is not read")
    try:
        return Layer(tensors, activation.rpartition(".")[2], bool(config.get("use_residual")))
    except BenchError as error:
        raise BenchError(f"{error.message} (the layer in {folder})", error.hint) from error


def _tensors(folder: Path) -> dict[str, Tensor]:
    """Weights of one layer: safetensors, or the tensors, and nothing else, of a pickle."""
    file = folder / "model.safetensors"
    for path in (file, folder / "pytorch_model.bin"):
        if path.exists():
            check_pointer(path)
    try:
        if file.exists():
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
