import itertools
from collections.abc import Callable

import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from transformers import BertConfig, BertModel

from bench.training.arithmetic import recompute
from bench.training.arithmetic.attention import attention
from bench.training.arithmetic.recompute import Spared, again, beyond, kept_bytes, made_room


def small(layers: int = 3) -> BertModel:
    torch.manual_seed(0)
    return BertModel(BertConfig(vocab_size=20, hidden_size=64, num_hidden_layers=layers, num_attention_heads=4,
                                intermediate_size=256), add_pooling_layer=False).eval()  # fmt: skip


def passed(model: BertModel, rows: int = 4, width: int = 24) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(3, 20, (rows, width), generator=generator)
    return model(input_ids=ids, attention_mask=(torch.arange(width) < width - 2).expand(rows, -1).long()).last_hidden_state


def kept(run: Callable[[], torch.Tensor]) -> int:
    """Bytes that are there after a forward pass and were not before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as seen:
        held = run()
    del held
    return sum(event.self_cpu_memory_usage for event in seen.key_averages())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("spared", [Spared(1), Spared(3), Spared(3, 1), Spared(3, 3)])
def test_gradients_are_the_same_to_the_last_bit(dtype: torch.dtype, spared: Spared):
    found = []
    for which in (Spared(), spared):
        model = small().to(dtype)
        with attention(model, "cpu"), again(model, which):
            states = passed(model)
            states.float().square().sum().backward()
        found.append([p.grad for p in model.parameters() if p.grad is not None])
    assert len(found[0]) == len(found[1]) > 40
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_layers_keep_what_goes_into_them_or_their_products_too():
    model = small()

    def run(*spared: int) -> int:
        with again(model, Spared(*spared)):
            return kept(lambda: passed(model))

    with attention(model, "cpu"):
        passed(model)  # what is made once is there
        whole, *products = (run(count) for count in range(4))
        *nothing, none = (run(3, count) for count in range(1, 4))
        assert 0.8 < kept_bytes(model, 4, 24) / whole < 1.25
    assert whole > products[0] > products[1] > products[2] > nothing[0] > nothing[1] > none
    assert products[2] < 0.65 * whole and none < 0.2 * whole
    assert (whole - products[0]) == pytest.approx(products[0] - products[1], rel=0.1)


def test_the_others_find_room(monkeypatch: pytest.MonkeyPatch):
    model, found = small(8), []
    for share in (0.9, 0.7, 0.4, 0.3):
        monkeypatch.setitem(recompute.ROOM, "cpu", int(share * kept_bytes(model, 4, 24)))
        spared = beyond(model, [(1, 24), (3, 24)], "cpu")
        found.append(spared)
        with attention(model, "cpu"), again(model, spared):
            passed(model)
            # Besides, one layer of the larger group is there when it is computed again.
            assert 0.6 < (kept(lambda: passed(model)) + kept_bytes(model, 3, 24) / 8) / recompute.ROOM["cpu"] < 1.2
        assert beyond(model, [(4, 24)], "cuda") == Spared()
    assert found == sorted(found) and found[0].nothing == found[1].nothing == 0 < found[0].products < found[1].products < 8
    assert found[2].products == found[3].products == 8 and 0 < found[2].nothing < found[3].nothing < 8
    monkeypatch.setitem(recompute.ROOM, "cpu", 1)
    assert beyond(model, [(4, 24)], "cpu") == Spared(8, 8)  # all there are
    monkeypatch.setitem(recompute.ROOM, "cpu", kept_bytes(model, 4, 24))
    assert beyond(model, [(4, 24)], "cpu") == Spared()


def test_idle_memory_is_given_back_before_large_steps(monkeypatch: pytest.MonkeyPatch):
    model, given_back = small(), []
    monkeypatch.setattr(recompute, "give_back", lambda: given_back.append(1))
    monkeypatch.setattr(recompute, "_large", itertools.count())
    monkeypatch.setattr(recompute, "EVERY", 2)
    monkeypatch.setitem(recompute.ROOM, "cpu", kept_bytes(model, 8, 24))
    assert made_room(model, [(2, 24)], "cpu") == made_room(model, [(90, 24)], "cuda") == Spared() and not given_back
    assert made_room(model, [(2, 24), (3, 24)], "cpu") == Spared() and len(given_back) == 1
    assert made_room(model, [(2, 24), (3, 24)], "cpu") == Spared() and len(given_back) == 1
    assert made_room(model, [(9, 24)], "cpu").products > 0 and len(given_back) == 2


def test_layers_are_put_back():
    model = small()
    before = [layer.forward for layer in model.encoder.layer]
    with again(model, Spared(2, 1)):
        changed = [layer.forward != own for layer, own in zip(model.encoder.layer, before, strict=True)]
        assert changed == [True, True, False]
    assert [layer.forward for layer in model.encoder.layer] == before
    with torch.no_grad(), again(model, Spared(2, 1)):
        assert [layer.forward for layer in model.encoder.layer] == before


def test_frozen_layers_and_unknown_models_count_nothing():
    model = small()
    whole = kept_bytes(model, 4, 10)
    model.encoder.layer[0].requires_grad_(False)
    assert kept_bytes(model, 4, 10) * 3 == whole * 2
    with again(model, Spared(1)):
        assert "forward" not in vars(model.encoder.layer[0]) and "forward" in vars(model.encoder.layer[1])
    del model.encoder
    assert kept_bytes(model, 4, 10) == 0 and beyond(model, [(400, 1000)], "cpu") == Spared()
