from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import bench.cells.translation.warmup
from bench.base.errors import BenchError
from bench.cells.translation.model import EnglishVocabulary, build
from bench.cells.translation.neural import Translator
from bench.cells.translation.training import train_decoder, train_translator
from bench.cells.translation.warmup import place, prepare_decoder, warm_up
from bench.encoders.encoder import Encoder
from bench.training.settings import Training
from tests.made_suite import WORDS, World, made_world

PARAMS = SimpleNamespace(decoder_layers=1, english_passes=1, english_rate=3e-3, model="")


def quiet(phase: str, share: float, *dev_loss: float) -> None:
    pass


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def start(world: World) -> tuple[Encoder, EnglishVocabulary, object]:
    encoder = world.context.student.start()
    vocabulary = EnglishVocabulary.of(encoder, encoder.tokenize(world.context.texts.english, "query"))
    torch.manual_seed(0)
    return encoder, vocabulary, build(encoder, vocabulary, 1, world.context.teacher.space)


def copying(world: World, passes: int = 1, dev: int = 4, precision: str = "32-true", **settings):
    """A translator that learns to copy single English words."""
    encoder, vocabulary, model = start(world)
    texts = encoder.tokenize(list(WORDS) * passes, "query")
    watched = texts[:dev]
    settings = Training(**{"freeze_embeddings": True, "batch_size": 5, "learning_rate": 1e-3} | settings)
    table = train_translator(encoder, model, vocabulary, texts, texts, (watched, watched), settings, 5.0, 0, precision, quiet)
    return encoder, vocabulary, model, table


@pytest.fixture(scope="module")
def copier(world: World):
    return copying(world, passes=60)


def test_copying_is_learned(copier):
    table = copier[3]
    dev = table["dev_loss"].dropna().tolist()
    assert len(dev) == 2 and dev[1] < 0.3 * dev[0]
    assert table["step"].max() == 180 and table["loss"].tail(10).mean() < 0.5 * table["loss"].head(10).mean()


def test_copying_is_learned_in_bfloat16_too(world: World):
    dev = copying(world, passes=30, precision="bf16-mixed")[3]["dev_loss"].dropna().tolist()
    assert dev[1] < 0.6 * dev[0]


def test_one_translation_a_text_in_order(copier):
    encoder, vocabulary, model, _ = copier
    translator = Translator(encoder, model, vocabulary, 12)
    told: list[float] = []
    texts = [("eng_Latn", word) for word in (*WORDS, WORDS[0])]
    found = translator.translate(texts, told.append)
    assert len(found) == len(texts) and found[0] == found[-1]
    assert sum(text == word for text, (_, word) in zip(found, texts, strict=True)) > 0.9 * len(texts)  # it copies
    assert [translator.translate([one])[0] for one in texts[:3]] == found[:3]
    assert told[-1] == 1.0 and translator.translate([]) == []


def test_the_same_seed_gives_the_same_weights(world: World):
    first, other = (copying(world, dev=0)[2].state_dict() for _ in range(2))
    assert all(torch.equal(tensor, other[name]) for name, tensor in first.items())


def test_rates_and_frozen_parts(world: World):
    before = {name: tensor.clone() for name, tensor in world.context.student.start().model.state_dict().items()}
    encoder, _, model, table = copying(world, dev=0, freeze_embeddings=True, freeze_layers=1, warmup=0.0)
    moved = {name for name, tensor in encoder.model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved and all(name.startswith("encoder.layer.1.") for name in moved)
    # The rate written down is the encoder's; the decoder's is a multiple of it.
    assert table["learning_rate"].tolist() == pytest.approx([1e-3, 5e-4, 0.0])
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_a_loss_that_is_no_number(world: World):
    encoder, vocabulary, model = start(world)
    bad = [np.full((2, 32), np.nan, dtype=np.float32)] * 3
    with pytest.raises(BenchError, match="translation loss became nan at step 0"):
        train_decoder(model, bad, [[5, vocabulary.end]] * 3, vocabulary.pad, 1, Training(), "32-true", quiet)


def test_the_decoder_learns_english_from_states(world: World):
    encoder, vocabulary, model = start(world)
    states = encoder.encode(list(WORDS), "query")
    targets = [vocabulary.rows(text) for text in encoder.tokenize(list(WORDS), "query")]
    frozen = {name: tensor.clone() for name, tensor in encoder.model.state_dict().items()}
    settings = Training(freeze_embeddings=True, batch_size=5, learning_rate=5e-3)
    train_decoder(model, [states.tokens[i] for i in range(len(WORDS))], targets, vocabulary.pad, 60, settings, "32-true", quiet)
    found = Translator(encoder, model, vocabulary, 12).translate([("eng_Latn", word) for word in WORDS])
    assert sum(text == word for text, word in zip(found, WORDS, strict=True)) > 0.9 * len(WORDS)
    assert all(torch.equal(tensor, frozen[name]) for name, tensor in encoder.model.state_dict().items())


def test_warm_up_is_trained_once_and_then_read(world: World, monkeypatch: pytest.MonkeyPatch):
    context = world.context
    method = SimpleNamespace(params=PARAMS)
    prepare_decoder(context, method, "32-true", quiet)
    assert place(context, PARAMS, "32-true").exists()

    def no_training(*_):
        raise AssertionError("trained twice")

    monkeypatch.setattr(bench.cells.translation.warmup, "train_decoder", no_training)
    prepare_decoder(context, method, "32-true", quiet)
    decoders = []
    for _ in range(2):
        encoder, vocabulary, model = start(world)
        fresh = {name: tensor.clone() for name, tensor in model.decoder.state_dict().items()}
        warm_up(context, encoder, model, vocabulary, PARAMS, "32-true", quiet)
        decoders.append(model.decoder.state_dict())
    assert all(torch.equal(tensor, decoders[1][name]) for name, tensor in decoders[0].items())
    assert any(not torch.equal(tensor, fresh[name]) for name, tensor in decoders[1].items())
    assert model.decoder.get_output_embeddings().weight is model.decoder.get_input_embeddings().weight


def test_without_passes_nothing_is_trained(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench.cells.translation.warmup, "train_decoder", None)
    encoder, vocabulary, model = start(world)
    before = {name: tensor.clone() for name, tensor in model.decoder.state_dict().items()}
    warm_up(world.context, encoder, model, vocabulary, SimpleNamespace(english_passes=0), "32-true", quiet)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.decoder.state_dict().items())


def test_each_setting_of_the_decoder_has_a_place_of_its_own(world: World):
    places = {
        place(world.context, SimpleNamespace(**vars(PARAMS) | change), precision)
        for change in ({}, {"decoder_layers": 2}, {"english_passes": 2}, {"english_rate": 1e-3})
        for precision in ("32-true", "bf16-mixed")
    }
    assert len(places) == 8
