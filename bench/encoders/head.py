"""Layers behind a transformer: the projection of a ColBERT model, a dense layer of sentence-transformers, a fitted map."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.base.errors import BenchError, unknown

ACTIVATIONS = {kind.__name__: kind for kind in (nn.Identity, nn.Tanh, nn.ReLU, nn.GELU, nn.SiLU, nn.Sigmoid)}

NORMALIZE = "Normalize"


class Layer(nn.Module):
    """`activation(W x + b)`, plus `x` (or `R x`) where it is residual: the dense layer of sentence-transformers and PyLate.

    Args:
        weights: `linear.weight` (out, in); perhaps `linear.bias` (out,) and `residual.weight` (out, in).
        activation: a name in `ACTIVATIONS`.
        residual: add the input.
    """

    def __init__(self, weights: Mapping[str, Tensor], activation: str = "Identity", residual: bool = False) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise unknown("activation", activation, ACTIVATIONS)
        weight = weights.get("linear.weight")
        if weight is None or weight.dim() != 2:
            raise BenchError(f"a layer needs a matrix linear.weight; it has {', '.join(weights) or 'nothing'}")
        self.linear = _linear(weight, weights.get("linear.bias"))
        self.activation, self.is_residual = activation, residual
        self.function = ACTIVATIONS[activation]()
        self.residual = _linear(weights["residual.weight"], None) if "residual.weight" in weights else nn.Identity()
        if residual and "residual.weight" not in weights and weight.shape[0] != weight.shape[1]:
            raise BenchError(f"a residual layer from {weight.shape[1]} to {weight.shape[0]} has no weights for its residual")

    @property
    def width(self) -> int:
        """Numbers that come out."""
        return int(self.linear.out_features)

    @property
    def is_linear(self) -> bool:
        """Whether it is `W x + b` and nothing else."""
        return self.activation == "Identity" and not self.is_residual

    def forward(self, x: Tensor) -> Tensor:
        y = self.function(self.linear(x))
        return y + self.residual(x) if self.is_residual else y

    def weights(self) -> dict[str, Tensor]:
        """Tensors by their names in sentence-transformers and PyLate."""
        return {name: tensor.detach().cpu().contiguous() for name, tensor in self.state_dict().items()}


class Normalize(nn.Module):
    """To unit length, between other layers; what comes out at the end is normalised in any case."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(x, dim=-1)


class Head(nn.Module):
    """Layers for token vectors and for pooled vectors; always as they are, training does not change them.

    Attributes:
        token_layers, pooled_layers: applied in order to (..., d) raw states of the transformer.
        before_layers: applied to the states of tokens before they are pooled.
    """

    def __init__(
        self, tokens: Iterable[nn.Module], pooled: Iterable[nn.Module], before: Iterable[nn.Module] = ()
    ) -> None:
        super().__init__()
        self.token_layers = nn.ModuleList(tokens)
        self.pooled_layers = nn.ModuleList(pooled)
        self.before_layers = nn.ModuleList(before)
        widths = [_width(self.token_layers), _width(self.pooled_layers) or _width(self.before_layers)]
        if widths[0] != widths[1]:
            shown = " and ".join("the width of the transformer" if one is None else str(one) for one in widths)
            raise BenchError(f"token vectors and pooled vectors would come out in different widths: {shown}")
        self.requires_grad_(False).eval()

    def check(self, width: int) -> None:
        """Raise a `BenchError` unless every layer takes what comes before it, the first ones `width` numbers."""
        pooled = [*self.before_layers, *self.pooled_layers]
        for layers in (self.token_layers, pooled):
            given = width
            for layer in layers:
                if isinstance(layer, Layer):
                    if layer.linear.in_features != given:
                        raise BenchError(
                            f"a layer behind the transformer takes {layer.linear.in_features} numbers, but gets {given}"
                        )
                    given = layer.width

    @property
    def dim(self) -> int | None:
        """Width of what comes out; None: that of the transformer."""
        return _width(self.token_layers)

    def tokens(self, x: Tensor) -> Tensor:
        """(..., d) hidden states -> (..., dim)."""
        return _through(self.token_layers, x)

    def before(self, x: Tensor) -> Tensor:
        """(..., d) hidden states -> what is pooled."""
        return _through(self.before_layers, x) if len(self.before_layers) else x

    def pooled(self, x: Tensor) -> Tensor:
        """(..., d) pooled hidden states -> (..., dim)."""
        return _through(self.pooled_layers, x)

    def save(self, path: Path) -> None:
        """Write as one safetensors file."""
        from safetensors.torch import save_file

        parts = {"tokens": self.token_layers, "pooled": self.pooled_layers, "before": self.before_layers}
        tensors = {
            f"{part}.{i}.{name}": tensor.clone()
            for part, layers in parts.items()
            for i, layer in enumerate(layers)
            if isinstance(layer, Layer)
            for name, tensor in layer.weights().items()
        }
        kinds = {part: [_kind(one) for one in layers] for part, layers in parts.items() if part != "before" or len(layers)}
        save_file(tensors, str(path), metadata={"format": "pt", "layers": json.dumps(kinds)})

    @classmethod
    def load(cls, path: Path) -> Head:
        """Read what `save` wrote; raises `BenchError` for anything else."""
        from safetensors import SafetensorError, safe_open

        def layers(part: str) -> list[nn.Module]:
            return [
                Normalize() if kind == [NORMALIZE] else
                Layer({k.removeprefix(f"{part}.{i}."): v for k, v in tensors.items() if k.startswith(f"{part}.{i}.")}, *kind)
                for i, kind in enumerate(kinds[part])
            ]  # fmt: skip

        try:
            with safe_open(str(path), "pt") as file:
                kinds: dict[str, Any] = json.loads(file.metadata()["layers"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            if not any(kinds.values()):
                raise ValueError("it names none")
            return cls(layers("tokens"), layers("pooled"), layers("before") if "before" in kinds else ())
        except (OSError, ValueError, LookupError, TypeError, AttributeError, SafetensorError) as error:
            raise BenchError(f"{path} holds no layers that can be read: {error}", "export the model again") from error


def _kind(layer: nn.Module) -> list[Any]:
    """What `save` writes of a layer beside its weights."""
    return [layer.activation, layer.is_residual] if isinstance(layer, Layer) else [NORMALIZE]


def _width(layers: nn.ModuleList) -> int | None:
    return next((one.width for one in reversed(list(layers)) if isinstance(one, Layer)), None)


def _through(layers: nn.ModuleList, x: Tensor) -> Tensor:
    # In float32 also under autocast: what comes out is compared, not fed to a deep model.
    with torch.autocast(x.device.type, enabled=False):
        x = x.float()
        for layer in layers:
            x = layer(x)
    return x


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer
