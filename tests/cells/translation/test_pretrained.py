"""Foreign seq2seq models, tiny and random: one with language codes (as NLLB), one without (as Marian)."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from bench.base.errors import BenchError
from bench.cells.translation.pretrained import Pretrained

CONTEXT = SimpleNamespace(key=SimpleNamespace(languages_file=None))
TEXTS = [("swh_Latn", "maji"), ("hau_Latn", "abba mia jami"), ("swh_Latn", "jam"), ("hau_Latn", "maji")]
SHAPE = dict(
    d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
    decoder_ffn_dim=32, max_position_embeddings=32,
)  # fmt: skip


def save(model, folder: Path) -> None:
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1:
            # Cross-attention must be loud, or a random model only repeats what it has written.
            torch.nn.init.normal_(parameter, std=3.0 if "encoder_attn" in name else 0.5)
    model.save_pretrained(str(folder))


@pytest.fixture(scope="module")
def nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    folder = tmp_path_factory.mktemp("nllb")
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    vocab = {piece: i for i, piece in enumerate([*specials, "▁", *"abijm", "ma", "ji"])}
    tokenizer = NllbTokenizer(
        vocab=vocab, merges=[("m", "a"), ("j", "i")], extra_special_tokens=["eng_Latn", "swh_Latn", "hau_Latn"]
    )
    tokenizer.save_pretrained(str(folder))
    torch.manual_seed(0)
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}
    save(M2M100ForConditionalGeneration(M2M100Config(vocab_size=len(tokenizer), **SHAPE, **ids)), folder)
    return folder


@pytest.fixture(scope="module")
def marian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import MarianConfig, MarianMTModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("marian")
    words = ["<pad>", "</s>", "<unk>", "en", "maji", "jam", "abba", "mia", "jami"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(str(folder))
    torch.manual_seed(0)
    ids = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0, "forced_eos_token_id": None}
    save(MarianMTModel(MarianConfig(vocab_size=len(words), **SHAPE, **ids)), folder)
    return folder


@pytest.mark.parametrize("kind", ["nllb", "marian"])
def test_one_text_per_input_whatever_its_batch(kind: str, request: pytest.FixtureRequest):
    translator = Pretrained(str(request.getfixturevalue(kind)), CONTEXT, 8)
    told: list[float] = []
    together = translator.translate([*TEXTS, TEXTS[0]], told.append)
    assert together == [translator.translate([one])[0] for one in TEXTS] + [together[0]]
    assert len(set(together)) > 1 and not any("<" in text or "_Latn" in text for text in together)
    assert told == sorted(told) and told[-1] == 1.0
    assert translator.translate([]) == []


def test_madlad_is_told_to_write_english(marian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By a token before the text; a model whose vocabulary does not have it gets the text alone."""
    calls = []

    def asked(folder: Path) -> list[int]:
        translator = Pretrained(str(folder), CONTEXT, 4)
        generate = translator.model.generate
        monkeypatch.setattr(translator.model, "generate", lambda **given: calls.append(given) or generate(**given))
        translator.translate([("swh_Latn", "maji")])
        return calls[-1]["input_ids"][0].tolist()

    assert asked(marian) == [4, 1]
    for path in marian.iterdir():
        content = path.read_bytes()
        (tmp_path / path.name).write_bytes(content.replace(b'"abba"', b'"<2en>"') if path.name == "tokenizer.json" else content)
    assert asked(tmp_path) == [6, 4, 1]


def test_source_language_and_english_are_named_to_the_model(nllb: Path, monkeypatch: pytest.MonkeyPatch):
    translator = Pretrained(str(nllb), CONTEXT, 8)
    calls = []
    generate = translator.model.generate
    monkeypatch.setattr(translator.model, "generate", lambda **given: calls.append(given) or generate(**given))
    translator.translate([("swh_Latn", "maji"), ("hau_Latn", "maji")])
    ids = translator.tokenizer.convert_tokens_to_ids
    assert [call["input_ids"][0, 0].item() for call in calls] == [ids("swh_Latn"), ids("hau_Latn")]
    assert {call["forced_bos_token_id"] for call in calls} == {ids("eng_Latn")}


def test_equals_greedy_decoding_by_hand(marian: Path):
    translator = Pretrained(str(marian), CONTEXT, 5)
    written = [0]
    source = torch.tensor([translator.tokenizer("abba mia jami")["input_ids"]])
    for _ in range(5):
        scores = translator.model(input_ids=source, decoder_input_ids=torch.tensor([written])).logits[0, -1]
        scores[0] = -torch.inf  # Marian never writes padding
        written.append(int(scores.argmax()))
        if written[-1] == 1:
            break
    [text] = translator.translate([("hau_Latn", "abba mia jami")])
    assert text == translator.tokenizer.decode(written, skip_special_tokens=True)


def test_max_tokens_bounds_the_translation(marian: Path):
    texts = Pretrained(str(marian), CONTEXT, 2).translate(TEXTS)
    assert all(len(text.split()) <= 2 for text in texts)


def test_unknown_language(nllb: Path):
    with pytest.raises(BenchError, match="no code for Amharic"):
        Pretrained(str(nllb), CONTEXT, 8).translate([("amh_Ethi", "ሰላም")])


def test_models_that_cannot_be_loaded(marian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BenchError, match="the hub does not answer") as error:
        Pretrained("nobody/no-such-model", CONTEXT, 8)
    assert "directory" in error.value.hint
    with pytest.raises(BenchError, match="no model directory"):
        Pretrained(str(tmp_path / "nothing"), CONTEXT, 8)
    with pytest.raises(BenchError, match="cannot load the translation model"):
        Pretrained(str(tmp_path), CONTEXT, 8)
    for path in marian.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"cut off")
    with pytest.raises(BenchError, match="cannot load the translation model"):
        Pretrained(str(tmp_path), CONTEXT, 8)
