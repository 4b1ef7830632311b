"""Directories of sentence-transformers, PyLate and Stanford's ColBERT, held against sentence-transformers itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentence_transformers as st
import torch
from safetensors.torch import load_file, save_file

from bench.base.errors import BenchError
from bench.encoders.encoder import Encoder
from bench.encoders.fingerprint import fingerprint
from bench.encoders.head import Head, Layer
from bench.encoders.load import load_encoder
from bench.encoders.vocabulary import restore, trim
from tests.tiny import SENTENCES, tiny_bert, write_encoder_json

TEXTS = [*SENTENCES[:6], "water [Q] milk"]


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def dense(folder: Path, out: int = 8, inside: int = 32, bias: bool = False, activation: str = "linear.Identity", seed: int = 0,
          **config: Any) -> None:  # fmt: skip
    """A dense layer, as both libraries save it."""
    rng = torch.Generator().manual_seed(seed)
    tensors = {"linear.weight": torch.randn(out, inside, generator=rng) / 6}
    if bias:
        tensors["linear.bias"] = torch.randn(out, generator=rng)
    if config.get("use_residual") and out != inside:
        tensors["residual.weight"] = torch.randn(out, inside, generator=rng)
    write(folder / "config.json", {"in_features": inside, "out_features": out, "bias": bias,
                                   "activation_function": f"torch.nn.modules.{activation}", **config})  # fmt: skip
    save_file(tensors, str(folder / "model.safetensors"))


def modules(folder: Path, *paths: tuple[str, str]) -> Path:
    listed = [{"idx": i, "name": str(i), "path": path, "type": kind} for i, (path, kind) in enumerate(paths)]
    write(folder / "modules.json", listed)
    return folder


def add_tokens(folder: Path, *tokens: str) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder, add_pooling_layer=False)
    tokenizer.add_tokens(list(tokens))
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def pylate(folder: Path, **layer: Any) -> Path:
    """What PyLate's `ColBERT.save` leaves, but for its readme."""
    tiny_bert(folder)
    add_tokens(folder, "[Q] ", "[D] ")
    dense(folder / "1_Dense", **layer)
    write(folder / "config_sentence_transformers.json", {
        "model_type": "ColBERT", "prompts": {}, "query_prefix": "[Q] ", "document_prefix": "[D] ", "query_length": 20,
        "document_length": 20, "do_query_expansion": False, "attend_to_expansion_tokens": False, "skiplist_words": [],
    })  # fmt: skip
    write(folder / "sentence_bert_config.json", {"max_seq_length": 19, "do_lower_case": False})
    return modules(folder, ("", "sentence_transformers.models.Transformer"), ("1_Dense", "pylate.models.Dense.Dense"))


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def same_tokens(encoder: Encoder, folder: Path) -> None:
    """The content tokens of texts, against those at the same places in sentence-transformers."""
    library = st.MultiVectorEncoder(str(folder), device="cpu")
    for kind, call in (("query", library.encode_query), ("passage", library.encode_document)):
        ours = encoder.encode(TEXTS, kind)
        for i, (text, vectors) in enumerate(zip(encoder.tokenize(TEXTS, kind), call(TEXTS), strict=True)):
            assert len(vectors) == len(text) and not any(text.content[:2]) and sum(text.content) == len(text) - 3
            assert np.abs(vectors.numpy()[text.content] - unit(ours.tokens[i])).max() < 1e-5


@pytest.mark.parametrize("layer", [{}, {"bias": True}, {"activation": "activation.Tanh"}, {"use_residual": True}])
def test_a_pylate_directory_with_its_projection(tmp_path: Path, layer: dict):
    folder = pylate(tmp_path / "m", **layer)
    encoder = load_encoder(str(folder))
    assert encoder.dim == 8 and encoder.spec.max_length == 20
    assert (encoder.spec.query_prefix, encoder.spec.passage_prefix) == ("[Q] ", "[D] ")
    same_tokens(encoder, folder)
    # PyLate has no vector of a whole text: it is the pooled states through the same layers.
    raw = load_encoder(str(folder))
    raw.head = None
    expected = encoder.head.pooled(torch.from_numpy(raw.encode(TEXTS).pooled)).numpy()
    assert np.abs(encoder.encode(TEXTS).pooled - expected).max() < 1e-5


