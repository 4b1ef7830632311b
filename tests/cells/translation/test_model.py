import math
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bench.cells.translation.model import EnglishVocabulary, attended, build, greedy, sine_waves, token_loss
from bench.encoders.encoder import Encoder
from bench.training.arithmetic.attention import attention
from tests.made_suite import World, made_world

LAYERS = 1


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def encoder(world: World) -> Encoder:
    return world.context.student.start()


@pytest.fixture
def vocabulary(world: World, encoder: Encoder) -> EnglishVocabulary:
    return EnglishVocabulary.of(encoder, encoder.tokenize(world.context.texts.english, "query"))


def test_rows_are_the_content_and_an_end(world: World, encoder: Encoder, vocabulary: EnglishVocabulary):
    texts = world.context.texts.english[:20]
    for text, item in zip(texts, encoder.tokenize(texts, "query"), strict=True):
        rows = vocabulary.rows(item)
        assert rows[-1] == vocabulary.end and not {vocabulary.pad, vocabulary.start, vocabulary.end} & set(rows[:-1])
        assert encoder.tokenizer.decode(vocabulary.ids[rows[:-1]]).strip() == text  # without "query: "


def test_vocabulary_is_that_of_the_english_side(world: World, encoder: Encoder, vocabulary: EnglishVocabulary):
    tokenizer = encoder.tokenizer
    assert (np.diff(vocabulary.ids) > 0).all() and len(vocabulary.ids) < len(encoder.kept_ids)
    named = [vocabulary.ids[row] for row in (vocabulary.pad, vocabulary.start, vocabulary.end)]
    assert named == [tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id]


def test_layers_of_both_parts_follow_where_attention_is_switched(encoder: Encoder, vocabulary: EnglishVocabulary):
    """Whatever holds a configuration: parts that were put together have new ones."""
    model = build(encoder, vocabulary, LAYERS)
    layers = [module for module in model.modules() if "SelfAttention" in type(module).__name__]
    assert len(layers) == encoder.model.config.num_hidden_layers + LAYERS
    with attention(model, "cpu") as attends:
        assert attends == "eager"
        assert {layer.config._attn_implementation for layer in layers} == {"eager"}
    assert {layer.config._attn_implementation for layer in layers} == {"sdpa"}


def test_decoder_starts_from_the_encoder(encoder: Encoder, vocabulary: EnglishVocabulary):
    model = build(encoder, vocabulary, LAYERS)
    decoder, source = model.decoder.base_model, encoder.model
    # Rows of the trimmed embedding are looked up by token id, not by position.
    rows = np.searchsorted(encoder.kept_ids.numpy(), vocabulary.ids)
    words = decoder.embeddings.word_embeddings.weight
    assert torch.equal(words, source.embeddings.word_embeddings.weight[torch.from_numpy(rows)])
    assert torch.equal(decoder.embeddings.position_embeddings.weight, source.embeddings.position_embeddings.weight)
    assert len(decoder.encoder.layer) == LAYERS
    own, theirs = decoder.encoder.layer[0].state_dict(), source.encoder.layer[0].state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in theirs.items())
    assert any("crossattention" in name for name, _ in decoder.named_parameters())


def test_embeddings_are_tied_and_the_encoder_is_no_copy(encoder: Encoder, vocabulary: EnglishVocabulary):
    model = build(encoder, vocabulary, LAYERS)
    assert model.decoder.get_output_embeddings().weight is model.decoder.get_input_embeddings().weight
    assert model.encoder is encoder.model
    shared = {id(p) for p in model.encoder.parameters()} & {id(p) for p in model.decoder.parameters()}
    assert not shared


def test_loss_is_the_mean_over_tokens_whatever_the_padding(encoder: Encoder, vocabulary: EnglishVocabulary):
    torch.manual_seed(0)
    model = build(encoder, vocabulary, LAYERS).eval()
    states, mask = torch.randn(2, 4, 32), torch.tensor([[True] * 4, [True, True, False, False]])
    pad, end = vocabulary.pad, vocabulary.end
    other = [row for row in range(len(vocabulary.ids)) if row not in (pad, end, vocabulary.start)]
    long, short = [other[0], other[5], other[2], end], [other[3], end, pad, pad]
    together = token_loss(model, states, mask, torch.tensor([long, short]), pad).item()
    one = token_loss(model, states[:1], mask[:1], torch.tensor([long]), pad).item()
    two = token_loss(model, states[1:, :2], mask[1:, :2], torch.tensor([short[:2]]), pad).item()
    assert together == pytest.approx((4 * one + 2 * two) / 6, rel=1e-4)


def test_loss_is_that_of_writing_token_by_token(encoder: Encoder, vocabulary: EnglishVocabulary):
    """Nothing of the future may be seen: not at the first token either, whose row once was masked like padding."""
    torch.manual_seed(0)
    model = build(encoder, vocabulary, LAYERS).eval()
    batch = encoder.collate(items := encoder.tokenize(["cat dog", "milk"], "query"))
    states, mask = encoder.states(batch)[0].detach(), batch.content_mask
    targets = [vocabulary.rows(item) for item in items]
    losses = []
    for row, target in enumerate(targets):
        for length in range(len(target)):
            inputs = torch.tensor([[vocabulary.start, *target[:length]]])
            seen = attended(model, states, mask)[row : row + 1]
            logits = model.decoder(
                input_ids=inputs, encoder_hidden_states=seen, encoder_attention_mask=mask[row : row + 1].long(), use_cache=False
            ).logits[0, -1]  # fmt: skip
            losses.append(-logits.log_softmax(0)[target[length]].item())
    padded = torch.nn.utils.rnn.pad_sequence([torch.tensor(t) for t in targets], True, vocabulary.pad)
    assert token_loss(model, states, mask, padded, vocabulary.pad).item() == pytest.approx(np.mean(losses), rel=1e-4)


def test_greedy_ends_and_is_bounded(encoder: Encoder, vocabulary: EnglishVocabulary):
    torch.manual_seed(0)
    model = build(encoder, vocabulary, LAYERS).eval()
    rows = greedy(model, torch.randn(3, 4, 32), torch.ones(3, 4, dtype=torch.bool), 5)
    assert rows.shape[0] == 3 and rows.shape[1] <= 6
    assert (rows[:, 0] == vocabulary.start).all() and rows.max() < len(vocabulary.ids)


def test_what_is_attended_to_tells_places_apart():
    model, d = SimpleNamespace(space=None), 8
    states = torch.zeros(2, 4, d)
    mask = torch.tensor([[False, True, True, True], [True, True, False, False]])
    found = attended(model, states, mask)
    # Counted over the mask: the first token that may be attended to is at place 0, whatever precedes it.
    assert torch.equal(found[0, 1:4], sine_waves(3, d)) and torch.equal(found[1, :2], sine_waves(2, d))
    distances = torch.cdist(sine_waves(48, 384), sine_waves(48, 384)) + 100 * torch.eye(48)
    assert distances.min() > 1
    assert sine_waves(3, 4)[2].tolist() == pytest.approx([math.sin(2), math.sin(0.02), math.cos(2), math.cos(0.02)])
