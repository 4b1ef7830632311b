"""A decoder that may copy: at each place it either writes a token of its vocabulary or points at one of the source.

    p(y) = g p_vocabulary(y) + (1 - g) sum over source tokens x_i = y of a_i

after See, Liu, Manning 2017 (arXiv 1704.04368, eq. 9; the idea: Gu et al. 2016, arXiv 1603.06393). a is an attention of its own
over the source, g a gate, both read from the state before the output layer. A token that the vocabulary, that of the English
side, does not have can be written all the same: names of languages that were never trained.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.base.errors import BenchError
from bench.cells.translation.head_loss import output_layer, without
from bench.encoders.encoder import TokenizedText

if TYPE_CHECKING:
    from transformers import EncoderDecoderModel

    from bench.cells.translation.model import EnglishVocabulary

OPEN = 2.0  # the gate as it starts, before the sigmoid: 0.88 for the vocabulary, which the decoder has already learnt to use
REPEATED = 4  # words in a row that are not written twice, as without a pointer


class Pointer(nn.Module):
    """Where to copy from, and whether.

    Args:
        width: of the decoder's states and of those that it attends to.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(2 * width, 1)
        nn.init.zeros_(self.gate.weight)
        nn.init.constant_(self.gate.bias, OPEN)

    def forward(self, before: Tensor, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, L) log probabilities of source places, -inf outside the mask, and (B, T) the gate before its sigmoid.

        Args:
            before: (B, T, d) states before the output layer.
            states: (B, L, d) what the decoder attends to; mask: (B, L) tokens that may be copied.
        """
        scores = self.query(before) @ self.key(states).mT / math.sqrt(before.shape[-1])
        places = scores.float().masked_fill(~mask[:, None], -torch.inf).log_softmax(-1)
        seen = places.exp().to(states.dtype) @ states
        return places, self.gate(torch.cat([before, seen], -1)).squeeze(-1).float()


def add_pointer(model: EncoderDecoderModel, width: int) -> None:
    """Give the decoder a pointer, which is trained with it.

    Raises:
        BenchError: its output layer is not the last thing that it does.
    """
    if output_layer(model.decoder) is None:
        raise BenchError(
            f"a decoder of the kind {type(model.decoder).__name__} has no output layer to put a pointer beside",
            "leave pointer out, or take a student of the kinds BERT or XLM-RoBERTa",
        )
    model.decoder.pointer = Pointer(width).to(next(model.decoder.parameters()).device)


def pointer_of(model: EncoderDecoderModel) -> Pointer | None:
    """The decoder's pointer, if it has one."""
    return getattr(model.decoder, "pointer", None)


def source_rows(vocabulary: EnglishVocabulary, texts: Sequence[TokenizedText]) -> Tensor:
    """(B, L) of each source token the row of the English vocabulary, -1 where that does not have it; padded with -1."""
    ids = _ids(texts)
    rows = np.minimum(np.searchsorted(vocabulary.ids, ids), len(vocabulary.ids) - 1)
    return torch.from_numpy(np.where(vocabulary.ids[rows] == ids, rows, -1))


