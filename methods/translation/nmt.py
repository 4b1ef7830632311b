"""Query translation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from methods.base import Method, option, register
from methods.declaration import MethodError


@dataclass
class NmtParams:
    model: str = option("", "directory or hub name of a seq2seq model (NLLB, Marian); it is not trained. Empty: train our own")
    decoder_layers: int = option(2, "transformer layers of the decoder")
    english_passes: int = option(
        2, "passes over the English side that teach the decoder English before any bitext", search=(2, 4)
    )
    english_rate: float = option(2e-3, "learning rate of those passes")
    copying: float = option(
        0.0, "English sides that are copied in between, as a share of the pairs: so that English is not forgotten",
        search=(0.0, 0.5, 1.0),
    )  # fmt: skip
    decoder_rate: float = option(10.0, "learning rate of the decoder, as a multiple of the encoder's", search=(4.0, 10.0))
    max_tokens: int = option(48, "longest translation, in subword tokens")
    pairs: str = option(
        "budget", "budget: the pairs that every other method sees; all: every training pair of the cell's languages",
        choices=("budget", "all"), later=True,
    )  # fmt: skip
    epochs: int = option(1, "passes over the pairs, at most", later=True)
    patience: int = option(
        0, "training ends after so many checks without a lower dev loss, and the weights of the lowest are kept; 0: never",
        later=True,
    )  # fmt: skip
    pointer: bool = option(
        False, "the decoder may copy tokens of the query, such as names: also those that its vocabulary does not have", later=True
    )
    check_every: int = option(200, "steps between two checks of the dev loss", later=True)


@register
class Nmt(Method):
    """The query is translated into English, and the teacher searches with the translation.

    Encoder: the student start; the decoder sees its states with position encodings. Decoder: small, its embeddings and
    layers taken from the student start, its cross-attention new. It first learns to write English from the teacher's states
    of the English side alone (no translation in it), then encoder and decoder are trained on the same bitext and the same
    number of pairs as every other method: `L = -1/T sum_t log p(y_t | y_<t, x)`. With `copying` the English sides of a
    share of these very pairs are also copied (x = y), at the cost of so many more steps.

    With `pointer` the decoder may point at a token of the query in place of writing one of its vocabulary:
    `p(y) = g p_vocabulary(y) + (1 - g) sum_(x_i = y) a_i` (See, Liu, Manning 2017, arXiv 1704.04368; Gu et al. 2016, 1603.06393).

    That is a translator trained on few pairs. `pairs=all` takes every training pair of the languages, `epochs` passes over them
    at most, and with `patience` training ends when the dev loss no longer falls: what translation can do with the bitext that
    there is. `model` takes a translator that somebody else trained. Neither is budget-matched, and tables say so.
    """

    name = "nmt"
    summary = "many-to-English translation of the query, searched by the teacher"
    reference = "encoder-decoder from pre-trained checkpoints: Rothe et al. 2020, arXiv 1907.12461"
    kind = "translate"
    translator = "neural"
    when = {
        "pairs=all": {"role": "not budget-matched"},
        "epochs": {"role": "not budget-matched"},
        "model": {"role": "not budget-matched"},
    }  # fmt: skip
    version = 3
    highlight = 3
    Params = NmtParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        own = self.params
        if own.epochs < 1 or own.patience < 0 or own.check_every < 1:
            given = f"epochs={own.epochs}, patience={own.patience}, check_every={own.check_every}"
            raise MethodError(f"nmt: {given}: give at least 1 pass, a patience of 0 or more, at least 1 step between checks")
