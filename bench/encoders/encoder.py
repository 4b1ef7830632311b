"""Text to token states: tokenising, batching, and the model's last hidden states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.base.ragged import Ragged
from bench.encoders.device import autocast_dtype
from bench.encoders.device.inference import quick
from bench.encoders.directory.pooling import pool
from bench.encoders.directory.uncut import uncut
from bench.encoders.head import Head
from bench.encoders.spec import EncoderSpec

Progress = Callable[[float], None]
# Tokens of a batch. On a processor larger batches leave its cache and are slower; a GPU wants to be filled.
CPU_TOKENS, GPU_TOKENS = 1024, 32768


@dataclass(frozen=True)
class TokenizedText:
    """One text as the model sees it.

    Attributes:
        ids: token ids, specials and prefix included.
        content: True where a token belongs to the text itself; at least one is True.
    """

    ids: list[int]
    content: list[bool]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Batch:
    """Padded texts, each tensor (B, L): int64 ids, bool masks (attention: all real tokens; content: the text's)."""

    input_ids: Tensor
    attention_mask: Tensor
    content_mask: Tensor

    def to(self, device: str | torch.device) -> Batch:
        parts = (self.input_ids, self.attention_mask, self.content_mask)
        return Batch(*(part.to(device, non_blocking=True) for part in parts))

    def __len__(self) -> int:
        return self.input_ids.shape[0]


Row = tuple[np.ndarray, np.ndarray, np.ndarray]  # of a text: pooled vector, token rows, token ids


@dataclass(frozen=True)
class Encoded:
    """Raw (neither centred nor normalised) states of n texts, in memory or memory-mapped.

    Attributes:
        pooled: (n, d) float32.
        tokens: rows of the content tokens of each text, (T, d) float16 or float32.
        ids: (T,) int32 token ids of those rows.
    """

    pooled: np.ndarray
    tokens: Ragged
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.pooled)

    def token_ids(self, i: int) -> np.ndarray:
        """Ids of the content tokens of text `i`."""
        return self.ids[self.tokens.offsets[i] : self.tokens.offsets[i + 1]]

    def row(self, i: int) -> Row:
        """Pooled vector, token rows and token ids of text `i`."""
        return self.pooled[i], self.tokens[i], self.token_ids(i)

    @classmethod
    def from_rows(cls, rows: Sequence[Row]) -> Encoded:
        """Put texts together (a copy)."""
        pooled, tokens, ids = zip(*rows, strict=True)
        return cls(np.stack(pooled), Ragged.from_list(tokens), np.concatenate(ids))


