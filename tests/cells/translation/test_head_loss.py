import pytest
import torch
import torch.nn.functional as F
from torch import nn
from transformers import AutoModelForCausalLM, BertConfig, GPT2Config, XLMRobertaConfig

from bench.cells.translation.head_loss import ROWS, cross_entropy, output_layer, without

N, D, V = 2 * ROWS + 7, 8, 50  # more than two parts, the last one short


@pytest.mark.parametrize("bias", [True, False])
def test_loss_and_gradients_are_those_of_torch(bias: bool):
    torch.manual_seed(0)
    x, target, head = torch.randn(N, D, requires_grad=True), torch.randint(V, (N,)), nn.Linear(D, V, bias=bias)
    found = []
    for loss in (cross_entropy(x, head, target), F.cross_entropy(head(x), target)):
        (3 * loss).backward()
        found.append([loss.detach(), *(one.grad.clone() for one in (x, *head.parameters()))])
        for one in (x, *head.parameters()):
            one.grad = None
    torch.testing.assert_close(*found)


def test_in_bfloat16_it_is_no_worse_than_torch():
    torch.manual_seed(0)
    x, target, head = torch.randn(N, D), torch.randint(V, (N,)), nn.Linear(D, V)
    exact = F.cross_entropy(head(x), target)
    head.bfloat16()
    small = x.bfloat16().requires_grad_(True)
    loss = cross_entropy(small, head, target)
    loss.backward()
    assert loss.dtype == torch.float32 and abs(loss - exact) < 0.01
    assert small.grad is not None and small.grad.dtype == torch.bfloat16


def test_the_layer_of_decoders_that_end_with_it():
    small = {"vocab_size": V, "hidden_size": D, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    for config in (BertConfig(is_decoder=True, **small), XLMRobertaConfig(is_decoder=True, **small)):
        decoder = AutoModelForCausalLM.from_config(config).eval()
        layer, ids = output_layer(decoder), torch.tensor([[3, 4, 5]])
        assert layer is not None
        logits = decoder(input_ids=ids).logits
        with without(layer):
            before = decoder(input_ids=ids).logits
        assert before.shape == (1, 3, D)
        torch.testing.assert_close(layer(before), logits)
    other = AutoModelForCausalLM.from_config(GPT2Config(vocab_size=V, n_embd=D, n_layer=1, n_head=2))
    assert output_layer(other) is None
