import itertools
from collections.abc import Callable

import pytest
import torch
from transformers import BertConfig, BertModel

from bench.training.arithmetic import recompute
from bench.training.arithmetic.attention import attention
from bench.training.arithmetic.recompute import again, beyond, kept_bytes, made_room


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
@pytest.mark.parametrize("count", [1, 3])
def test_gradients_are_the_same_to_the_last_bit(dtype: torch.dtype, count: int):
    found = []
    for once_more in (0, count):
        model = small().to(dtype)
        with attention(model, "cpu"), again(model, once_more):
            states = passed(model)
            states.float().square().sum().backward()
        found.append([p.grad for p in model.parameters() if p.grad is not None])
    assert len(found[0]) == len(found[1]) > 40
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_layers_keep_what_goes_into_them_and_nothing_more():
    model = small()
    parameters = {p.untyped_storage().data_ptr() for p in model.parameters()}

    def run(count: int) -> torch.Tensor:
        with again(model, count):
            return passed(model)

    with attention(model, "cpu"):
        whole, two, one, none = (kept(lambda count=count: run(count), parameters) for count in range(4))
        assert 0.8 < kept_bytes(model, 4, 24) / whole < 1.25
    assert whole > two > one > none and none < 0.2 * whole
    assert (whole - two) == pytest.approx(two - one, rel=0.1)


def test_the_others_find_room(monkeypatch: pytest.MonkeyPatch):
    model = small(8)
    parameters = {p.untyped_storage().data_ptr() for p in model.parameters()}
    for share in (0.9, 0.5, 0.3):
        monkeypatch.setitem(recompute.ROOM, "cpu", int(share * kept_bytes(model, 4, 24)))
        count = beyond(model, [(1, 24), (3, 24)], "cpu")

        def run(count: int = count) -> torch.Tensor:
            with again(model, count):
                return passed(model)

        with attention(model, "cpu"):
            # Besides, one layer of the larger group is there when it is computed again.
            assert 0.6 < (kept(run, parameters) + kept_bytes(model, 3, 24) / 8) / recompute.ROOM["cpu"] < 1.2
        assert 0 < count < 8 and beyond(model, [(4, 24)], "cuda") == 0
    monkeypatch.setitem(recompute.ROOM, "cpu", 1)
    assert beyond(model, [(4, 24)], "cpu") == 8  # all there are
    monkeypatch.setitem(recompute.ROOM, "cpu", kept_bytes(model, 4, 24))
    assert beyond(model, [(4, 24)], "cpu") == 0


def test_idle_memory_is_given_back_before_large_steps(monkeypatch: pytest.MonkeyPatch):
    model, given_back = small(), []
    monkeypatch.setattr(recompute, "give_back", lambda: given_back.append(1))
    monkeypatch.setattr(recompute, "_large", itertools.count())
    monkeypatch.setattr(recompute, "EVERY", 2)
    monkeypatch.setitem(recompute.ROOM, "cpu", kept_bytes(model, 8, 24))
    assert made_room(model, [(2, 24)], "cpu") == made_room(model, [(90, 24)], "cuda") == 0 and not given_back
    assert made_room(model, [(2, 24), (3, 24)], "cpu") == 0 and len(given_back) == 1
    assert made_room(model, [(2, 24), (3, 24)], "cpu") == 0 and len(given_back) == 1
    assert made_room(model, [(9, 24)], "cpu") > 0 and len(given_back) == 2


def test_layers_are_put_back():
    model = small()
    before = [layer.forward for layer in model.encoder.layer]
    with again(model, 2):
        changed = [layer.forward != own for layer, own in zip(model.encoder.layer, before, strict=True)]
        assert changed == [True, True, False]
    assert [layer.forward for layer in model.encoder.layer] == before
    with torch.no_grad(), again(model, 2):
        assert [layer.forward for layer in model.encoder.layer] == before


def test_frozen_layers_and_unknown_models_count_nothing():
    model = small()
    whole = kept_bytes(model, 4, 10)
    model.encoder.layer[0].requires_grad_(False)
    assert kept_bytes(model, 4, 10) * 3 == whole * 2
    with again(model, 1):
        assert "forward" not in vars(model.encoder.layer[0]) and "forward" in vars(model.encoder.layer[1])
    del model.encoder
    assert kept_bytes(model, 4, 10) == 0 and beyond(model, [(400, 1000)], "cpu") == 0