class Encoder:
    """A transformer, its tokenizer and its specification.

    Attributes:
        model: a `torch.nn.Module` called as `model(input_ids=, attention_mask=)`, giving `.last_hidden_state`.
        tokenizer: a `transformers` tokenizer.
        spec: prefixes, pooling, length.
        longest: most tokens that the model can take; `spec.max_length` is only where texts are cut by default.
        id_map: (size of the tokenizer,) int64 row of the embedding of every token id, where the embedding was
            trimmed (see `vocabulary.trim`); None where ids are rows.
        kept_ids: (rows,) int64 token id of every row of a trimmed embedding, ascending; None where not trimmed.
        precision: of `encode`: `float32`, `bf16`, or `auto` (see `autocast_dtype`).
        head: layers behind the model that its states go through; None where there are none.
    """

    def __init__(self, model: Any, tokenizer: Any, spec: EncoderSpec, *, name: str = "", path: Path | None = None,
                 longest: int | None = None, id_map: Tensor | None = None, kept_ids: Tensor | None = None,
                 precision: str = "float32", head: Head | None = None) -> None:  # fmt: skip
        self.model = model
        self.tokenizer = tokenizer
        self.spec = spec
        self.name = name
        self.path = path
        self.longest = longest or spec.max_length
        self.id_map = id_map
        self.kept_ids = kept_ids
        self.precision = precision
        self.head = head
        self._prefix_ids: dict[str, list[int]] = {}

    @property
    def dim(self) -> int:
        """Width of the states."""
        own = self.head.dim if self.head is not None else None
        return own or int(self.model.config.hidden_size)

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def to(self, device: str | torch.device) -> Encoder:
        """Move the model to `device`, in place."""
        self.model.to(device)
        if self.head is not None:
            self.head.to(device)
        return self

    def tokenize(self, texts: Sequence[str], kind: str = "query", max_length: int | None = None) -> list[TokenizedText]:
        """Token ids with prefix and specials, cut to `max_length` tokens (default: the specification's;
        never more than the model can take).

        A text without any content token has its last token (a special one) marked as content, so that no
        text is ever left without a vector.
        """
        prefix = self.spec.prefix(kind)
        if not len(texts):
            return []
        length = min(max_length or self.spec.length(kind), self.longest)
        encoded = self.tokenizer([prefix + text for text in texts], truncation=True, max_length=length,
                                 return_attention_mask=False, return_token_type_ids=False,
                                 return_special_tokens_mask=True)  # fmt: skip
        head = self.prefix_ids(prefix)
        result = []
        for ids, special in zip(encoded["input_ids"], encoded["special_tokens_mask"], strict=True):
            content = [not flag for flag in special]
            if head:
                # The prefix is what a text has in common with the prefix alone, after the leading specials.
                at = content.index(True) if True in content else len(content)
                for token in head:
                    if at >= len(ids) or not content[at] or ids[at] != token:
                        break
                    content[at] = False
                    at += 1
            if ids and not any(content):
                content[-1] = True
            result.append(TokenizedText(list(ids), content))
        return result

    def lengths(self, texts: Sequence[str], kind: str = "query") -> np.ndarray:
        """(n,) tokens of each text with prefix and special tokens, uncut; much faster than `tokenize`."""
        prefixed = [self.spec.prefix(kind) + text for text in texts]
        return np.fromiter((len(found) for found in uncut(self.tokenizer, prefixed)), np.int64, len(prefixed))

    def prefix_ids(self, prefix: str) -> list[int]:
        """Token ids of a prefix, without special tokens."""
        if prefix not in self._prefix_ids:
            whole = self.tokenizer.convert_tokens_to_ids(prefix) if prefix else None
            if whole is not None and whole != self.tokenizer.unk_token_id:
                ids = [whole]  # a token of its own, perhaps with a space at its end
            else:
                ids = self.tokenizer(prefix.strip(), add_special_tokens=False)["input_ids"] if prefix.strip() else []
            self._prefix_ids[prefix] = list(ids)
        return self._prefix_ids[prefix]

    def collate(self, items: Sequence[TokenizedText]) -> Batch:
        """Pad to the longest text (on the right); ids are rows of the embedding, also of a trimmed one."""
        width = max(len(item) for item in items)
        ids = np.full((len(items), width), self.tokenizer.pad_token_id or 0, dtype=np.int64)
        attention = np.zeros((len(items), width), dtype=bool)
        content = np.zeros((len(items), width), dtype=bool)
        for row, item in enumerate(items):
            ids[row, : len(item)] = item.ids
            attention[row, : len(item)] = True
            content[row, : len(item)] = item.content
        rows = torch.from_numpy(ids)
        if self.id_map is not None:
            rows = self.id_map[rows]  # the padding token keeps its row, see `vocabulary.trim`
        return Batch(rows, torch.from_numpy(attention), torch.from_numpy(content))

    def states(self, batch: Batch, given: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Last hidden states (B, L, d) and pooled states (B, d), both raw; with autograd where it is enabled.

        With a head both have gone through it. `given` (B, L, d) is what the model starts from in place of its ids.

        Rows of the hidden states that are padding are meaningless: mask them with `batch.content_mask`.
        """
        # Without padding the mask is left out: attention without one is faster and gives the same states. (Looked at before
        # it is moved: a GPU would have to be waited for.)
        full = bool(batch.attention_mask.all())
        batch = batch.to(self.device)
        start = {"input_ids": batch.input_ids} if given is None else {"inputs_embeds": given}
        hidden = self.model(**start, attention_mask=None if full else batch.attention_mask.long()).last_hidden_state
        source = hidden if self.head is None else self.head.before(hidden)
        pooled = pool(source, None if full else batch.attention_mask, self.spec.pooling)
        return (hidden, pooled) if self.head is None else (self.head.tokens(hidden), self.head.pooled(pooled))

    @contextmanager
    def encoding(self) -> Iterator[None]:
        """While the block runs, `states` computes as `encode` does: in its precision, without gradients and without dropout."""
        training, fast = self.model.training, autocast_dtype(self.precision, self.device)
        self.model.eval()
        try:
            computing = torch.autocast(self.device.type, fast, enabled=fast is not None)
            with torch.inference_mode(), quick(self.model, fast), computing:
                yield
        finally:
            self.model.train(training)

    def encode(self, texts: Sequence[str], kind: str = "query", batch_tokens: int | None = None,
               progress: Progress | None = None, max_length: int | None = None,
               dtype: type = np.float32) -> Encoded:  # fmt: skip
        """States of all texts, in their order, without gradients and without dropout.

        Args:
            batch_tokens: tokens of a batch, padding included; None chooses by device.
            progress: called with the share done, in (0, 1].
            dtype: of the token rows, `np.float32` or `np.float16`.
        """
        return self.encode_tokenized(self.tokenize(texts, kind, max_length), batch_tokens, progress, dtype)

    def encode_tokenized(self, items: Sequence[TokenizedText], batch_tokens: int | None = None,
                         progress: Progress | None = None, dtype: type = np.float32,
                         given: Callable[[Sequence[int]], Tensor] | None = None) -> Encoded:  # fmt: skip
        """`encode` for texts that are tokenised already; `given` is asked for what the model starts from with these items."""
        offsets = np.zeros(len(items) + 1, dtype=np.int64)
        np.cumsum([sum(item.content) for item in items], out=offsets[1:])
        pooled = np.empty((len(items), self.dim), dtype=np.float32)
        tokens: np.ndarray = np.empty((int(offsets[-1]), self.dim), dtype=dtype)
        ids = np.empty(int(offsets[-1]), dtype=np.int32)
        budget = batch_tokens or (CPU_TOKENS if self.device.type == "cpu" else GPU_TOKENS)
        done = 0
        with self.encoding():
            for chosen in token_batches([len(item) for item in items], budget):
                batch = self.collate([items[i] for i in chosen])
                hidden, mean = self.states(batch, None if given is None else given(chosen))
                pooled[chosen] = mean.float().cpu().numpy()
                rows = hidden[batch.content_mask.to(hidden.device)].float().cpu().numpy()
                at = 0
                for i in chosen:
                    count = int(offsets[i + 1] - offsets[i])
                    tokens[offsets[i] : offsets[i + 1]] = rows[at : at + count]
                    item = items[i]
                    ids[offsets[i] : offsets[i + 1]] = [t for t, c in zip(item.ids, item.content, strict=True) if c]
                    at += count
                done += len(chosen)
                if progress:
                    progress(done / len(items))
        return Encoded(pooled, Ragged(tokens, offsets), ids)

    def tokenizer_bytes(self) -> bytes:
        """The tokenizer as bytes: equal for tokenizers that split alike."""
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        if backend is not None:
            return backend.to_str().encode("utf-8")
        files = b"".join(path.read_bytes() for path in sorted(self.path.glob("*.model"))) if self.path is not None else b""
        return repr((type(self.tokenizer).__name__, sorted(self.tokenizer.get_vocab().items()))).encode("utf-8") + files


def token_batches(lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Positions grouped by similar length, longest first, so that rows x longest row <= `batch_tokens`.

    A text longer than the budget is a batch of its own. Equal lengths keep their order.
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    batches: list[list[int]] = []
    for i in order.tolist():
        # Longest first: the width of a batch is the length of its first text.
        if batches and lengths[batches[-1][0]] * (len(batches[-1]) + 1) <= batch_tokens:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches
