"""A decoder that may copy: the mixture by hand, decoding, and names that its vocabulary does not have."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from bench.base.errors import BenchError
from bench.cells.cell import run_cell
from bench.cells.translation.model import EnglishVocabulary, attended, build, token_loss
from bench.cells.translation.neural import Translator
from bench.cells.translation.pointer import (
    Pointer,
    add_pointer,
    greedy_with_copies,
    pointer_loss,
    source_rows,
)
from bench.cells.translation.training import train_translator
from bench.encoders.encoder import Encoder, TokenizedText
from bench.training.settings import Training
from tests.made_suite import WORDS, World, made_world, translated

DIGITS = "0 1 2 3 4 5 6 7 8 9"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def text(*ids: int) -> TokenizedText:
    return TokenizedText(list(ids), [True] * len(ids))


def test_rows_of_the_source():
    vocabulary = EnglishVocabulary(np.array([0, 1, 2, 5, 9]), 1, 0, 2)
    assert source_rows(vocabulary, [text(5, 7, 9), text(2)]).tolist() == [[3, -1, 4], [2, -1, -1]]


def test_the_mixture_by_hand():
    torch.manual_seed(0)
    pointer, head = Pointer(6), nn.Linear(6, 5)
    nn.init.normal_(pointer.gate.weight)
    before, states = torch.randn(2, 3, 6), torch.randn(2, 4, 6)
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    source = torch.tensor([[3, -1, 3, 4], [2, 4, 4, -1]])
    target = torch.tensor([[3, 2, 1], [4, 1, 1]])  # 1 is the padding
    found = pointer_loss(pointer, before, head, states, mask, source, target, 1)
    losses = []
    for b, t in ((0, 0), (0, 1), (1, 0)):
        length = int(mask[b].sum())
        a = torch.softmax(pointer.query(before[b, t]) @ pointer.key(states[b, :length]).T / 6**0.5, 0)
        g = torch.sigmoid(pointer.gate(torch.cat([before[b, t], a @ states[b, :length]])))
        y = int(target[b, t])
        copied = sum((a[i] for i in range(length) if source[b, i] == y), torch.zeros(()))
        losses.append(-torch.log(g * torch.softmax(head(before[b, t]), 0)[y] + (1 - g) * copied))
    assert found.item() == pytest.approx(torch.cat(losses).mean().item(), rel=1e-5)
    found.backward()
    gradients = [p.grad for p in (*pointer.parameters(), *head.parameters())]
    assert all(one is not None and torch.isfinite(one).all() and one.abs().sum() > 0 for one in gradients)


def named(rng: np.random.Generator, count: int) -> tuple[list[str], list[str]]:
    """Texts in two made-up languages and their English sides: a word, and a number that stays as it is."""
    texts, english = [], []
    for _ in range(count):
        number, word = "".join(rng.choice(list("01234"), 3)), str(rng.choice(WORDS))
        both = [number, word] if rng.random() < 0.5 else [word, number]
        language = "swh_Latn" if rng.random() < 0.5 else "hau_Latn"
        english.append(" ".join(both))
        texts.append(" ".join(one if one == number else translated(one, language) for one in both))
    return texts, english


@pytest.fixture(scope="module")
def copier(world: World) -> tuple[Encoder, EnglishVocabulary, Any]:
    texts, english = named(np.random.default_rng(0), 3000)
    encoder = world.context.student.start([*texts, DIGITS])
    sources, targets = encoder.tokenize(texts, "query"), encoder.tokenize(english, "query")
    vocabulary = EnglishVocabulary.of(encoder, targets)
    torch.manual_seed(0)
    model = build(encoder, vocabulary, 1, world.context.teacher.space)
    add_pointer(model, encoder.dim)
    settings = Training(batch_size=16, learning_rate=2e-3, freeze_embeddings=True)
    train_translator(encoder, model, vocabulary, sources, targets, ([], []), settings, 4.0, 0, "32-true", lambda *_: None)
    return encoder, vocabulary, model


def test_names_of_an_untrained_language_are_copied(copier: tuple[Encoder, EnglishVocabulary, Any]):
    """Numbers of digits that no English side had: a decoder without a pointer has no token for them."""
    encoder, vocabulary, model = copier
    digits = {encoder.tokenizer.convert_tokens_to_ids(digit) for digit in "56789"}
    assert not digits & set(vocabulary.ids.tolist()) and encoder.tokenizer.unk_token_id not in digits
    rng = np.random.default_rng(5)
    numbers = ["".join(rng.choice(list("56789"), 3)) for _ in range(24)]
    asked = [("deu_Latn", f"{number} {translated(str(rng.choice(WORDS)), 'deu_Latn')}") for number in numbers]
    found = Translator(encoder, model, vocabulary, 8).translate(asked)
    own = [set(number) & set(text) for number, text in zip(numbers, found, strict=True)]
    assert sum(map(bool, own)) >= 18, found
    assert sum(number in text for number, text in zip(numbers, found, strict=True)) >= 2, found  # of so small a model


def test_decoding_takes_the_most_probable_token_of_the_mixture(copier: tuple[Encoder, EnglishVocabulary, Any]):
    """Step by step with what was kept of the steps before, as all at once."""
    encoder, vocabulary, model = copier
    items = encoder.tokenize(["432 tacs", "klims 104 sdaers"], "query")
    batch = encoder.collate(items)
    with torch.inference_mode():
        states, _ = encoder.states(batch)
        embedded = encoder.model.get_input_embeddings()(batch.input_ids)
        seen = attended(model, states, batch.content_mask)
        found = greedy_with_copies(model, vocabulary, seen, batch.content_mask, items, embedded, 6)
        for i, ids in enumerate(found):
            rows = np.searchsorted(vocabulary.ids, ids).tolist()[:3]  # before what is not written twice
            for at, row in enumerate(rows):
                losses = [
                    token_loss(model, states[i : i + 1], batch.content_mask[i : i + 1], torch.tensor([[*rows[:at], other]]),
                               vocabulary.pad, source_rows(vocabulary, items)[i : i + 1]).item() * (at + 1)
                    for other in range(len(vocabulary.ids)) if other != vocabulary.pad
                ]  # fmt: skip
                others = [other for other in range(len(vocabulary.ids)) if other != vocabulary.pad]
                assert others[int(np.argmin(losses))] == row


def test_alone_and_in_a_batch_the_same(copier: tuple[Encoder, EnglishVocabulary, Any]):
    encoder, vocabulary, model = copier
    translator = Translator(encoder, model, vocabulary, 8)
    texts = [("swh_Latn", text) for text in ("432 tacs", "klims 104 sdaers wens", "787 tacd", "kooBs")]
    together = translator.translate(texts)
    assert [translator.translate([one])[0] for one in texts] == together and translator.translate([]) == []


def test_nothing_is_written_twice_in_a_row_of_four(copier: tuple[Encoder, EnglishVocabulary, Any]):
    from bench.cells.translation.pointer import _no_repetition

    probable = torch.ones(2, 9)
    _no_repetition(probable, torch.tensor([[0, 5, 6, 7, 8, 5, 6, 7], [0, 5, 6, 7, 8, 5, 6, 8]]))
    assert probable[0].tolist() == [1, 1, 1, 1, 1, 1, 1, 1, 0] and probable[1].min() == 1


def test_a_decoder_of_another_kind(world: World):
    model = SimpleNamespace(decoder=nn.Linear(2, 2))
    with pytest.raises(BenchError, match="no output layer to put a pointer beside"):
        add_pointer(model, 2)  # type: ignore[arg-type]


def test_the_whole_cell(world: World):
    found = []
    for name in ("first", "second"):  # the decoder's English is made once and then read
        folder = world.out(name)
        method = "nmt(decoder_layers=1,english_passes=1,max_tokens=6,pointer=true)"
        found.append(run_cell(world.spec(method), folder, lambda *_: None) | {"folder": folder})
    first, second = (one["folder"] for one in found)
    assert found[0]["translation"]["languages"].keys() == {"hau_Latn", "swh_Latn"}
    for name in ("metrics.csv", "translations.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
