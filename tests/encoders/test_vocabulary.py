from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.base.errors import BenchError
from bench.encoders.encoder import Encoder
from bench.encoders.vocabulary import restore, trim, used_ids
from tests.tiny import SENTENCES

USED = list(SENTENCES[:8])
UNSEEN = SENTENCES[-1]


def test_states_of_kept_tokens_are_those_of_the_full_encoder(encoder: Encoder) -> None:
    trimmed = trim(encoder, USED)
    rows = encoder.model.get_input_embeddings().num_embeddings
    assert len(trimmed.kept_ids) == trimmed.model.get_input_embeddings().num_embeddings < rows
    for kind in ("query", "passage"):
        full, small = encoder.encode(USED, kind), trimmed.encode(USED, kind)
        assert np.array_equal(full.pooled, small.pooled)
        assert np.array_equal(full.tokens.vectors, small.tokens.vectors)
        assert np.array_equal(full.ids, small.ids)  # ids stay those of the tokenizer


def test_the_full_encoder_is_left_alone(encoder: Encoder) -> None:
    before = encoder.encode(SENTENCES).pooled
    trimmed = trim(encoder, USED)
    with torch.no_grad():
        for parameter in trimmed.model.parameters():
            parameter.add_(1.0)
    assert np.array_equal(encoder.encode(SENTENCES).pooled, before)


def test_unseen_tokens_are_read_as_unknown(encoder: Encoder) -> None:
    trimmed = trim(encoder, USED)
    kept = set(trimmed.kept_ids.tolist())
    [item] = trimmed.tokenize([UNSEEN])
    assert any(i not in kept for i in item.ids)
    rows = trimmed.collate([item]).input_ids[0]
    unknown = trimmed.kept_ids.tolist().index(encoder.tokenizer.unk_token_id)
    for token, row in zip(item.ids, rows.tolist(), strict=True):
        assert row == (trimmed.kept_ids.tolist().index(token) if token in kept else unknown)
    assert np.isfinite(trimmed.encode([UNSEEN]).pooled).all()


def test_padding_keeps_its_row(encoder: Encoder) -> None:
    """XLM-R counts positions from the padding row: moved, every position would be wrong in padded batches."""
    trimmed = trim(encoder, np.array([20, 30], dtype=np.int64))
    assert trimmed.id_map is not None
    assert trimmed.id_map[encoder.tokenizer.pad_token_id] == encoder.model.config.pad_token_id


def test_restore_puts_trained_rows_back(encoder: Encoder) -> None:
    trimmed = trim(encoder, USED)
    trimmed.model.requires_grad_(True)
    optimiser = torch.optim.SGD(trimmed.model.parameters(), lr=0.5)
    for _ in range(3):
        optimiser.zero_grad()
        trimmed.states(trimmed.collate(trimmed.tokenize(USED)))[1].square().sum().backward()
        optimiser.step()
    trained = trimmed.encode(USED)
    assert not np.allclose(trained.pooled, encoder.encode(USED).pooled, atol=1e-3)

    table = encoder.model.get_input_embeddings().weight.detach().clone()
    whole = restore(trimmed, encoder)
    assert whole.kept_ids is None and whole.id_map is None
    assert np.array_equal(whole.encode(USED).pooled, trained.pooled)
    rows = whole.model.get_input_embeddings().weight.detach()
    kept = trimmed.kept_ids
    rest = torch.ones(len(table), dtype=torch.bool)
    rest[kept] = False
    assert torch.equal(rows[rest], table[rest])
    assert torch.equal(rows[kept], trimmed.model.get_input_embeddings().weight)
    assert not torch.equal(rows[kept], table[kept])
    assert whole.model.config.vocab_size == len(table)
    assert torch.equal(encoder.model.get_input_embeddings().weight, table)


def test_restored_encoder_can_be_saved_and_loaded(encoder: Encoder, tmp_path) -> None:
    from transformers import AutoModel

    whole = restore(trim(encoder, USED), encoder)
    whole.model.save_pretrained(tmp_path / "out")
    again = AutoModel.from_pretrained(tmp_path / "out", add_pooling_layer=False)
    assert torch.equal(again.get_input_embeddings().weight, encoder.model.get_input_embeddings().weight)


def test_used_ids_cover_texts_prefixes_and_specials_and_are_remembered(encoder: Encoder) -> None:
    ids = used_ids(encoder, USED)
    assert ids.tolist() == sorted(set(ids.tolist()))
    for kind in ("query", "passage"):
        assert {i for item in encoder.tokenize([USED[0]], kind) for i in item.ids} <= set(ids.tolist())
    assert set(encoder.tokenizer.all_special_ids) <= set(ids.tolist())
    encoder.tokenizer = _Remembered(encoder.tokenizer)
    assert np.array_equal(used_ids(encoder, USED), ids)
    with pytest.raises(RuntimeError):
        used_ids(encoder, [*USED, UNSEEN])


class _Remembered:
    """A tokenizer that is not called again, or its backend."""

    def __init__(self, tokenizer) -> None:
        self._tokenizer = tokenizer

    def __getattr__(self, name: str):
        found = getattr(self._tokenizer, name)
        return _Remembered(found) if name == "backend_tokenizer" else found

    def __call__(self, *_, **__):
        raise RuntimeError("tokenised again")

    encode_batch_fast = __call__


def test_trimming_twice_and_restoring_what_is_whole_are_refused(encoder: Encoder, folders) -> None:
    trimmed = trim(encoder, USED)
    with pytest.raises(BenchError, match="trimmed already"):
        trim(trimmed, USED)
    with pytest.raises(BenchError, match="not trimmed"):
        restore(encoder, encoder)
    with pytest.raises(BenchError, match="rows"):
        restore(trimmed, trim(encoder, USED[:1]))
