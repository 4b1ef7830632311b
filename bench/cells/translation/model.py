"""A small many-to-English translator whose encoder is the student start."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import EncoderDecoderModel
from transformers.modeling_outputs import BaseModelOutput

from bench.base.errors import BenchError
from bench.cells.translation.head_loss import cross_entropy, output_layer, without
from bench.cells.translation.pointer import pointer_loss, pointer_of
from bench.encoders.encoder import Encoder, TokenizedText
from bench.encoders.space import Space


@dataclass(frozen=True)
class EnglishVocabulary:
    """Subwords that the decoder can write: those of the English training side.

    Attributes:
        ids: (V,) ids in the full tokenizer, ascending.
        pad, start, end: rows (0 .. V-1) of the special tokens.
    """

    ids: np.ndarray
    pad: int
    start: int
    end: int

    @classmethod
    def of(cls, encoder: Encoder, texts: Sequence[TokenizedText]) -> EnglishVocabulary:
        tokenizer = encoder.tokenizer
        specials = [tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id]
        if specials[1] is None:  # BERT's names for the same things
            specials[1:] = [tokenizer.cls_token_id, tokenizer.sep_token_id]
        ids = np.unique(np.concatenate([np.array(specials), *(np.array(text.ids) for text in texts)]))
        pad, start, end = np.searchsorted(ids, specials)
        return cls(ids, int(pad), int(start), int(end))

    def rows(self, text: TokenizedText) -> list[int]:
        """Rows of the content tokens of a text, then the end token."""
        content = [token for token, keep in zip(text.ids, text.content, strict=True) if keep]
        return [*np.searchsorted(self.ids, content).tolist(), self.end]


def build(encoder: Encoder, vocabulary: EnglishVocabulary, layers: int, space: Space | None = None) -> EncoderDecoderModel:
    """Encoder-decoder on top of a copy-free `encoder`; decoder weights from the same checkpoint.

    Word, position and type embeddings and the first `layers` layers (self-attention, feed-forward) are
    copied; cross-attention and output head start random. Output and input embeddings are tied.

    With a `space`, the decoder attends to states in that space (centred, of norm sqrt(d)), as all methods do: raw states all
    point nearly the same way. What that alone is worth has not been measured.

    Raises:
        BenchError: layers behind the encoder give its states another width than its own.
    """
    from transformers import AutoModelForCausalLM

    if encoder.dim != (width := encoder.model.config.hidden_size):
        raise BenchError(
            f"a decoder made of {encoder.name} has {width} numbers a token, but would read states of {encoder.dim}",
            "take a ready translation model: nmt(model=DIR or hub name)",
        )
    config = copy.deepcopy(encoder.model.config)
    config.num_hidden_layers = layers
    config.is_decoder, config.add_cross_attention = True, True
    config.tie_word_embeddings = True
    config.vocab_size = len(vocabulary.ids)
    config.pad_token_id, config.bos_token_id, config.eos_token_id = vocabulary.pad, vocabulary.start, vocabulary.end
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    decoder = AutoModelForCausalLM.from_config(config)
    body = decoder.base_model
    source = encoder.model
    rows = torch.from_numpy(vocabulary.ids)
    if encoder.id_map is not None:
        rows = encoder.id_map[rows]
    with torch.no_grad():
        weights = dict(source.state_dict())
        own = body.state_dict()
        for name, tensor in own.items():
            if name.startswith("embeddings.word_embeddings"):
                tensor.copy_(weights[name][rows])
            elif name in weights and weights[name].shape == tensor.shape:
                tensor.copy_(weights[name])
    decoder.tie_weights()
    # Putting the two together initialises anew what transformers has not loaded itself: the trimmed embedding of the
    # encoder, the copied weights of the decoder. What they were is put back.
    kept = [(part, {name: tensor.clone() for name, tensor in part.state_dict().items()}) for part in (source, decoder)]
    given = [part.config for part, _ in kept]
    model = EncoderDecoderModel(encoder=source, decoder=decoder)
    for (part, weights), before in zip(kept, given, strict=True):
        part.load_state_dict(weights)
        # Each part has a copy of its configuration now. Layers with the old one would not follow where attention is switched.
        for module in part.modules():
            if getattr(module, "config", None) is before:
                module.config = part.config
    model.space = space  # type: ignore[assignment]
    for settings in (model.config, model.generation_config):
        settings.pad_token_id, settings.eos_token_id = vocabulary.pad, vocabulary.end
        settings.decoder_start_token_id, settings.bos_token_id = vocabulary.start, vocabulary.start
    return model


def attended(model: EncoderDecoderModel, states: Tensor, mask: Tensor) -> Tensor:
    """(B, L, d) what the decoder attends to: encoder states, in the model's space if it has one, and where they stand.

    The last states of a retrieval encoder hardly tell positions, and a small decoder that cannot tell them loses its place
    in the sentence. So the sine waves of Vaswani et al. (2017, arXiv 1706.03762) are added, counted over the mask.
    """
    space: Any = getattr(model, "space", None)
    if space is not None:
        states = space.tokens(states) * math.sqrt(states.shape[-1])
    places = (mask.long().cumsum(1) - 1).clamp_min(0)
    return states + sine_waves(states.shape[1], states.shape[2]).to(states.device)[places]


def sine_waves(length: int, d: int) -> Tensor:
    """(length, d) position encodings: d/2 sines, then d/2 cosines, of wavelengths from 2 pi to 20,000 pi."""
    angles = torch.arange(length)[:, None] * torch.exp(-math.log(1e4) * torch.arange(0, d, 2) / d)
    return torch.cat([angles.sin(), angles.cos()], 1)


def token_loss(
    model: EncoderDecoderModel, states: Tensor, mask: Tensor, target: Tensor, pad: int, source: Tensor | None = None
) -> Tensor:
    """Mean cross-entropy of the English tokens given encoder states.

    Args:
        states: (B, L, d) encoder states; mask: (B, L) tokens that may be attended to.
        target: (B, T) rows of the English vocabulary, padded with `pad`.
        source: (B, L) rows of the source tokens, as `pointer.source_rows`: of a decoder with a pointer, which may copy them.
    """
    states = attended(model, states, mask).to(next(model.decoder.parameters()).dtype)
    start = torch.full_like(target[:, :1], int(model.config.decoder_start_token_id or 0))
    inputs = torch.cat([start, target[:, :-1]], 1)
    seen = torch.cat([torch.ones_like(start, dtype=torch.bool), target[:, :-1] != pad], 1)
    asked: dict[str, Any] = {
        "input_ids": inputs, "attention_mask": seen.long(), "encoder_hidden_states": states,
        "encoder_attention_mask": mask.long(), "use_cache": False,
    }  # fmt: skip
    head = output_layer(model.decoder)
    if head is None:
        logits = model.decoder(**asked).logits
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), target.flatten(), ignore_index=pad)
    with without(head):
        before = model.decoder(**asked).logits
    pointer = pointer_of(model)
    if pointer is not None and source is not None:
        return pointer_loss(pointer, before, head, states, mask, source, target, pad)
    real = target != pad
    return cross_entropy(before[real], head, target[real])


@torch.inference_mode()
def greedy(model: EncoderDecoderModel, states: Tensor, mask: Tensor, max_tokens: int) -> Tensor:
    """(B, T) greedily decoded rows. Greedy, not beam: one pass a token, and the same on every machine."""
    states = attended(model, states, mask)
    return model.generate(  # type: ignore[misc, return-value]
        encoder_outputs=BaseModelOutput(last_hidden_state=states), attention_mask=mask.long(),
        max_new_tokens=max_tokens, num_beams=1, do_sample=False, no_repeat_ngram_size=4,
    )  # fmt: skip
