"""Which parameters of an encoder are trained."""

from __future__ import annotations

from typing import Any

import torch

from bench.base.errors import BenchError
from bench.training.settings import Training


def freeze(model: torch.nn.Module, settings: Training) -> None:
    """Switch off gradients as the settings say, and dropout always: the target is a fixed vector."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.requires_grad_(True)
    frozen: list[Any] = [embeddings(model)] if settings.freeze_embeddings else []
    frozen += layers(model)[: settings.freeze_layers] if settings.freeze_layers else []
    for part in frozen:
        part.requires_grad_(False)


def embeddings(model: Any) -> torch.nn.Module:
    """What comes before the first layer: word, position and type embeddings where a model keeps them together."""
    return getattr(model, "embeddings", None) or model.get_input_embeddings()


# BERT and its relatives, MPNet; T5; DistilBERT; ModernBERT; decoders used as encoders.
LAYERS = ("encoder.layer", "encoder.layers", "encoder.block", "transformer.layer", "layers")


def layers(model: torch.nn.Module) -> list[torch.nn.Module]:
    """Transformer layers of an encoder, lowest first.

    Raises:
        BenchError: the model keeps its layers elsewhere.
    """
    holder, name = layers_at(model)
    return list(getattr(holder, name))


def layers_at(model: torch.nn.Module) -> tuple[torch.nn.Module, str]:
    """The part of a model that holds its layers, and the name it has for them. Raises as `layers`."""
    for path in LAYERS:
        found: Any = model
        *way, last = path.split(".")
        for name in way:
            found = getattr(found, name, None)
        if getattr(found, last, None) is not None:
            return found, last
    raise BenchError(f"cannot tell the layers of a {type(model).__name__}", "set training.freeze_layers to 0")
