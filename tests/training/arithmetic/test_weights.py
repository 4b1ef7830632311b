import copy

import torch
from torch import nn

from bench.training.arithmetic.weights import Weights


def net() -> nn.Sequential:
    torch.manual_seed(0)
    made = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))
    made.register_buffer("frequencies", torch.tensor([1 / 3]))
    made[0].bias.requires_grad_(False)
    return made


def test_training_agrees_with_autocast_to_the_noise_of_bfloat16():
    x, y = (torch.randn(64, n, generator=torch.Generator().manual_seed(n)) for n in (8, 4))
    losses = []
    for rounded in (True, False):
        model = net()
        weights = Weights(model, torch.bfloat16 if rounded else None)
        optimizer = torch.optim.AdamW(weights.masters, lr=1e-2)
        found = []
        for _ in range(60):
            with torch.autocast("cpu", torch.bfloat16, enabled=not rounded):
                loss = (model(x.bfloat16() if rounded else x).float() - y).square().mean()
            loss.backward()
            weights.collect()
            optimizer.step()
            optimizer.zero_grad()
            weights.publish()
            found.append(loss.item())
        weights.restore()
        losses.append(torch.tensor(found))
    assert losses[0][-1] < 0.8 * losses[0][0]
    torch.testing.assert_close(*losses, rtol=5e-3, atol=0)


def test_small_steps_are_not_lost():
    """One that rounds away in bfloat16 adds up in the masters."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    weights = Weights(model, torch.bfloat16)
    for _ in range(100):
        weights.masters[0].data += 1e-3
        weights.publish()
    assert abs(model.weight.item() - 1.1) < 0.005
    weights.restore()
    assert model.weight.dtype == torch.float32 and abs(model.weight.item() - 1.1) < 1e-5


def test_what_is_not_trained_comes_back_bit_for_bit():
    model, before = net(), copy.deepcopy(net().state_dict())
    weights = Weights(model, torch.bfloat16)
    assert model[0].weight.dtype == model[0].bias.dtype == torch.bfloat16
    assert model.frequencies.dtype == torch.float32
    assert len(weights.working) == len(weights.masters) == 3
    weights.restore()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_in_float32_the_parameters_are_the_masters():
    model = net()
    weights = Weights(model, None)
    assert all(p is m for p, m in zip(weights.working, weights.masters, strict=True))
    model(torch.ones(1, 8)).sum().backward()
    weights.collect()
    assert all(m.grad is not None for m in weights.masters)
