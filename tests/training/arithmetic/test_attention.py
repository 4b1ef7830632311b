import torch
from transformers import BertConfig, BertModel

from bench.training.arithmetic.attention import attention


def small(**settings) -> BertModel:
    return BertModel(BertConfig(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
                                **settings))  # fmt: skip


def test_a_model_trains_with_what_is_fast_and_is_put_back():
    model = small()
    assert model.config._attn_implementation == "sdpa"
    with attention(model, "cpu") as used:
        assert used == model.config._attn_implementation == "eager"
    assert model.config._attn_implementation == "sdpa"
    with attention(small(attn_implementation="eager"), "cuda") as used:
        assert used == "sdpa"


def test_both_attentions_give_the_same_states():
    model, ids = small().eval(), torch.tensor([[3, 4, 5, 1]])
    mask = torch.tensor([[1, 1, 1, 0]])
    before = model(input_ids=ids, attention_mask=mask).last_hidden_state
    with attention(model, "cpu"):
        after = model(input_ids=ids, attention_mask=mask).last_hidden_state
    torch.testing.assert_close(before[:, :3], after[:, :3], rtol=1e-5, atol=1e-6)


def test_what_is_no_transformer_stays_as_it_is():
    with attention(torch.nn.Linear(2, 2), "cpu") as used:
        assert used == "its own"
