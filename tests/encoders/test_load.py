from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bench.base.errors import BenchError
from bench.encoders.fingerprint import fingerprint
from bench.encoders.load import load_encoder
from bench.encoders.spec import EncoderSpec, read_spec
from tests.tiny import SENTENCES, tiny_bert, tiny_xlmr, write_encoder_json


def test_without_files_mean_and_no_prefixes(tmp_path: Path) -> None:
    encoder = load_encoder(str(tiny_xlmr(tmp_path / "m")))
    assert encoder.spec == EncoderSpec("", "", "mean", 128) and encoder.longest == 128
    assert encoder.model.dtype == torch.float32 and not encoder.model.training


def test_position_limit_of_a_roberta_is_counted_from_its_padding(tmp_path: Path) -> None:
    encoder = load_encoder(str(tiny_xlmr(tmp_path / "m", positions=40)))
    assert encoder.longest == 38
    assert encoder.encode(["cat " * 100]).pooled.shape == (1, 32)


def sentence_transformers(folder: Path, pooling: dict, prompts: dict) -> Path:
    """The files that sentence-transformers puts beside a model."""
    tiny_bert(folder)
    (folder / "modules.json").write_text(json.dumps([
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]))  # fmt: skip
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 32, **pooling}))
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 48, "do_lower_case": false}')
    return folder


def test_sentence_transformers_files_are_read(tmp_path: Path) -> None:
    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    folder = sentence_transformers(tmp_path / "m", pooling, {"query": "search: ", "document": "text: "})
    assert load_encoder(str(folder)).spec == EncoderSpec("search: ", "text: ", "cls", 48)


def test_newer_pooling_form(tmp_path: Path) -> None:
    folder = sentence_transformers(tmp_path / "m", {"pooling_mode": "mean"}, {"query": "q: ", "document": "p: "})
    assert load_encoder(str(folder)).spec == EncoderSpec("q: ", "p: ", "mean", 48)


def test_encoder_json_comes_first(tmp_path: Path) -> None:
    folder = sentence_transformers(tmp_path / "m", {"pooling_mode": ["cls", "mean"]}, {})
    with pytest.raises(BenchError, match="cls and mean in one vector"):
        load_encoder(str(folder))
    write_encoder_json(folder, query_prefix="query: ")
    assert load_encoder(str(folder)).spec == EncoderSpec("query: ", "", "mean", 128)


def test_a_layer_that_would_be_left_out_is_refused(tmp_path: Path) -> None:
    folder = sentence_transformers(tmp_path / "m", {"pooling_mode": "mean"}, {})
    modules = json.loads((folder / "modules.json").read_text())
    modules.append({"idx": 3, "name": "3", "path": "3_LSTM", "type": "sentence_transformers.models.LSTM"})
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(BenchError, match="LSTM layer behind its transformer"):
        load_encoder(str(folder))


@pytest.mark.parametrize("content, expected", [
    ('{"pooling": "median"}', "median"), ('{"query_prefx": "q"}', "query_prefix"), ('{"max_length": 0}', "max_length"),
    ('{"query_prefix": 1}', "query_prefix"), ("[1]", "dict"), ("{", "JSON")])  # fmt: skip
def test_bad_encoder_json(tmp_path: Path, content: str, expected: str) -> None:
    (tiny_bert(tmp_path / "m") / "encoder.json").write_text(content)
    with pytest.raises(BenchError, match=expected):
        load_encoder(str(tmp_path / "m"))


def test_hub_models_that_need_prefixes_and_do_not_tell(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "m")
    assert read_spec(folder, name="intfloat/multilingual-e5-base").query_prefix == "query: "
    assert read_spec(folder, name="intfloat/e5-large-v2").passage_prefix == "passage: "
    assert read_spec(folder, name="intfloat/multilingual-e5-large-instruct").query_prefix == ""
    write_encoder_json(folder, pooling="mean")  # whoever writes this means it
    assert read_spec(folder, name="intfloat/multilingual-e5-base").query_prefix == ""


