"""Directories of sentence-transformers and their relatives, made with the library itself and changed by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling

from tests.tiny import SENTENCES, tiny_bert, tiny_xlmr

CONFIG = "config_sentence_transformers.json"
Change = Callable[[Path], None]


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def edit(name: str, **values: Any) -> Change:
    """Sets keys of a JSON file; a value of `...` takes the key out."""

    def change(folder: Path) -> None:
        path = folder / name
        content = (json.loads(path.read_text()) if path.exists() else {}) | values
        write(path, {key: value for key, value in content.items() if value is not ...})

    return change


def saved(folder: Path, *behind: Any, start: Callable[..., Path] = tiny_bert, whole: dict[str, Any] | None = None) -> Path:
    """A model with these modules behind its transformer, saved by sentence-transformers."""
    import sentence_transformers as st

    source = folder.parent / f"{folder.name}-start"
    if not source.exists():
        start(source)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        modules = [Transformer(str(source)), *(make() for make in behind)]
    st.SentenceTransformer(modules=modules, device="cpu", **(whole or {})).save(str(folder))
    shutil.rmtree(source)
    return folder


def pooling(mode: Any = "mean", width: int = 32, **more: Any) -> Callable[[], Pooling]:
    return lambda: Pooling(width, pooling_mode=mode, **more)


def dense(inside: int = 32, out: int = 16, activation: Any = torch.nn.Tanh, **more: Any) -> Callable[[], Dense]:
    return lambda: Dense(inside, out, activation_function=activation(), **more)


def normalize(**more: Any) -> Callable[[], Normalize]:
    return lambda: Normalize(**more)


def sentencepiece(folder: Path) -> Path:
    """XLM-RoBERTa with position table and tokenizer of 40 tokens."""
    return tiny_xlmr(folder, positions=42)


def bytes_bpe(folder: Path, **more: Any) -> Path:
    """A RoBERTa whose tokenizer is byte-level BPE."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaModel

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=specials, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    folder.mkdir(parents=True, exist_ok=True)
    names = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token", "mask_token"), specials, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, cls_token="<s>", sep_token="</s>", model_max_length=60, **names,
                            model_input_names=["input_ids", "attention_mask"]).save_pretrained(folder)  # fmt: skip
    config = RobertaConfig(vocab_size=len(tokenizer.get_vocab()), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                           intermediate_size=64, max_position_embeddings=62, type_vocab_size=1, pad_token_id=1)  # fmt: skip
    return random(RobertaModel(config, add_pooling_layer=False), folder)


def t5(folder: Path, whole: bool = False) -> Path:
    """A T5: its encoder alone, or with the decoder."""
    from transformers import T5Config, T5EncoderModel, T5Model

    tiny_xlmr(folder)
    words = json.loads((folder / "config.json").read_text())["vocab_size"]
    config = T5Config(vocab_size=words, d_model=32, d_kv=8, d_ff=32, num_layers=2, num_heads=2, pad_token_id=1,
                      decoder_start_token_id=1)  # fmt: skip
    return random((T5Model if whole else T5EncoderModel)(config), folder)


def decoder(folder: Path) -> Path:
    """A causal language model (Llama)."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tiny_xlmr(folder)
    words = json.loads((folder / "config.json").read_text())["vocab_size"]
    config = LlamaConfig(vocab_size=words, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
                         intermediate_size=64, max_position_embeddings=128, pad_token_id=1)  # fmt: skip
    return random(LlamaForCausalLM(config), folder)


def random(model: Any, folder: Path) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.2)
    for old in folder.glob("*.safetensors"):
        old.unlink()
    model.save_pretrained(folder)
    return folder
