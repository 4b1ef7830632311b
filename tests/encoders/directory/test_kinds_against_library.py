"""Tokenizers and architectures of many kinds, held against sentence-transformers: the same vectors, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sentence_transformers as st

from bench.base.errors import BenchError
from bench.encoders.load import load_encoder
from tests.encoders.directory.made import bytes_bpe, edit, pooling, saved
from tests.encoders.directory.made_tokenizers import (
    added_and_resized,
    architecture,
    as_the_hub_keeps_it,
    in_a_folder_of_its_own,
    kept_settings,
    merges_alone,
    nfkc,
    of_bytes,
    of_characters,
    trained,
    vocabulary_alone,
    with_tokenizer,
    words_in_lower_case,
)  # fmt: skip
from tests.encoders.directory.test_against_library import cosine, shards
from tests.tiny import SENTENCES, tiny_bert, tiny_xlmr

# Cases, accents, ligatures, wide letters, emoji, tabs, unknown scripts, nothing, and more than fits.
TEXTS = [*SENTENCES, "The CAT Drinks", "mèo UỐNG sữa", "ﬁne ＡＢＣ", "🦁 lion\tand\nbread", "ᏣᎳᎩ", "", " ", "milk " * 100]


def st_folder(start: Callable[[Path], Path], *behind, then=()) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        saved(folder, *(behind or (pooling(),)), start=start)
        for change in then:
            change(folder)
        return folder

    return make


SAME: dict[str, Callable[[Path], Path]] = {
    "vocab.txt alone": vocabulary_alone,
    "vocab.json and merges.txt alone": merges_alone,
    "bytes (ByT5)": of_bytes,
    "whole words": with_tokenizer(trained("WordLevel", "WordLevelTrainer")),
    "word pieces, uncased": with_tokenizer(trained("WordPiece", "WordPieceTrainer", words_in_lower_case)),
    "BPE with ends of words": with_tokenizer(trained("BPE", "BpeTrainer", end_of_word_suffix="</w>")),
    "unigram after NFKC": with_tokenizer(trained("Unigram", "UnigramTrainer", nfkc)),
    "types of tokens, all 0": with_tokenizer(
        trained("WordPiece", "WordPieceTrainer"), model_input_names=["input_ids", "token_type_ids", "attention_mask"]),
    "cuts on the left": with_tokenizer(trained("WordPiece", "WordPieceTrainer"), truncation_side="left"),
    "tokens added, with rows": added_and_resized,
    "cuts and pads by itself": kept_settings,
    "cuts and pads by itself, with modules": st_folder(kept_settings),
    "DistilBERT": architecture("distilbert", dim=32, hidden_dim=64, n_layers=2, n_heads=2),
    "MPNet": architecture("mpnet", start=tiny_xlmr),
    "ALBERT": architecture("albert", embedding_size=16),
    "ELECTRA": architecture("electra", embedding_size=16),
    "DeBERTa": architecture("deberta-v2", relative_attention=True, pos_att_type=["p2c", "c2p"]),
    "ModernBERT": architecture("modernbert"),
    "GPT-2, last token": st_folder(architecture("gpt2", start=bytes_bpe, n_embd=32, n_layer=2, n_head=2), pooling("lasttoken")),
    "Qwen, padded on the left": st_folder(
        architecture("qwen2", start=bytes_bpe, num_key_value_heads=2), pooling("lasttoken"),
        then=[edit("tokenizer_config.json", padding_side="left")]),
    "links into the hub's cache": as_the_hub_keeps_it(st_folder(tiny_bert)),
    "shards as links": as_the_hub_keeps_it(st_folder(tiny_bert, then=[shards])),
    "a folder of the transformer's own": in_a_folder_of_its_own(st_folder(tiny_bert)),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_the_vectors_are_those_of_the_library(tmp_path: Path, name: str) -> None:
    folder = SAME[name](tmp_path / "m")
    library, encoder = st.SentenceTransformer(str(folder), device="cpu"), load_encoder(str(folder))
    for kind, call in (("query", library.encode_query), ("passage", library.encode_document)):
        expected, found = np.asarray(call(TEXTS), dtype=np.float32), encoder.encode(TEXTS, kind).pooled
        assert cosine(expected, found) > 1 - 1e-4, kind


def test_a_model_without_a_table_of_tokens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"canine. has no table with a row for each token"):
        load_encoder(str(of_characters(tmp_path / "m")))
