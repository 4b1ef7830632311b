"""Query translation."""

from __future__ import annotations

from dataclasses import dataclass

from methods.base import Method, option, register


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


@register
class Nmt(Method):
    """The query is translated into English, and the teacher searches with the translation.

    Encoder: the student start; the decoder sees its states with position encodings. Decoder: small, its embeddings and
    layers taken from the student start, its cross-attention new. It first learns to write English from the teacher's states
    of the English side alone (no translation in it), then encoder and decoder are trained on the same bitext and the same
    number of pairs as every other method: `L = -1/T sum_t log p(y_t | y_<t, x)`. With `copying` the English sides of a
    share of these very pairs are also copied (x = y), at the cost of so many more steps.
    """

    name = "nmt"
    summary = "many-to-English translation of the query, searched by the teacher"
    reference = "encoder-decoder from pre-trained checkpoints: Rothe et al. 2020, arXiv 1907.12461"
    kind = "translate"
    translator = "neural"
    version = 3
    highlight = 3
    Params = NmtParams
