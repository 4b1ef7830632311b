"""Vectors of made directories, held against those of sentence-transformers: the same, or the directory is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sentence_transformers as st
import torch
from sentence_transformers.sentence_transformer.modules import Dropout, LayerNorm, WeightedLayerPooling

from bench.base.errors import BenchError
from bench.encoders.load import load_encoder
from tests.encoders.directory.made import (
    CONFIG,
    bytes_bpe,
    decoder,
    dense,
    edit,
    normalize,
    pooling,
    saved,
    sentencepiece,
    t5,
    write,
)  # fmt: skip
from tests.tiny import SENTENCES, tiny_bert, tiny_xlmr

TEXTS = [*SENTENCES[:8], "The CAT Drinks", "cat", "milk " * 100]
TOKENS = {"module_input_name": "token_embeddings", "module_output_name": "token_embeddings"}
Make = Callable[[Path], Path]


def made(*behind, then=(), **more) -> Make:
    def make(folder: Path) -> Path:
        saved(folder, *behind, **more)
        for change in then:
            change(folder)
        return folder

    return make


def bare(start: Make, *then) -> Make:
    def make(folder: Path) -> Path:
        start(folder)
        for change in then:
            change(folder)
        return folder

    return make


def shards(folder: Path) -> None:
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder, add_pooling_layer=False)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 2


def stored_as(kind: torch.dtype):
    def change(folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        tensors = load_file(folder / "model.safetensors")
        halves = {name: x.to(kind) for name, x in tensors.items()}
        save_file(halves, folder / "model.safetensors", metadata={"format": "pt"})
        edit("config.json", dtype=str(kind).removeprefix("torch."))(folder)

    return change


SAME: dict[str, Make] = {
    "mean": made(pooling()),
    "cls": made(pooling("cls")),
    "max": made(pooling("max")),
    "mean_sqrt_len_tokens": made(pooling("mean_sqrt_len_tokens")),
    "weightedmean": made(pooling("weightedmean")),
    "lasttoken": made(pooling("lasttoken")),
    "old names of poolings": made(pooling(), then=[edit(
        "1_Pooling/config.json", pooling_mode=..., embedding_dimension=..., include_prompt=..., word_embedding_dimension=32,
        pooling_mode_cls_token=False, pooling_mode_max_tokens=True, pooling_mode_mean_tokens=False)]),
    "no pooling named": made(pooling("max"), then=[edit("1_Pooling/config.json", pooling_mode=...)]),
    "prompt not pooled, and none there": made(pooling(include_prompt=False)),
    "normalize": made(pooling(), normalize()),
    "dense": made(pooling(), dense()),
    "dense, normalize": made(pooling(), dense(), normalize()),
    "normalize before dense": made(pooling(), normalize(), dense()),
    "normalize between two dense": made(pooling("cls"), dense(out=24), normalize(), dense(24, 8, torch.nn.GELU), normalize()),
    "two dense": made(pooling(), dense(out=40, activation=torch.nn.ReLU), dense(40, 8, torch.nn.Identity, bias=False)),
    "residual": made(pooling(), dense(use_residual=True), dense(16, 16, use_residual=True)),
    "dropout": made(pooling(), lambda: Dropout(0.5), dense()),
    "dense on tokens before the pooling": made(dense(**TOKENS), pooling(width=16)),
    "normalize on tokens before the pooling": made(normalize(**TOKENS), pooling("mean")),
    "dense, normalize on tokens, pooling, dense": made(
        dense(out=32, **TOKENS), normalize(**TOKENS), pooling("max"), normalize(), dense()),
    "sentence-level normalize before the pooling": made(normalize(), pooling()),
    "truncate_dim": made(pooling(), whole={"truncate_dim": 12}),
    "truncate_dim behind layers": made(pooling(), normalize(), dense(), normalize(), whole={"truncate_dim": 6}),
    "truncate_dim wider than it is": made(pooling(), whole={"truncate_dim": 64}),
    "prompts": made(pooling(), whole={"prompts": {"query": "who drinks: ", "document": "a book: "}}),
    "prompt of documents alone": made(pooling(), whole={"prompts": {"document": "water "}}),
    "prompts with a default": made(
        pooling(), whole={"prompts": {"query": "who ", "document": "a "}, "default_prompt_name": "query"}),
    "passage beside document": made(pooling(), whole={"prompts": {"query": "who ", "document": "", "passage": "the book "}}),
    "dot product of unit vectors": made(pooling(), normalize(), whole={"similarity_fn_name": "dot"}),
    "euclidean distance of unit vectors": made(pooling(), normalize(), whole={"similarity_fn_name": "euclidean"}),
    "max_seq_length": made(pooling(), then=[edit("sentence_bert_config.json", max_seq_length=7)]),
    "max_seq_length beyond the tokenizer's": made(pooling(), then=[
        edit("tokenizer_config.json", model_max_length=9), edit("sentence_bert_config.json", max_seq_length=50)]),
    "length in the tokenizer": made(pooling(), then=[edit("tokenizer_config.json", model_max_length=9)]),
    "length of documents and of queries": made(pooling(), then=[
        edit("sentence_bert_config.json", query_length=6, document_length=30)]),
    "files of an older release": made(pooling(), then=[
        lambda folder: write(folder / "sentence_bert_config.json", {"max_seq_length": 20, "do_lower_case": False})]),
    "do_lower_case": made(pooling(), then=[edit("sentence_bert_config.json", do_lower_case=True)]),
    "XLM-RoBERTa": made(pooling(), start=sentencepiece, then=[edit("sentence_bert_config.json", max_seq_length=38)]),
    "byte-level BPE": made(pooling(), start=bytes_bpe, then=[edit("sentence_bert_config.json", max_seq_length=60)]),
    "encoder of T5": made(pooling(), start=t5),
    "encoder of a whole T5": made(pooling(), start=lambda folder: t5(folder, whole=True)),
    "decoder": made(pooling("lasttoken"), start=decoder),
    "decoder, weighted mean": made(pooling("weightedmean"), start=decoder),
    "bare transformer": bare(tiny_bert),
    "bare T5": bare(t5),
    "bare causal language model": bare(decoder),
    "bare, shards": bare(tiny_bert, shards),
    "shards": made(pooling(), then=[shards]),
    "weights of 16 bits": made(pooling(), then=[stored_as(torch.float16)]),
    "weights in bfloat16": bare(tiny_bert, stored_as(torch.bfloat16)),
}  # fmt: skip


def with_layer(kind: str, **config):
    """Lists one more module, with a config."""

    def change(folder: Path) -> None:
        listed = json.loads((folder / "modules.json").read_text())
        place = f"{len(listed)}_{kind.rpartition('.')[2]}"
        listed.append({"idx": len(listed), "name": str(len(listed)), "path": place, "type": kind})
        write(folder / "modules.json", listed)
        write(folder / place / "config.json", config)

    return change


def listing(change):
    """Changes the list of modules."""

    def changed(folder: Path) -> None:
        listed = json.loads((folder / "modules.json").read_text())
        write(folder / "modules.json", change(listed) or listed)

    return changed


OWN = "sentence_transformers.sentence_transformer.modules."
REFUSED: dict[str, tuple[Make, str]] = {
    **{f"layer {kind}": (made(pooling(), then=[with_layer(OWN + kind)]), f"has a {kind} layer behind its transformer")
       for kind in ("CNN", "LSTM", "BoW", "WordEmbeddings", "StaticEmbedding", "Router", "Asym", "CLIPModel", "WordWeights")},
    "LayerNorm": (made(pooling(), lambda: LayerNorm(32)), "has a LayerNorm layer"),
    "WeightedLayerPooling": (made(lambda: WeightedLayerPooling(32, 2, 1), pooling()), "has a WeightedLayerPooling layer"),
    "module of its own": (made(pooling(), then=[with_layer("custom_st.Transformer")]), "custom_st.Transformer"),
    "module called like ours": (made(pooling(), then=[with_layer("modeling.Normalize")]), "modeling.Normalize"),
    "module that wants arguments": (made(pooling(), then=[listing(lambda all: all[0].update(kwargs=["task"]))]), "task"),
    "two modules of one name": (
        made(pooling(), normalize(), then=[listing(lambda all: all[2].update(name="1"))]), "the name '1'"),
    "pooling first": (made(pooling(), then=[listing(lambda all: all[::-1])]), "Pooling, Transformer"),
    "no pooling": (made(pooling(), then=[listing(lambda all: all[:1])]), "0 pooling layers"),
    "two poolings": (made(pooling(), pooling("cls")), "2 pooling layers"),
    "two poolings in one vector": (made(pooling(("cls", "mean"))), "cls and mean in one vector"),
    "unknown pooling": (made(pooling(), then=[edit("1_Pooling/config.json", pooling_mode="median")]), "median"),
    "unknown key of the pooling": (made(pooling(), then=[edit("1_Pooling/config.json", window=3)]), "key 'window'"),
    "prompt not pooled": (made(pooling(include_prompt=False), whole={"prompts": {"query": "q "}}), "without the prompt"),
    "dense with an unknown key": (made(pooling(), dense(), then=[edit("2_Dense/config.json", scale=2)]), "key 'scale'"),
    "dense to another place": (made(pooling(), dense(module_output_name="other")), "to other"),
    "dense before the pooling": (made(dense(out=32), pooling()), "before the pooling"),
    "dense with an activation of its own": (
        made(pooling(), dense(), then=[edit("2_Dense/config.json", activation_function="own.Tanh")]), "own.Tanh"),
    "dense with an activation that is not known": (made(pooling(), dense(activation=torch.nn.LeakyReLU)), "LeakyReLU"),
    "dense whose bias is not there": (made(pooling(), dense(bias=False), then=[edit("2_Dense/config.json", bias=True)]), "bias"),
    "dense of another width": (made(pooling(), dense(), then=[edit("2_Dense/config.json", in_features=31)]), "in_features"),
    "unknown key of the whole": (made(pooling(), then=[edit(CONFIG, quantize="int8")]), "key 'quantize'"),
    "unknown key of the transformer": (made(pooling(), then=[edit("sentence_bert_config.json", stride=2)]), "key 'stride'"),
    "arguments for the model": (
        made(pooling(), then=[edit("sentence_bert_config.json", model_args={"rope_scaling": 2})]), "rope_scaling"),
    "output other than the last states": (made(pooling(), then=[edit("sentence_bert_config.json", modality_config={
        "text": {"method": "forward", "method_output_name": "pooler_output"}})]), "modality_config"),
    "dot product": (made(pooling(), whole={"similarity_fn_name": "dot"}), "compared by dot"),
    "manhattan": (made(pooling(), normalize(), whole={"similarity_fn_name": "manhattan"}), "compared by manhattan"),
    "truncate_dim that is no number": (made(pooling(), then=[edit(CONFIG, truncate_dim="8")]), "truncate_dim is '8'"),
    "prompt for passages alone": (
        made(pooling(), then=[edit(CONFIG, prompts={"query": "q ", "passage": "p "})]), "a prompt 'passage'"),
    "default prompt for all": (
        made(pooling(), whole={"prompts": {"every": "e "}, "default_prompt_name": "every"}), "a prompt 'every'"),
    "default prompt that is not there": (made(pooling(), then=[edit(CONFIG, default_prompt_name="x")]), "default_prompt_name"),
    "no list of modules": (made(pooling(), then=[lambda folder: (folder / "modules.json").unlink()]), "no modules.json"),
    "pads on the left": (made(pooling(), then=[edit("tokenizer_config.json", padding_side="left")]), "pads on the left"),
    "chat template": (bare(decoder, edit("tokenizer_config.json", chat_template="{{ messages }}")), "chat template"),
}  # fmt: skip


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((unit(a) * unit(b)).sum(1).min())


@pytest.mark.parametrize("name", SAME)
def test_the_vectors_are_those_of_the_library(tmp_path: Path, name: str) -> None:
    folder = SAME[name](tmp_path / "m")
    library, encoder = st.SentenceTransformer(str(folder), device="cpu"), load_encoder(str(folder))
    texts = TEXTS if name not in ("bare T5", "encoder of T5") else TEXTS[:-1]
    for kind, call in (("query", library.encode_query), ("passage", library.encode_document)):
        assert cosine(np.asarray(call(texts), dtype=np.float32), encoder.encode(texts, kind).pooled) > 1 - 1e-4, kind
    assert encoder.dim == encoder.encode(["cat"]).tokens.vectors.shape[1]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_refused_by_name(tmp_path: Path, name: str) -> None:
    make, expected = REFUSED[name]
    folder = make(tmp_path / "m")
    with pytest.raises(BenchError) as caught:
        load_encoder(str(folder))
    assert expected in str(caught.value) and caught.value.hint
    shutil.rmtree(folder)


def test_the_cases_are_told_apart(tmp_path: Path) -> None:
    """Other settings give other vectors: a directory that is read as its neighbour would fail."""
    seen: dict[str, np.ndarray] = {}
    for name in ("mean", "cls", "max", "weightedmean", "lasttoken", "max_seq_length", "normalize before dense", "dense"):
        seen[name] = unit(load_encoder(str(SAME[name](tmp_path / name.replace(" ", "-")))).encode([TEXTS[0]]).pooled)[:, :16]
    names = list(seen)
    assert all(np.abs(seen[a] - seen[b]).max() > 1e-3 for i, a in enumerate(names) for b in names[:i])


def test_token_vectors_go_through_the_dense_layers_and_no_normalize(tmp_path: Path) -> None:
    folder = SAME["normalize before dense"](tmp_path / "m")
    encoder, library = load_encoder(str(folder)), st.MultiVectorEncoder(str(folder), device="cpu")
    for i, (text, vectors) in enumerate(zip(encoder.tokenize(TEXTS[:5]), library.encode_query(TEXTS[:5]), strict=True)):
        assert np.abs(vectors.numpy()[text.content] - unit(encoder.encode(TEXTS[:5]).tokens[i])).max() < 1e-4


def test_a_layer_that_is_kept_for_export_is_read_back(tmp_path: Path) -> None:
    from bench.encoders.head import Head

    for number, name in enumerate(("dense, normalize on tokens, pooling, dense", "truncate_dim behind layers")):
        head, x = load_encoder(str(SAME[name](tmp_path / f"m{number}"))).head, torch.randn(3, 5, 32)
        head.save(tmp_path / "head.safetensors")
        again = Head.load(tmp_path / "head.safetensors")
        for before, after in ((head.tokens(x), again.tokens(x)), (head.pooled(head.before(x)), again.pooled(again.before(x)))):
            assert torch.equal(before, after)


def test_lengths_are_the_models_own(tmp_path: Path) -> None:
    for name, query, passage in (("max_seq_length beyond the tokenizer's", 50, 50), ("length in the tokenizer", 9, 9),
                                 ("length of documents and of queries", 6, 30)):  # fmt: skip
        spec = load_encoder(str(SAME[name](tmp_path / name.replace(" ", "-")))).spec
        assert (spec.length("query"), spec.length("passage")) == (query, passage)
    assert load_encoder(str(tiny_xlmr(tmp_path / "x"))).spec.max_length == 128