def test_pylate_defaults_where_its_file_is_silent(tmp_path: Path):
    folder = pylate(tmp_path / "m")
    write(folder / "config_sentence_transformers.json", {"model_type": "ColBERT"})
    assert load_encoder(str(folder)).spec.query_prefix == "[Q] "
    config = json.loads((folder / "1_Dense" / "config.json").read_text())
    write(folder / "1_Dense" / "config.json", {k: v for k, v in config.items() if k != "activation_function"})
    assert load_encoder(str(folder)).head.token_layers[0].activation == "Identity"


def test_a_checkpoint_of_stanford(tmp_path: Path):
    folder = tiny_bert(tmp_path / "m", texts=[*SENTENCES, "unused"])
    add_tokens(folder, "[unused0]", "[unused1]")
    weights = {f"bert.{name}": tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    weights["linear.weight"] = torch.randn(8, 32)
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    write(folder / "config.json", config | {"architectures": ["HF_ColBERT"]})
    write(folder / "artifact.metadata", {"query_token_id": "[unused0]", "doc_token_id": "[unused1]", "doc_maxlen": 24})
    encoder = load_encoder(str(folder))
    assert encoder.dim == 8 and encoder.spec.max_length == 24 and encoder.spec.passage_prefix == "[unused1] "
    [text] = encoder.tokenize(["cat"])
    names = encoder.tokenizer.convert_ids_to_tokens(text.ids)
    assert names[:2] == ["[CLS]", "[unused0]"] and not any(text.content[:2]) and text.content[2]
    raw = load_encoder(str(folder))
    raw.head = None
    expected = raw.encode(["cat"]).tokens[0] @ weights["linear.weight"].numpy().T
    assert np.abs(encoder.encode(["cat"]).tokens[0] - expected).max() < 1e-5
    write(folder / "artifact.metadata", {})
    assert load_encoder(str(folder)).spec.query_prefix == "[unused0] "


def test_an_in_vocabulary_marker_is_one_token(tmp_path: Path):
    # As in the original: [unused0] is an entry of the word list, which the tokenizer splits when it meets it in text.
    folder = tiny_bert(tmp_path / "m")
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text())
    vocabulary = content["model"]["vocab"]
    word = next(name for name in vocabulary if name.startswith("bre"))
    vocabulary["[unused0]"] = vocabulary.pop(word)
    file.write_text(json.dumps(content))
    write_encoder_json(folder, query_prefix="[unused0] ")
    encoder = load_encoder(str(folder))
    [text] = encoder.tokenize(["cat"])
    assert encoder.tokenizer.convert_ids_to_tokens(text.ids)[1] == "[unused0]" and not text.content[1] and text.content[2]


def sentence_model(folder: Path, sub: str = "", **layer: Any) -> Path:
    tiny_bert(folder / sub)
    write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True})
    dense(folder / "2_Dense", **layer)
    names = [(sub, "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense"), ("3_Normalize", "Normalize")]
    (folder / "3_Normalize").mkdir()
    return modules(folder, *((path, f"sentence_transformers.models.{kind}") for path, kind in names))


@pytest.mark.parametrize("layer", [{"bias": True, "activation": "activation.Tanh"}, {}])
@pytest.mark.parametrize("sub", ["", "0_Transformer"])
def test_a_dense_layer_of_sentence_transformers(tmp_path: Path, layer: dict, sub: str):
    folder = sentence_model(tmp_path / "m", sub, **layer)
    encoder = load_encoder(str(folder))
    expected = st.SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    assert np.abs(unit(encoder.encode(TEXTS).pooled) - expected).max() < 1e-5
    tokens = st.MultiVectorEncoder(str(folder), device="cpu").encode_query(TEXTS)
    found = encoder.encode(TEXTS)
    for i, (text, vectors) in enumerate(zip(encoder.tokenize(TEXTS), tokens, strict=True)):
        assert np.abs(vectors.numpy()[text.content] - unit(found.tokens[i])).max() < 1e-5


