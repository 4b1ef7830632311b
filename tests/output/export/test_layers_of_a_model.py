"""Layers that a model brings along are exported in their order, or the export is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sentence_transformers as st
import torch

from bench.base.errors import BenchError
from bench.encoders.load import load_encoder
from bench.encoders.space import Centring, Space
from bench.output.export import layout, prefixes
from tests.encoders.directory.made import dense, normalize, pooling, saved
from tests.tiny import SENTENCES

TOKENS = {"module_input_name": "token_embeddings", "module_output_name": "token_embeddings"}


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.mark.parametrize("behind", [
    (pooling("max"), normalize(), dense()), (pooling("weightedmean"),),
    (pooling("lasttoken"), dense(out=24), normalize(), dense(24, 16, torch.nn.Identity)),
])  # fmt: skip
def test_what_is_exported_gives_the_centred_vectors_of_the_model(tmp_path: Path, behind: tuple) -> None:
    encoder = load_encoder(str(saved(tmp_path / "m", *behind, whole={"prompts": {"query": "who ", "document": ""}})))
    rng = np.random.default_rng(0)
    centring = Centring(rng.normal(size=encoder.dim).astype(np.float32) / 10, np.zeros((encoder.dim, 0), dtype=np.float32))
    layout.write(tmp_path / "out", encoder, prefixes.mark(encoder), Space(centring, centring), "query")
    library = st.SentenceTransformer(str(tmp_path / "out" / "dense"), device="cpu")
    expected = centring(encoder.encode(SENTENCES[:6]).pooled)
    assert np.abs(unit(library.encode_query(list(SENTENCES[:6]))) - expected).max() < 1e-4
    again = load_encoder(str(tmp_path / "out"))
    assert np.abs(again.encode(SENTENCES[:6]).pooled - encoder.encode(SENTENCES[:6]).pooled).max() < 1e-5


def test_a_model_that_pools_changed_tokens_is_not_exported(tmp_path: Path) -> None:
    encoder = load_encoder(str(saved(tmp_path / "m", dense(out=32, **TOKENS), pooling())))
    centring = Centring(np.zeros(32, dtype=np.float32), np.zeros((32, 0), dtype=np.float32))
    with pytest.raises(BenchError, match="before it pools them"):
        layout.write(tmp_path / "out", encoder, prefixes.mark(encoder), Space(centring, centring), "query")
