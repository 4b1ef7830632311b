"""What is faster gives the same states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bench.encoders.device import inference
from bench.encoders.device.inference import NAME, cast_once, quick, short_attention
from bench.encoders.encoder import Encoder
from bench.encoders.load import load_encoder
from tests.encoders.directory.made import t5
from tests.tiny import SENTENCES

TEXTS = [*SENTENCES, " ".join(SENTENCES[:9]), "cat " * 60]  # two that are longer than SHORT


def states(encoder: Encoder, texts: list[str] = TEXTS) -> torch.Tensor:
    batch = encoder.collate(encoder.tokenize(texts))
    with torch.inference_mode():
        return encoder.states(batch)[0][batch.content_mask]


@pytest.mark.parametrize("texts", [TEXTS, list(SENTENCES), ["the cat", "the cat"]])
def test_attention_of_short_texts_is_attention(encoder: Encoder, texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Long texts, short ones with padding, short ones without."""
    before = states(encoder, texts)
    handed_on: list[int] = []
    theirs = inference.sdpa_attention_forward
    monkeypatch.setattr(inference, "sdpa_attention_forward", lambda *rest, **more: handed_on.append(1) or theirs(*rest, **more))
    with short_attention(encoder.model):
        assert encoder.model.config._attn_implementation == NAME
        found = states(encoder, texts)
    assert encoder.model.config._attn_implementation == "sdpa"
    assert bool(handed_on) == (texts is TEXTS)
    torch.testing.assert_close(found, before, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("packs", [True, False])
def test_bfloat16_is_no_further_from_float32_than_under_autocast(
    encoder: Encoder, packs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if packs and not inference.packs():
        packs = False  # a processor or a build without
    monkeypatch.setattr(inference, "packs", lambda: packs)
    exact = states(encoder)
    with torch.autocast("cpu", torch.bfloat16):
        plain = states(encoder)
        with quick(encoder.model, torch.bfloat16):
            found = states(encoder)
        again = states(encoder)
    assert torch.equal(plain, again), "the model is as it was"
    assert not torch.equal(found, exact)
    errors = [(one - exact).abs().mean() for one in (found, plain)]
    assert errors[0] < 1.3 * errors[1]


def test_every_linear_layer_is_cast_once_and_put_back(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    linear = [module for module in encoder.model.modules() if type(module) is nn.Linear]
    made: list[tuple[nn.Linear, str]] = []
    original = inference._layer
    monkeypatch.setattr(inference, "_layer", lambda one, cast, then: made.append((one, then)) or original(one, cast, then))
    with cast_once(encoder.model):
        assert {id(one) for one, _ in made} == {id(one) for one in linear} and len(made) == len(linear)
        assert sum(then == "gelu" for _, then in made) == encoder.model.config.num_hidden_layers
    assert not any("forward" in vars(module) for module in encoder.model.modules())
    with pytest.raises(KeyError), cast_once(encoder.model):
        raise KeyError
    assert not any("forward" in vars(module) for module in encoder.model.modules())


def test_an_input_is_cast_once_for_three_layers(encoder: Encoder) -> None:
    attention = next(module for module in encoder.model.modules() if hasattr(module, "query") and hasattr(module, "key"))
    x, other = torch.randn(2, 3, 32), torch.randn(2, 3, 32)
    casts: list[int] = []

    class Counted(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            casts.append(1) if function is torch.Tensor.to and args[-1] is torch.bfloat16 else None
            return function(*args, **(kwargs or {}))

    with torch.inference_mode(), cast_once(encoder.model), Counted():
        found = [attention.query(x), attention.key(x), attention.value(x)]
        assert len(casts) == 1
        assert not torch.equal(attention.query(other), found[0]) and len(casts) == 2
    for layer, one in zip((attention.query, attention.key, attention.value), found, strict=True):
        torch.testing.assert_close(one.float(), layer(x), atol=0.03, rtol=0.03)


def test_an_approximate_gelu_is_not_taken_for_the_exact_one(encoder: Encoder) -> None:
    layer = next(module for module in encoder.model.modules() if hasattr(module, "intermediate_act_fn"))
    assert inference._is_gelu_layer(layer)
    for act in (nn.GELU(approximate="tanh"), nn.ReLU(), nn.SiLU()):
        layer.intermediate_act_fn = act
        assert not inference._is_gelu_layer(layer)


def test_encode_uses_it_and_the_weights_of_the_moment(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder.precision = "bf16"
    used: list[torch.dtype | None] = []
    monkeypatch.setattr("bench.encoders.encoder.quick", lambda model, dtype: used.append(dtype) or quick(model, dtype))
    before = encoder.encode(TEXTS).tokens.vectors
    with torch.no_grad():
        for layer in encoder.model.modules():
            if type(layer) is nn.Linear:
                layer.weight *= 1.5
    after = encoder.encode(TEXTS).tokens.vectors
    assert used == [torch.bfloat16] * 2 and np.abs(before - after).max() > 0.1


def test_positions_that_a_model_adds_to_its_scores_are_not_left_out(tmp_path: Path) -> None:
    encoder, texts = load_encoder(str(t5(tmp_path / "m"))), ["cat", "the cat drinks milk"]
    with torch.inference_mode():
        plain = [encoder.states(encoder.collate(encoder.tokenize([text])))[1][0].numpy() for text in texts]
    assert np.abs(encoder.encode(texts).pooled - np.stack(plain)).max() < 1e-4