def _ids(texts: Sequence[TokenizedText]) -> np.ndarray:
    ids = np.full((len(texts), max(map(len, texts))), -1, dtype=np.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text.ids
    return ids


def pointer_loss(
    pointer: Pointer, before: Tensor, head: nn.Linear, states: Tensor, mask: Tensor, source: Tensor, target: Tensor, pad: int
) -> Tensor:
    """Mean of `-log p(y)` over the target tokens.

    Args:
        before: (B, T, d) states before the output layer `head`.
        states, mask: as in `Pointer.forward`.
        source: (B, L) rows of the vocabulary, as `source_rows`.
        target: (B, T) rows, padded with `pad`.
    """
    real = target != pad
    places, gate = pointer(before, states, mask)
    same = (target[:, :, None] == source[:, None, :]) & mask[:, None]
    # A place that is not copied from has no share: a large negative number, whose gradient is 0 and not nan.
    copied = places.masked_fill(~same, -1e4).logsumexp(-1)[real]
    written = -F.cross_entropy(head(before[real]).float(), target[real], reduction="none")
    gate = gate[real]
    return -torch.logaddexp(F.logsigmoid(gate) + written, F.logsigmoid(-gate) + copied).mean()


@torch.inference_mode()
def greedy_with_copies(
    model: EncoderDecoderModel, vocabulary: EnglishVocabulary, states: Tensor, mask: Tensor, texts: Sequence[TokenizedText],
    embedded: Tensor, max_tokens: int,
) -> list[list[int]]:  # fmt: skip
    """Token ids (of the tokenizer) of each translation, the most probable token at each place.

    Args:
        states: (B, L, d) what the decoder attends to; mask: (B, L) content tokens.
        texts: the B sources.
        embedded: (B, L, d) word embeddings of the source tokens, for those that the decoder's own table does not have.
        max_tokens: of a translation.
    """
    pointer, head = pointer_of(model), output_layer(model.decoder)
    assert pointer is not None and head is not None, "the decoder has no pointer"
    size, device = len(vocabulary.ids), states.device
    ids = torch.from_numpy(_ids(texts)).to(device)
    rows = source_rows(vocabulary, texts).to(device)
    # A token that the vocabulary lacks has a number of its own behind it: that of the first place where it stands.
    first = (ids[:, :, None] == ids[:, None, :]).int().argmax(-1)
    numbers = torch.where(rows >= 0, rows, size + first)
    written = torch.full((len(texts), 1), vocabulary.start, device=device)
    over = torch.zeros(len(texts), dtype=torch.bool, device=device)
    past: Any = None
    for _ in range(max_tokens):
        last = written[:, -1:]
        with without(head), _looked_up(model, last, embedded, size):
            found = model.decoder(
                input_ids=torch.where(last < size, last, vocabulary.start), attention_mask=torch.ones_like(written),
                encoder_hidden_states=states, encoder_attention_mask=mask.long(), past_key_values=past, use_cache=True,
            )  # fmt: skip
        before, past = found.logits[:, -1:], found.past_key_values
        places, gate = pointer(before, states, mask)
        probable = torch.zeros(len(texts), size + ids.shape[1], device=device)
        probable[:, :size] = gate.sigmoid() * head(before[:, 0]).float().softmax(-1)
        probable.scatter_add_(1, numbers, (-gate).sigmoid() * places[:, 0].exp())
        probable[:, [vocabulary.pad, vocabulary.start]] = 0
        _no_repetition(probable, written)
        chosen = torch.where(over, vocabulary.pad, probable.argmax(-1))
        written = torch.cat([written, chosen[:, None]], 1)
        over = over | (chosen == vocabulary.end)
        if bool(over.all()):
            break
    special = {vocabulary.pad, vocabulary.start, vocabulary.end}
    return [
        [int(vocabulary.ids[row]) if row < size else texts[i].ids[row - size] for row in line if row not in special]
        for i, line in enumerate(written[:, 1:].tolist())
    ]


def _no_repetition(probable: Tensor, written: Tensor) -> None:
    """Takes away, in place, what would make `REPEATED` tokens in a row stand there twice."""
    for row, line in enumerate(written.tolist()):
        begun = line[len(line) - REPEATED + 1 :]
        for at in range(len(line) - REPEATED + 1):
            if len(line) >= REPEATED and line[at : at + REPEATED - 1] == begun:
                probable[row, line[at + REPEATED - 1]] = 0


@contextmanager
def _looked_up(model: EncoderDecoderModel, last: Tensor, embedded: Tensor, size: int) -> Iterator[None]:
    """The decoder's word embedding of a copied token is that of the source."""
    copied = (last >= size)[:, :, None]
    own = embedded.gather(1, (last - size).clamp_min(0)[:, :, None].expand(-1, -1, embedded.shape[-1]))

    def replaced(module: nn.Module, given: Any, vectors: Tensor) -> Tensor:
        return torch.where(copied, own.to(vectors.dtype), vectors)

    hook = model.decoder.get_input_embeddings().register_forward_hook(replaced)
    try:
        yield
    finally:
        hook.remove()