def test_pickled_weights_are_refused_and_not_run(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    ran = tmp_path / "ran"

    class Hostile:
        def __reduce__(self) -> tuple:
            return Path.touch, (ran,)

    torch.save({"x": Hostile()}, folder / "pytorch_model.bin")
    with pytest.raises(BenchError, match="pytorch_model.bin") as caught:
        load_encoder(str(folder))
    assert "save_pretrained" in caught.value.hint and not ran.exists()


def test_a_model_with_its_own_code_is_refused(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "m")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "foreign", "auto_map": {"AutoConfig": "code.Config", "AutoModel": "code.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text("raise SystemExit('foreign code was run')")
    with pytest.raises(BenchError):
        load_encoder(str(folder))


def test_names_that_lead_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    for name, expected in (("builtin:multilingual-e5", "builtin:multilingual-e5-small"), ("./nowhere", "nowhere"),
                           ("someone/nothing", "builtin:multilingual-e5-small"), ("", "directory")):  # fmt: skip
        with pytest.raises(BenchError) as caught:
            load_encoder(name)
        assert expected in str(caught.value) and caught.value.hint
    with pytest.raises(BenchError, match=r"config\.json"):
        load_encoder(str(tmp_path))
    (tmp_path / "file").touch()
    with pytest.raises(BenchError, match="is a file"):
        load_encoder(str(tmp_path / "file"))
    folder = tiny_bert(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(BenchError, match="no file of tensors"):
        load_encoder(str(folder))


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tiny_bert(tmp_path / "m")
    weights = load_file(folder / "model.safetensors")
    removed = {k: v for k, v in weights.items() if "layer.1." not in k}
    save_file(removed, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BenchError, match="layer.1"):
        load_encoder(str(folder))


def test_a_checkpoint_of_a_masked_language_model_lacks_no_pooler(tmp_path: Path) -> None:
    from transformers import AutoTokenizer, MPNetConfig, MPNetForMaskedLM

    folder = tiny_xlmr(tmp_path / "m", positions=40)
    words = len(AutoTokenizer.from_pretrained(folder))
    config = MPNetConfig(vocab_size=words, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
                         max_position_embeddings=40, pad_token_id=1)  # fmt: skip
    MPNetForMaskedLM(config).save_pretrained(folder)
    tokenizer = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer | {"model_max_length": 100}))
    encoder = load_encoder(str(folder))
    assert encoder.longest == 38  # MPNet counts positions from its padding, as RoBERTa does
    assert encoder.encode(["cat " * 100]).pooled.shape == (1, 32)


def test_an_encoder_with_a_decoder_is_refused(tmp_path: Path) -> None:
    from transformers import BartConfig, BartModel

    folder = tiny_xlmr(tmp_path / "m")
    config = BartConfig(vocab_size=400, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
                        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16)  # fmt: skip
    BartModel(config).save_pretrained(folder)
    with pytest.raises(BenchError, match="an encoder with a decoder .bart"):
        load_encoder(str(folder))


def test_fingerprint_follows_what_is_read(tmp_path: Path) -> None:
    one, same, other = tiny_bert(tmp_path / "a"), tiny_bert(tmp_path / "b"), tiny_bert(tmp_path / "c", seed=1)
    assert fingerprint(one) == fingerprint(same) != fingerprint(other)
    before = fingerprint(one)
    (one / "README.md").write_text("x")
    assert fingerprint(one) == before
    write_encoder_json(one, query_prefix="q: ")
    assert fingerprint(one) != before


def test_loading_twice_gives_the_same_states(tmp_path: Path) -> None:
    folder = str(tiny_xlmr(tmp_path / "m"))
    first, second = load_encoder(folder).encode(SENTENCES), load_encoder(folder).encode(SENTENCES)
    assert (first.pooled == second.pooled).all()