def test_a_multi_vector_model_of_sentence_transformers(tmp_path: Path):
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask

    start = tiny_bert(tmp_path / "start")
    model = st.MultiVectorEncoder(device="cpu", modules=[
        Transformer(str(start), document_length=40), Dense(32, 8, bias=False, activation_function=torch.nn.Identity(),
        module_input_name="token_embeddings"), MultiVectorMask(), Normalize(module_input_name="token_embeddings")],
        prompts={"query": "who ", "document": "water "})  # fmt: skip
    model.save_pretrained(str(tmp_path / "m"))
    encoder = load_encoder(str(tmp_path / "m"))
    assert (encoder.spec.query_prefix, encoder.spec.passage_prefix) == ("who ", "water ") and encoder.dim == 8
    assert encoder.spec.max_length == 40
    [vectors], [text] = model.encode_query(["cat"]), encoder.tokenize(["cat"])
    assert np.abs(vectors.numpy()[text.content] - unit(encoder.encode(["cat"]).tokens[0])).max() < 1e-5


def test_tensors_of_a_pickle_are_read_and_nothing_else_of_it(tmp_path: Path):
    folder = sentence_model(tmp_path / "m")
    before = load_encoder(str(folder)).encode(TEXTS).pooled
    place = folder / "2_Dense"
    tensors = load_file(place / "model.safetensors")
    (place / "model.safetensors").unlink()
    with pytest.raises(BenchError, match="cannot read the layer"):
        load_encoder(str(folder))
    torch.save(tensors, place / "pytorch_model.bin")
    assert (load_encoder(str(folder)).encode(TEXTS).pooled == before).all()
    ran = tmp_path / "ran"

    class Hostile:
        def __reduce__(self) -> tuple:
            return Path.touch, (ran,)

    torch.save(tensors | {"x": Hostile()}, place / "pytorch_model.bin")
    with pytest.raises(BenchError, match="more than tensors"):
        load_encoder(str(folder))
    assert not ran.exists()


def test_parts_of_a_pickle_that_are_no_tensors_are_passed_over(tmp_path: Path):
    folder = sentence_model(tmp_path / "m")
    place = folder / "2_Dense"
    tensors = load_file(place / "model.safetensors")
    (place / "model.safetensors").unlink()
    torch.save(tensors | {"epoch": 3}, place / "pytorch_model.bin")
    assert load_encoder(str(folder)).dim == 8
    torch.save(tensors["linear.weight"], place / "pytorch_model.bin")
    with pytest.raises(BenchError, match="cannot read the layer"):
        load_encoder(str(folder))


def test_layers_of_another_model_are_one_message(tmp_path: Path):
    folder = sentence_model(tmp_path / "m")
    dense(folder / "2_Dense", inside=16)
    with pytest.raises(BenchError, match="takes 16 numbers, but gets 32 .in "):
        load_encoder(str(folder))
    save_file({"weight": torch.ones(8, 32)}, str(folder / "2_Dense" / "model.safetensors"))
    with pytest.raises(BenchError, match="needs a matrix linear.weight; it has weight .the layer in .*2_Dense"):
        load_encoder(str(folder))


def test_files_outside_of_the_directory_are_not_read(tmp_path: Path):
    folder = sentence_model(tmp_path / "m")
    (folder / "2_Dense").rename(tmp_path / "elsewhere")
    listed = json.loads((folder / "modules.json").read_text())
    for path in ("../elsewhere", str(tmp_path / "elsewhere")):
        listed[2]["path"] = path
        write(folder / "modules.json", listed)
        with pytest.raises(BenchError, match="outside of its folder"):
            load_encoder(str(folder))


@pytest.mark.parametrize("file, content, expected", [
    ("1_Pooling/config.json", {"pooling_mode": "mode"}, "unknown pooling 'mode'"),
    ("sentence_bert_config.json", {"max_seq_length": "long"}, "max_seq_length is 'long'"),
    ("2_Dense/config.json", {"activation_function": "torch.nn.Gate"}, "unknown activation 'Gate'"),
])  # fmt: skip
def test_what_cannot_be_reproduced_is_refused(tmp_path: Path, file: str, content: dict, expected: str):
    folder = sentence_model(tmp_path / "m")
    write(folder / file, content)
    with pytest.raises(BenchError, match=expected):
        load_encoder(str(folder))


