"""What a model directory can lack or hold in the place of its files: told by name, before anything is loaded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.base.errors import BenchError
from bench.encoders.directory.files import check_folder, stated_length
from bench.encoders.load import load_encoder
from tests.encoders.directory.made import bytes_bpe, decoder, dense, edit, pooling, saved, t5
from tests.tiny import tiny_bert, tiny_xlmr, write_encoder_json

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 471153\n"


def pointer(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(POINTER)


def shards(folder: Path) -> None:
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder, add_pooling_layer=False)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")


def lost_shard(folder: Path) -> None:
    shards(folder)
    sorted(folder.glob("model-0*.safetensors"))[1].unlink()


def short_shard(folder: Path) -> None:
    shards(folder)
    path = sorted(folder.glob("model-0*.safetensors"))[1]
    path.write_bytes(path.read_bytes()[:-10])


def shard_elsewhere(folder: Path) -> None:
    shards(folder)
    path = folder / "model.safetensors.index.json"
    index = json.loads(path.read_text())
    index["weight_map"] = {name: "../" + file for name, file in index["weight_map"].items()}
    path.write_text(json.dumps(index))


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def longer(folder: Path) -> None:
    with (folder / "model.safetensors").open("ab") as stream:
        stream.write(b"more")


def without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def pickled(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def adapter(folder: Path) -> None:
    edit("adapter_config.json", peft_type="LORA", base_model_name_or_path="acme/base")(folder)


def adapter_alone(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    adapter(folder)


def words_added(folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["kitabuni", "pakani"])
    tokenizer.save_pretrained(folder)


def no_words(folder: Path) -> None:
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["vocab"] = {k: v for k, v in content["model"]["vocab"].items() if k.startswith("[")}
    path.write_text(json.dumps(content))


def fewer_layers(folder: Path) -> None:
    edit("config.json", num_hidden_layers=1)(folder)


def renamed(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    changed = {name.replace("layer.1.attention", "layer.1.other"): tensor for name, tensor in tensors.items()}
    save_file(changed, folder / "model.safetensors", metadata={"format": "pt"})


def spoilt(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["encoder.layer.0.output.dense.weight"][0, 0] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def one_row_spoilt(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["embeddings.word_embeddings.weight"][30] = float("nan")  # a word that no trial text has
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def all_zero(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    save_file({name: 0 * tensor for name, tensor in tensors.items()}, folder / "model.safetensors", metadata={"format": "pt"})


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "weights are a pointer": (pointer("model.safetensors"), "model.safetensors is a Git LFS pointer"),
    "tokenizer is a pointer": (pointer("tokenizer.json"), "tokenizer.json is a Git LFS pointer"),
    "vocabulary is a pointer": (pointer("sentencepiece.bpe.model"), "sentencepiece.bpe.model is a Git LFS pointer"),
    "config is a pointer": (pointer("config.json"), "config.json is a Git LFS pointer"),
    "pickle is a pointer": (pointer("pytorch_model.bin"), "pytorch_model.bin is a Git LFS pointer"),
    "a git-annex pointer": (lambda f: (f / "model.safetensors").write_text("/annex/objects/SHA256E-s1"), "a git-annex pointer"),
    "a shard is lost": (lost_shard, "files of the weights"),
    "a shard is cut short": (short_shard, "it is cut short"),
    "a shard lies elsewhere": (shard_elsewhere, "outside of its folder"),
    "weights are cut short": (cut, "it is cut short"),
    "weights are longer": (longer, "bytes of"),
    "weights are text": (lambda f: (f / "model.safetensors").write_text("<html>not found</html>" * 100), "no file of tensors"),
    "weights are empty": (lambda f: (f / "model.safetensors").write_bytes(b""), "no file of tensors"),
    "weights are a pickle": (pickled, "only pickled weights"),
    "no weights": (without("model.safetensors"), "has no model.safetensors"),
    "no config": (without("config.json"), "has no config.json"),
    "config is a list": (lambda f: (f / "config.json").write_text("[]"), "holds a list"),
    "no tokenizer": (without("tokenizer.json"), "has no tokenizer"),
    "tokenizer is damaged": (lambda f: (f / "tokenizer.json").write_text("{}"), "cannot load the tokenizer"),
    "tokenizer knows no words": (no_words, "knows no words"),
    "words are added": (words_added, "2 tokens without an embedding"),
    "adapter beside its model": (adapter, "adapter_config.json"),
    "adapter alone": (adapter_alone, "adapter_config.json"),
    "quantised": (edit("config.json", quantization_config={"quant_method": "bitsandbytes"}), "quantised (bitsandbytes"),
    "code of its own": (edit("config.json", auto_map={"AutoModel": "modeling_x.X"}), "modeling_x.X, in config.json"),
    "tokenizer with code of its own": (
        edit("tokenizer_config.json", auto_map={"AutoTokenizer": ["tok.T", None]}), "in tokenizer_config.json"),
    "fewer layers than weights": (fewer_layers, "more layers than its config.json says, e.g. encoder.layer.1"),
    "more layers than weights": (edit("config.json", num_hidden_layers=3), "parts are missing, e.g. encoder.layer.2"),
    "layers beyond counting": (edit("config.json", num_hidden_layers=10**9), "too many for the weights"),
    "wide beyond memory": (edit("config.json", hidden_size=10**8), "too many for the weights"),
    "vocabulary beyond memory": (edit("config.json", vocab_size=10**12), "too many for the weights"),
    "weights that are no numbers": (spoilt, "hold what is no number (NaN or infinite), in encoder.layer.0.output.dense.weight"),
    "a word that is no number": (one_row_spoilt, "what is no number (NaN or infinite), in embeddings.word_embeddings.weight"),
    "weights that are all zero": (all_zero, "gives vectors that are all zero"),
    "heads that no model has": (edit("config.json", num_attention_heads=-1), "cannot load the encoder"),
    "another width": (edit("config.json", hidden_size=16), "cannot load the encoder"),
    "names of another model": (renamed, "parts are missing"),
}  # fmt: skip


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("bert") / "m")


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_told_by_name(tmp_path: Path, bert: Path, name: str) -> None:
    folder = tmp_path / "m"
    shutil.copytree(bert, folder)
    change, expected = CASES[name]
    change(folder)
    with pytest.raises(BenchError) as caught:
        load_encoder(str(folder))
    assert expected in str(caught.value) and caught.value.hint


def test_a_pointer_in_the_folder_of_a_layer(tmp_path: Path) -> None:
    folder = saved(tmp_path / "m", pooling(), dense())
    pointer("2_Dense/model.safetensors")(folder)
    with pytest.raises(BenchError, match="2_Dense/model.safetensors is a Git LFS pointer"):
        check_folder(folder)


def test_an_adapter_counts_where_an_encoder_json_is_too(tmp_path: Path, bert: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(bert, folder)
    write_encoder_json(folder, pooling="mean")
    check_folder(folder)
    adapter(folder)
    with pytest.raises(BenchError, match="adapter"):
        check_folder(folder)


@pytest.mark.parametrize("make", [tiny_bert, tiny_xlmr, bytes_bpe, t5, decoder])
def test_whole_directories_pass(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    check_folder(make(tmp_path / "m"))


def test_the_stated_length(tmp_path: Path, bert: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(bert, folder)
    assert stated_length(folder) == 128
    edit("tokenizer_config.json", model_max_length=10**30)(folder)
    assert stated_length(folder) == 128
    relative = t5(tmp_path / "t5")
    assert stated_length(relative) == 128
    edit("tokenizer_config.json", model_max_length=10**30)(relative)
    assert stated_length(relative) is None and load_encoder(str(relative)).spec.max_length == 256


@pytest.mark.parametrize("name, values", [
    ("tokenizer_config.json", {"model_max_length": "long"}), ("1_Pooling/config.json", {"pooling_mode": 3}),
    ("1_Pooling/config.json", {"pooling_mode": [[1]]}), ("config_sentence_transformers.json", {"default_prompt_name": {}}),
    ("config_sentence_transformers.json", {"prompts": ["x"]}), ("config_sentence_transformers.json", {"truncate_dim": True}),
    ("sentence_bert_config.json", {"model_args": 3}), ("2_Dense/config.json", {"module_input_name": 3}),
    ("2_Dense/config.json", {"activation_function": None}), ("config.json", {"architectures": 3, "model_type": []}),
])  # fmt: skip
def test_values_of_a_wrong_kind_are_one_message(tmp_path: Path, name: str, values: dict) -> None:
    folder = saved(tmp_path / "m", pooling(), dense())
    edit(name, **values)(folder)
    with pytest.raises(BenchError):
        load_encoder(str(folder))


def test_a_tokenizer_that_would_fail_at_the_first_text_is_refused(tmp_path: Path, bert: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(bert, folder)
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    content["post_processor"]["single"][0]["SpecialToken"]["id"] = "[GONE]"
    path.write_text(json.dumps(content))
    with pytest.raises(BenchError, match="cannot load the tokenizer"):
        load_encoder(str(folder))


def test_modules_that_are_none(tmp_path: Path) -> None:
    folder = saved(tmp_path / "m", pooling())
    for listed in ([], [{"idx": 0, "name": {}, "path": "", "type": "x.Transformer"}], [3], [{}], {"a": 1}):
        (folder / "modules.json").write_text(json.dumps(listed))
        with pytest.raises(BenchError):
            load_encoder(str(folder))
