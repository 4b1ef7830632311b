"""The tokenizer of a model, and whether it is one that its texts can be trusted to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.encoders.directory.files import UNBOUNDED
from bench.encoders.directory.weights import loading

RIGHT = "right"


def load_tokenizer(folder: Path, name: str, lower: bool = False) -> Any:
    """The tokenizer in a directory.

    Args:
        folder: with the tokenizer's files.
        name: of the model, in messages.
        lower: texts are put into lower case first, as `do_lower_case` of sentence-transformers asks.

    Raises:
        BenchError: it cannot be loaded without code of its own, knows no words, or marks texts with types of their own.
    """
    from transformers import AutoTokenizer

    with loading(name, "tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
        vocabulary = set(tokenizer.get_vocab())
    if not vocabulary - set(tokenizer.all_special_tokens) - set(map(str, tokenizer.added_tokens_decoder.values())):
        raise BenchError(f"the tokenizer of {name} knows no words: its files in {folder} are missing or of another model",
                         "copy tokenizer.json and tokenizer_config.json to where the weights are")  # fmt: skip
    if lower:
        _lower(tokenizer, name)
    with loading(name, "tokenizer"):
        first = tokenizer("a", return_token_type_ids=True) if "token_type_ids" in tokenizer.model_input_names else {}
    if any(first.get("token_type_ids") or ()):
        raise BenchError(f"the tokenizer of {name} marks the tokens of a text with types", "understood: type 0 throughout")
    return tokenizer


def check_rows(tokenizer: Any, rows: int, name: str) -> None:
    """Raise a `BenchError` where tokens have no row in the word embedding."""
    vocabulary = tokenizer.get_vocab()
    if beyond := sorted((number, token) for token, number in vocabulary.items() if number >= rows):
        count = f"{len(beyond)} token{'s' if len(beyond) > 1 else ''}"
        raise BenchError(
            f"the tokenizer of {name} has {count} without an embedding, e.g. {beyond[0][1]!r}: it knows {len(vocabulary):,} "
            f"tokens up to number {beyond[-1][0]:,}, the embedding has {rows:,} rows",
            "tokens were added without model.resize_token_embeddings(len(tokenizer)); take the tokenizer that the model has",
        )


def check_template(tokenizer: Any, name: str) -> None:
    """Raise a `BenchError` for a bare transformer whose texts sentence-transformers would put into a chat."""
    if getattr(tokenizer, "chat_template", None):
        raise BenchError(f"the tokenizer of {name} has a chat template, into which sentence-transformers puts every text",
                         "an encoder.json beside the model says that texts are to be read as they are")  # fmt: skip


def check_side(tokenizer: Any, pooling: str, name: str) -> None:
    """Raise a `BenchError` for a tokenizer that pads on the left, unless the last token is what counts (decoders)."""
    if tokenizer.padding_side != RIGHT and pooling != "lasttoken":
        raise BenchError(f"the tokenizer of {name} pads on the left, where positions of tokens would move",
                         "set padding_side to right in tokenizer_config.json if the model was trained so")  # fmt: skip


def own_length(tokenizer: Any, positions: int | None) -> int | None:
    """The length that tokenizer and position table state; None where neither does."""
    stated = [n for n in (int(tokenizer.model_max_length), positions) if n and 0 < n < UNBOUNDED]
    return min(stated) if stated else None


def _lower(tokenizer: Any, name: str) -> None:
    from tokenizers.normalizers import Lowercase, Sequence

    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise BenchError(f"{name} asks for text in lower case (do_lower_case), which its slow tokenizer cannot be told",
                         "save the model with a tokenizer that lowers")  # fmt: skip
    old = backend.normalizer
    parts: list[Any] = [] if old is None else [*old] if isinstance(old, Sequence) else [old]  # type: ignore[misc]
    if not any(isinstance(part, Lowercase) for part in parts):
        backend.normalizer = Sequence([Lowercase(), *parts])
