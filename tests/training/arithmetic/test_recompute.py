from collections.abc import Callable

import pytest
import torch
from transformers import BertConfig, BertModel

from bench.training.arithmetic import recompute
from bench.training.arithmetic.attention import attention
from bench.training.arithmetic.recompute import again, beyond, kept_bytes


def small(layers: int = 3) -> BertModel:
    torch.manual_seed(0)
    return BertModel(BertConfig(vocab_size=20, hidden_size=64, num_hidden_layers=layers, num_attention_heads=4,
                                intermediate_size=256), add_pooling_layer=False).eval()  # fmt: skip


def passed(model: BertModel, rows: int = 4, width: int = 24) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(3, 20, (rows, width), generator=generator)
    return model(input_ids=ids, attention_mask=(torch.arange(width) < width - 2).expand(rows, -1).long()).last_hidden_state


def kept(run: Callable[[], torch.Tensor], without: set[int]) -> int:
    """Bytes that autograd keeps of a forward pass, each tensor once, parameters not counted."""
    seen: dict[int, int] = {}

    def note(x: torch.Tensor) -> torch.Tensor:
        if x.untyped_storage().data_ptr() not in without:
            seen[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(note, lambda x: x):
        held = run()
    del held
    return sum(seen.values())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradients_are_the_same_to_the_last_bit(dtype: torch.dtype):
    found = []
    for wanted in (False, True):
        model = small().to(dtype)
        with attention(model, "cpu"), again(model, wanted):
            states = passed(model)
        states.float().square().sum().backward()
        found.append([p.grad for p in model.parameters() if p.grad is not None])
    assert len(found[0]) == len(found[1]) > 40
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_layers_keep_what_goes_into_them_and_nothing_more():
    model = small()
    parameters = {p.untyped_storage().data_ptr() for p in model.parameters()}

    def run(wanted: bool) -> torch.Tensor:
        with again(model, wanted):
            return passed(model)

    with attention(model, "cpu"):
        whole, less = kept(lambda: run(False), parameters), kept(lambda: run(True), parameters)
        assert 0.75 < kept_bytes(model, 4, 24) / whole < 1.25
    assert less < 0.3 * whole


def test_what_it_is_put_back_to():
    model = small()
    before = [layer.forward for layer in model.encoder.layer]
    with again(model, True):
        assert [layer.forward for layer in model.encoder.layer] != before
    assert [layer.forward for layer in model.encoder.layer] == before
    with torch.no_grad(), again(model, True):
        assert [layer.forward for layer in model.encoder.layer] == before


def test_short_texts_find_room_first(monkeypatch: pytest.MonkeyPatch):
    model = small()
    monkeypatch.setitem(recompute.ROOM, "cpu", kept_bytes(model, 4, 10) + kept_bytes(model, 2, 20))
    assert beyond(model, [(4, 10), (2, 20), (1, 30)], "cpu") == [False, False, True]
    assert beyond(model, [(4, 10), (1, 30)], "cpu") == [False, False]
    assert beyond(model, [(4, 10), (2, 20), (1, 30)], "cuda") == [False] * 3


def test_frozen_layers_and_unknown_models_count_nothing():
    model = small()
    whole = kept_bytes(model, 4, 10)
    model.encoder.layer[0].requires_grad_(False)
    assert kept_bytes(model, 4, 10) * 3 == whole * 2
    del model.encoder
    assert kept_bytes(model, 4, 10) == 0 and beyond(model, [(400, 1000)], "cpu") == [False]
