"""Directories whose tokenizers and architectures are of other kinds than in `made`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.encoders.directory.made import bytes_bpe, edit, random
from tests.tiny import SENTENCES, tiny_bert

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
Make = Callable[[Path], Path]


def with_tokenizer(tokenizer: Any, start: Make = tiny_bert, **settings: Any) -> Make:
    """A model whose tokenizer is another one; its word table gets as many rows as that has tokens."""

    def make(folder: Path) -> Path:
        from transformers import AutoModel, PreTrainedTokenizerFast

        start(folder)
        made = tokenizer() if callable(tokenizer) else tokenizer
        names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIALS, strict=True))
        usual = {"model_input_names": ["input_ids", "attention_mask"], "model_max_length": 60}
        (folder / "tokenizer.json").unlink()
        PreTrainedTokenizerFast(tokenizer_object=made, **(usual | names | settings)).save_pretrained(folder)
        model = AutoModel.from_pretrained(folder, add_pooling_layer=False)
        model.resize_token_embeddings(made.get_vocab_size())
        return random(model, folder)

    return make


def trained(model: str, trainer: str, normalizer: Any = None, **more: Any) -> Callable[[], Any]:
    """A tokenizer of this kind, trained on a handful of sentences."""

    def make() -> Any:
        from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

        kind = getattr(models, model)
        tokenizer = Tokenizer(kind() if model == "Unigram" else kind(unk_token="[UNK]"))
        if normalizer is not None:
            tokenizer.normalizer = normalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        special = {"unk_token": "[UNK]"} if model == "Unigram" else {}
        made = getattr(trainers, trainer)(vocab_size=300, special_tokens=SPECIALS, **special, **more)
        tokenizer.train_from_iterator(SENTENCES, made)
        numbers = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=numbers)  # fmt: skip
        return tokenizer

    return make


def words_in_lower_case() -> Any:
    """The normaliser of an uncased BERT: lower case, no accents, spaces around Chinese."""
    from tokenizers.normalizers import BertNormalizer

    return BertNormalizer(lowercase=True, strip_accents=True)


def nfkc() -> Any:
    """As T5 and XLM-R have it, in rules instead of a table."""
    from tokenizers.normalizers import NFKC, Lowercase, Replace, Sequence, Strip

    return Sequence([NFKC(), Lowercase(), Replace(" {2,}", " "), Strip()])


def vocabulary_alone(folder: Path) -> Path:
    """BERT with vocab.txt and no tokenizer.json."""
    tiny_bert(folder)
    words = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in sorted(words, key=words.get)), encoding="utf-8")
    (folder / "tokenizer.json").unlink()
    edit("tokenizer_config.json", tokenizer_class="BertTokenizer", do_lower_case=False)(folder)
    return folder


def merges_alone(folder: Path) -> Path:
    """RoBERTa with vocab.json and merges.txt and no tokenizer.json."""
    bytes_bpe(folder)
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]), encoding="utf-8")
    merges = (" ".join(pair) if isinstance(pair, list) else pair for pair in model["merges"])
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{pair}\n" for pair in merges), encoding="utf-8")
    (folder / "tokenizer.json").unlink()
    edit("tokenizer_config.json", tokenizer_class="RobertaTokenizer", add_prefix_space=False)(folder)
    return folder


def of_bytes(folder: Path) -> Path:
    """ByT5: bytes, and so no file of a vocabulary."""
    from transformers import ByT5Tokenizer, T5Config, T5EncoderModel

    folder.mkdir(parents=True)
    ByT5Tokenizer(model_max_length=80).save_pretrained(folder)
    config = T5Config(vocab_size=384, d_model=32, d_kv=8, d_ff=32, num_layers=2, num_heads=2, pad_token_id=0)
    return random(T5EncoderModel(config), folder)


def of_characters(folder: Path) -> Path:
    """CANINE: characters by their number."""
    from transformers import CanineConfig, CanineModel, CanineTokenizer

    folder.mkdir(parents=True)
    CanineTokenizer(model_max_length=80).save_pretrained(folder)
    config = CanineConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, num_hash_functions=4,
                          num_hash_buckets=64, max_position_embeddings=128, local_transformer_stride=32)  # fmt: skip
    return random(CanineModel(config, add_pooling_layer=False), folder)


def added_and_resized(folder: Path) -> Path:
    """BERT with two words added as tokens, and rows for them."""
    from transformers import AutoModel, AutoTokenizer

    tiny_bert(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["drinks", "maziwa"])
    tokenizer.save_pretrained(folder)
    model = AutoModel.from_pretrained(folder, add_pooling_layer=False)
    model.resize_token_embeddings(len(tokenizer))
    return random(model, folder)


def kept_settings(folder: Path) -> Path:
    """BERT whose tokenizer.json says to cut at 12 tokens and to pad to 16, as that of all-MiniLM-L6-v2 does."""
    from tokenizers import Tokenizer

    tiny_bert(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(12)
    tokenizer.enable_padding(length=16, pad_token="[PAD]")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def architecture(name: str, start: Make = tiny_bert, **more: Any) -> Make:
    """A model of another architecture, with a tokenizer out of `tiny` or `made`."""

    def make(folder: Path) -> Path:
        from transformers import CONFIG_MAPPING, AutoModel

        start(folder)
        old = json.loads((folder / "config.json").read_text())
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64} | more
        words = {"vocab_size": old["vocab_size"], "pad_token_id": old.get("pad_token_id", 0)}
        config = CONFIG_MAPPING[name](**(sizes | words | more))
        for key in ("bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"):
            if getattr(config, key, None) is not None and getattr(config, key) >= old["vocab_size"]:
                setattr(config, key, None)
        (folder / "config.json").unlink()
        return random(AutoModel.from_config(config), folder)

    return make


def as_the_hub_keeps_it(start: Make) -> Make:
    """A snapshot of the hub's cache: each file is a link to a blob that lies elsewhere, fetched by Git LFS."""

    def make(folder: Path) -> Path:
        start(folder)
        blobs = folder.parent / f"{folder.name}-blobs"
        shutil.move(folder, blobs)
        for path in [one for one in blobs.rglob("*") if one.is_file()]:
            link = folder / path.relative_to(blobs)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
        return folder

    return make


def in_a_folder_of_its_own(start: Make) -> Make:
    """As sentence-transformers before release 2.0 saved it: the transformer below 0_Transformer."""

    def make(folder: Path) -> Path:
        start(folder)
        inner = folder / "0_Transformer"
        inner.mkdir()
        for path in [one for one in folder.iterdir() if one.is_file()]:
            if path.name not in ("modules.json", "config_sentence_transformers.json", "README.md"):
                path.rename(inner / path.name)
        listed = json.loads((folder / "modules.json").read_text())
        listed[0]["path"] = "0_Transformer"
        (folder / "modules.json").write_text(json.dumps(listed))
        return folder

    return make
