"""Prefixes as tokens of their own, so that libraries which choose tokens by their ids can leave them out of scoring.

`:` of the prefix `passage: ` is also a token of texts. The bench knows a prefix by its place; sentence-transformers and
PyLate know the tokens that do not count by their ids. An export therefore gets new tokens, `<prefix:passage>` and
`<prefix::>`, whose embeddings are copies: the model sees what it always saw.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tokenizers import AddedToken
from torch import nn

from bench.base.errors import BenchError
from bench.encoders.encoder import Encoder

KINDS = ("query", "passage")


@dataclass(frozen=True)
class Marked:
    """An encoder whose prefixes are tokens of their own.

    Attributes:
        model: with an embedding row for every token.
        tokenizer: knows the new tokens.
        first: kind of text -> first token of its prefix; empty where there is no prefix.
        rest: kind of text -> what follows it, with the white space at the end of the prefix.
        unscored: tokens that never count: the new ones, and the special tokens around a text.
        originals: id of a new token -> id of the token that it is a copy of.
    """

    model: Any
    tokenizer: Any
    first: dict[str, str]
    rest: dict[str, str]
    unscored: list[str]
    originals: dict[int, int]

    @property
    def one_rest(self) -> bool:
        """Whether both prefixes go on alike, so that PyLate can put it before every text by itself."""
        return len(set(self.rest.values())) == 1


def mark(encoder: Encoder) -> Marked:
    """Give the prefixes of `encoder` tokens of their own. The model is changed in place, the tokenizer copied.

    Raises:
        BenchError: the vocabulary is trimmed.
    """
    if encoder.kept_ids is not None:
        raise BenchError("a trimmed vocabulary cannot be exported", "restore it first")
    tokenizer = copy.deepcopy(encoder.tokenizer)
    own = {kind: encoder.prefix_ids(encoder.spec.prefix(kind)) for kind in KINDS}
    names: dict[int, str] = {}
    for i in dict.fromkeys(i for ids in own.values() for i in ids):
        name = f"<prefix:{tokenizer.convert_ids_to_tokens(i).strip(' ▁Ġ#')}>"
        names[i] = name if name not in names.values() else f"{name[:-1]}:{i}>"
    tokenizer.add_tokens([AddedToken(name, normalized=False, special=True) for name in names.values()], special_tokens=True)
    originals = {int(tokenizer.convert_tokens_to_ids(name)): i for i, name in names.items()}
    _embed(encoder.model, originals, max(tokenizer.get_vocab().values()) + 1)
    first = {kind: names[ids[0]] if ids else "" for kind, ids in own.items()}
    rest = {}
    for kind, ids in own.items():
        prefix = encoder.spec.prefix(kind)
        rest[kind] = "".join(names[i] for i in ids[1:]) + prefix[len(prefix.rstrip()) :]
    around = tokenizer("a", return_special_tokens_mask=True)
    special = [i for i, flag in zip(around["input_ids"], around["special_tokens_mask"], strict=True) if flag]
    unscored = list(dict.fromkeys([*tokenizer.convert_ids_to_tokens(special), *names.values()]))
    return Marked(encoder.model, tokenizer, first, rest, unscored, originals)


def _embed(model: Any, originals: dict[int, int], rows: int) -> None:
    """Rows for exactly the tokens of the tokenizer: PyLate cuts the table to their number."""
    table = model.get_input_embeddings()
    large = nn.Embedding(rows, table.embedding_dim, padding_idx=table.padding_idx, dtype=table.weight.dtype)
    with torch.no_grad():
        kept = min(rows, table.num_embeddings)
        large.weight[:kept] = table.weight[:kept]
        for new, old in originals.items():
            large.weight[new] = table.weight[old]
    model.set_input_embeddings(large)
    model.config.vocab_size = rows


def check(encoder: Encoder, marked: Marked, texts: Sequence[str]) -> None:
    """Compare what the two libraries will make of `texts` with what `encoder` makes of them.

    Raises:
        BenchError: a text is cut into other tokens, or other tokens of it count; names library and text.
    """
    texts = [text for text in texts if text.strip()]  # PyLate strips: of white space nothing is left
    skipped = set(marked.tokenizer.convert_tokens_to_ids(marked.unscored))
    for kind in KINDS:
        length = min(encoder.spec.max_length, encoder.longest)
        first, rest = marked.first[kind], marked.rest[kind]
        seen = {"sentence-transformers": _ids(marked.tokenizer, [first + rest + text for text in texts], length)}
        inside = _ids(marked.tokenizer, [(rest + text).strip() for text in texts], length - bool(first))
        token = [marked.tokenizer.convert_tokens_to_ids(first)] if first else []
        seen["PyLate"] = [[*ids[:1], *token, *ids[1:]] for ids in inside]
        for library, found in seen.items():
            for text, one, ids in zip(texts, encoder.tokenize(texts, kind), found, strict=True):
                counts = np.array([i not in skipped for i in ids])
                # A text without any token of its own scores by a special token here, and not at all there.
                if [marked.originals.get(i, i) for i in ids] != one.ids or (counts.any() and counts.tolist() != one.content):
                    raise BenchError(
                        f"{library} would read the {kind} {text!r} otherwise than the bench does",
                        "the tokenizer treats text behind a token of its own in another way; please report the model",
                    )


def _ids(tokenizer: Any, texts: Sequence[str], length: int) -> list[list[int]]:
    found: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=length)["input_ids"]
    return found