def test_files_of_layers_are_part_of_the_content(tmp_path: Path):
    folder = sentence_model(tmp_path / "m", "0_Transformer")
    seen = {fingerprint(folder)}
    dense(folder / "2_Dense", seed=1)
    seen.add(fingerprint(folder))
    tiny_bert(folder / "0_Transformer", seed=5)
    seen.add(fingerprint(folder))
    assert len(seen) == 3
    # A layer may lie in a folder of any name.
    (folder / "2_Dense").rename(folder / "projection")
    listed = json.loads((folder / "modules.json").read_text())
    listed[2]["path"] = "projection"
    write(folder / "modules.json", listed)
    seen.add(fingerprint(folder))
    dense(folder / "projection", seed=2)
    seen.add(fingerprint(folder))
    assert len(seen) == 5


def test_layers_are_saved_with_what_they_do(tmp_path: Path):
    rng = torch.Generator().manual_seed(0)
    tensors = {name: torch.randn(6, 4, generator=rng) for name in ("linear.weight", "residual.weight")}
    first = Layer(tensors, "Tanh", True)
    second = Layer({"linear.weight": torch.randn(3, 6, generator=rng), "linear.bias": torch.randn(3, generator=rng)})
    third = Layer({"linear.weight": torch.randn(3, 4, generator=rng)})
    head = Head([first, second], [third])
    head.save(tmp_path / "head.safetensors")
    again, x = Head.load(tmp_path / "head.safetensors"), torch.randn(5, 4, generator=rng)
    assert torch.equal(head.tokens(x), again.tokens(x)) and torch.equal(head.pooled(x), again.pooled(x))
    by_hand = torch.tanh(x @ first.linear.weight.T) + x @ first.residual.weight.T
    assert torch.allclose(head.tokens(x), by_hand @ second.linear.weight.T + second.linear.bias)
    assert not any(one.requires_grad for one in again.parameters()) and head.dim == 3
    with pytest.raises(BenchError, match="different widths"):
        Head([first], [third])
    with pytest.raises(BenchError, match="no weights for its residual"):
        Layer({"linear.weight": torch.randn(6, 4)}, residual=True)
    (tmp_path / "broken").write_bytes(b"x")
    one = {"tokens.0.linear.weight": torch.ones(2, 4), "pooled.0.linear.weight": torch.ones(2, 4)}
    for i, layers in enumerate(({"tokens": [["Identity", False]]}, {"tokens": [], "pooled": []}, [1])):
        save_file(one, str(tmp_path / f"broken{i}"), metadata={"layers": json.dumps(layers)})
    for name in ("broken", "broken0", "broken1", "broken2"):
        with pytest.raises(BenchError, match="no layers that can be read"):
            Head.load(tmp_path / name)


def test_layers_of_an_encoder_json(tmp_path: Path):
    folder = tiny_bert(tmp_path / "m")
    layer = Layer({"linear.weight": torch.eye(32)[:4]})
    Head([layer], [layer]).save(folder / "own.safetensors")
    write_encoder_json(folder, query_prefix="who ", head="own.safetensors")
    plain = tmp_path / "plain"
    shutil.copytree(folder, plain)
    write_encoder_json(plain, query_prefix="who ")
    assert (load_encoder(str(folder)).encode(TEXTS).pooled == load_encoder(str(plain)).encode(TEXTS).pooled[:, :4]).all()
    write_encoder_json(folder, head="nowhere.safetensors")
    with pytest.raises(BenchError, match="nowhere"):
        load_encoder(str(folder))


def test_trimming_keeps_the_layers(tmp_path: Path):
    full = load_encoder(str(pylate(tmp_path / "m")))
    small = trim(full, TEXTS)
    assert small.dim == 8 and (small.encode(TEXTS).tokens.vectors == full.encode(TEXTS).tokens.vectors).all()
    assert restore(small, full).dim == 8
