from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.base.errors import BenchError
from bench.encoders.encoder import Encoder, token_batches
from bench.encoders.load import load_encoder
from tests.tiny import SENTENCES, tiny_bert, write_encoder_json


def tokens(encoder: Encoder, text: str, kind: str = "query") -> list[str]:
    """Content tokens as strings."""
    [item] = encoder.tokenize([text], kind)
    return encoder.tokenizer.convert_ids_to_tokens([i for i, c in zip(item.ids, item.content, strict=True) if c])


def test_content_is_the_text_without_prefix_and_specials(encoder: Encoder) -> None:
    plain = encoder.tokenizer("the cat drinks milk", add_special_tokens=False)["input_ids"]
    for kind, prefix in (("query", "query: "), ("passage", "passage: ")):
        [item] = encoder.tokenize(["the cat drinks milk"], kind)
        assert [i for i, c in zip(item.ids, item.content, strict=True) if c] == plain
        whole = encoder.tokenizer(prefix + "the cat drinks milk")["input_ids"]
        assert item.ids == whole and len(whole) > len(plain) + 2


def test_a_text_that_repeats_the_prefix_keeps_its_own_words(encoder: Encoder) -> None:
    [item] = encoder.tokenize(["query: milk"])
    prefix = encoder.tokenizer("query:", add_special_tokens=False)["input_ids"]
    content = [i for i, c in zip(item.ids, item.content, strict=True) if c]
    assert content[: len(prefix)] == prefix and len(content) > len(prefix)


def test_unknown_characters_are_content(encoder: Encoder) -> None:
    assert len(tokens(encoder, "☃")) >= 1
    assert encoder.tokenizer.unk_token in tokens(encoder, "☃")


def test_a_text_without_content_keeps_a_vector(folders: dict) -> None:
    encoder = load_encoder(str(folders["bert"]))  # WordPiece leaves nothing of white space
    for text in ("", "  "):
        [item] = encoder.tokenize([text])
        assert item.content == [False] * (len(item) - 1) + [True]
    encoded = encoder.encode(["", "milk"])
    assert encoded.tokens.lengths.tolist() == [1, len(tokens(encoder, "milk"))]
    assert np.isfinite(encoded.tokens.vectors).all()


def test_texts_are_cut_to_the_length(encoder: Encoder) -> None:
    text = "cat " * 500
    assert [len(encoder.tokenize([text], max_length=n)[0]) for n in (12, 100)] == [12, 100]
    assert len(encoder.tokenize([text])[0]) == 64  # of encoder.json
    assert len(encoder.tokenize([text], max_length=10_000)[0]) == 128 == encoder.longest
    cut = encoder.tokenize([text], max_length=12)[0]
    assert not cut.content[-1] and cut.ids[-1] == encoder.tokenizer.sep_token_id
    assert encoder.encode([text], max_length=128).pooled.shape == (1, 32)  # positions suffice


def test_unknown_kind_names_the_allowed_ones(encoder: Encoder) -> None:
    with pytest.raises(BenchError, match="passage"):
        encoder.tokenize(["x"], "document")


def test_states_do_not_depend_on_padding_or_batch_mates(encoder: Encoder) -> None:
    items = encoder.tokenize(SENTENCES)
    with torch.no_grad():
        together, pooled = encoder.states(encoder.collate(items))
        for row, item in enumerate(items):
            alone, mean = encoder.states(encoder.collate([item]))
            assert torch.allclose(together[row, : len(item)], alone[0], atol=1e-5)
            assert torch.allclose(pooled[row], mean[0], atol=1e-5)
            assert torch.allclose(mean[0], alone[0].mean(0), atol=1e-6)


def test_encode_keeps_order_and_equals_states(encoder: Encoder) -> None:
    texts = [*SENTENCES, "", "milk", SENTENCES[0]]
    encoded = encoder.encode(texts, batch_tokens=40)
    assert len(encoded) == len(encoded.tokens) == len(texts)
    for i, item in enumerate(encoder.tokenize(texts)):
        batch = encoder.collate([item])
        with torch.no_grad():
            hidden, pooled = encoder.states(batch)
        assert np.allclose(encoded.pooled[i], pooled[0].numpy(), atol=1e-5)
        assert np.allclose(encoded.tokens[i], hidden[batch.content_mask].numpy(), atol=1e-5)
        assert encoded.token_ids(i).tolist() == [t for t, c in zip(item.ids, item.content, strict=True) if c]
    # different texts have different states: the comparison above is no comparison of constants
    assert np.abs(encoded.pooled[0] - encoded.pooled[1]).max() > 0.05


def test_encode_of_nothing(encoder: Encoder) -> None:
    encoded = encoder.encode([])
    assert encoded.pooled.shape == (0, 32) and len(encoded.tokens) == 0


def test_encode_is_without_dropout_and_gives_the_mode_back(encoder: Encoder) -> None:
    first = encoder.encode(SENTENCES).pooled
    encoder.model.train()
    assert np.array_equal(encoder.encode(SENTENCES).pooled, first)
    assert encoder.model.training


def test_states_carry_gradients(encoder: Encoder) -> None:
    hidden, pooled = encoder.states(encoder.collate(encoder.tokenize(SENTENCES[:3])))
    (hidden.sum() + pooled.square().sum()).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in encoder.model.parameters())


def test_float16_rows(encoder: Encoder) -> None:
    whole, half = encoder.encode(SENTENCES), encoder.encode(SENTENCES, dtype=np.float16)
    assert half.tokens.vectors.dtype == np.float16 and half.pooled.dtype == np.float32
    assert np.allclose(whole.tokens.vectors, half.tokens.vectors, atol=5e-3)


def test_progress_ends_at_one(encoder: Encoder) -> None:
    seen: list[float] = []
    encoder.encode(SENTENCES, batch_tokens=32, progress=seen.append)
    assert seen == sorted(seen) and len(seen) > 2 and seen[-1] == 1.0


def test_cls_pooling(tmp_path) -> None:
    write_encoder_json(tiny_bert(tmp_path / "m"), pooling="cls")
    encoder = load_encoder(str(tmp_path / "m"))
    with torch.no_grad():
        hidden, pooled = encoder.states(encoder.collate(encoder.tokenize(SENTENCES)))
    assert torch.equal(pooled, hidden[:, 0])


def test_token_batches_hold_every_text_once_within_the_budget() -> None:
    lengths = np.random.default_rng(0).integers(1, 90, 300).tolist() + [500]
    batches = token_batches(lengths, 256)
    assert sorted(i for batch in batches for i in batch) == list(range(301))
    for batch in batches:
        width = max(lengths[i] for i in batch)
        assert width * len(batch) <= 256 or len(batch) == 1
    padding = sum(max(lengths[i] for i in b) * len(b) for b in batches) / sum(lengths)
    assert padding < 1.1
