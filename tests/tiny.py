"""Tiny encoders made in code: random weights, tokenizers that know a handful of words in several scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SENTENCES = (
    "the cat drinks milk", "a dog reads the old book", "water flows to the sea", "bread and salt", "who sees the moon?",
    "paka anakunywa maziwa", "mbwa anasoma kitabu", "maji hutiririka baharini", "mkate na chumvi",
    "ድመቷ ወተት ትጠጣለች", "ውሻው መጽሐፍ ያነባል", "кошка пьёт молоко", "собака читает книгу", "القط يشرب الحليب",
    "बिल्ली दूध पीती है", "ခွေးသည် စာအုပ်ဖတ်သည်", "猫喝牛奶", "mèo uống sữa", "η γάτα πίνει γάλα",
)  # fmt: skip


def tiny_xlmr(folder: Path, dim: int = 32, seed: int = 0, texts: Sequence[str] = SENTENCES,
              positions: int = 130, layers: int = 2) -> Path:  # fmt: skip
    """A random XLM-RoBERTa (unigram tokenizer, ids of specials as in the original) in `folder`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import XLMRobertaConfig, XLMRobertaModel

    words, characters = _pieces(texts)
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [("▁" + word, -2.0 - len(word) / 100) for word in words] + [("▁", -3.0)]
    pieces += [(character, -6.0) for character in characters] + [("<mask>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])  # fmt: skip
    _save_tokenizer(tokenizer, folder, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
                    pad_token="<pad>", unk_token="<unk>", mask_token="<mask>", model_max_length=positions - 2)  # fmt: skip
    config = XLMRobertaConfig(
        vocab_size=len(pieces), hidden_size=dim, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=2 * dim,
        max_position_embeddings=positions, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2)  # fmt: skip
    return _save_model(XLMRobertaModel, config, folder, seed)


def tiny_bert(folder: Path, dim: int = 32, seed: int = 0, texts: Sequence[str] = SENTENCES,
              positions: int = 128, layers: int = 2) -> Path:  # fmt: skip
    """A random BERT (WordPiece tokenizer) in `folder`."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    words, characters = _pieces(texts)
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    names += [c for c in characters if c not in words] + ["##" + c for c in characters]
    vocabulary = {name: i for i, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])  # fmt: skip
    _save_tokenizer(tokenizer, folder, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", unk_token="[UNK]",
                    mask_token="[MASK]", model_max_length=positions)  # fmt: skip
    config = BertConfig(
        vocab_size=len(names), hidden_size=dim, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=2 * dim,
        max_position_embeddings=positions, pad_token_id=0)  # fmt: skip
    return _save_model(BertModel, config, folder, seed)


def write_encoder_json(folder: Path, **values: Any) -> None:
    """An `encoder.json` beside a model."""
    (folder / "encoder.json").write_text(json.dumps(values))


def _pieces(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Words (two of three are known whole, the rest is spelled) and characters."""
    words = sorted({word for text in (*texts, "query : passage") for word in text.split()})
    characters = {c for word in words for c in word} | set("abcdefghijklmnopqrstuvwxyz0123456789:.,?'-")
    kept = [word for i, word in enumerate(words) if i % 3 != 2 and len(word) > 1 and word.isalpha()]
    return kept, sorted(characters)


def _save_tokenizer(tokenizer: Any, folder: Path, **settings: Any) -> None:
    from transformers import PreTrainedTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=["input_ids", "attention_mask"],
                            **settings).save_pretrained(str(folder))  # fmt: skip


def _save_model(kind: Any, config: Any, folder: Path, seed: int) -> Path:
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = kind(config, add_pooling_layer=False)
        # The usual 0.02 leaves all states of so small a model alike.
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(str(folder))
    return folder
