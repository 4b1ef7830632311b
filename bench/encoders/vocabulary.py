"""Small word embeddings: only the rows of tokens that occur.

A multilingual vocabulary has 250,000 pieces, of which an experiment touches a tenth to a half; the rest costs
memory, and time in the optimiser.
"""

from __future__ import annotations

import copy
import hashlib
import io
from collections.abc import Iterable, Sequence
from itertools import chain, islice

import numpy as np
import torch
from torch import nn

from bench.base.errors import BenchError
from bench.base.paths import atomic_write, cache_dir
from bench.base.used import used
from bench.encoders.directory.uncut import ids_of
from bench.encoders.encoder import Encoder

_CHUNK = 8192


def used_ids(encoder: Encoder, texts: Iterable[str], known_as: str = "") -> np.ndarray:
    """Ids of all tokens of these texts, read as queries, and of the prefixes and special tokens.

    Args:
        known_as: what stands for the texts, where something does: they are then read once, and need not be in memory.

    Returns:
        Sorted unique int64 ids. Kept in the cache folder, as tokenising a large suite takes a minute.
    """
    unique = texts if known_as else list(dict.fromkeys(texts))
    digest = hashlib.sha256(encoder.tokenizer_bytes())
    digest.update(repr(encoder.spec).encode())
    for text in (known_as,) if known_as else unique:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    path = used(cache_dir() / "vocabulary" / f"{digest.hexdigest()[:32]}.npy")
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError):
        pass
    prefixed = chain((encoder.spec.query_prefix + text for text in unique), [encoder.spec.passage_prefix])
    found: set[int] = set(encoder.tokenizer.all_special_ids)
    while part := list(islice(prefixed, _CHUNK)):
        found |= ids_of(encoder.tokenizer, part)
    result = np.array(sorted(found), dtype=np.int64)
    stream = io.BytesIO()
    np.save(stream, result)
    atomic_write(path, stream.getvalue())
    return result


def trim(encoder: Encoder, used: Sequence[str] | np.ndarray) -> Encoder:
    """A copy of `encoder` whose word embedding has only the rows of tokens that occur.

    Its states are those of the full encoder, bit for bit, for texts made of kept tokens; all other tokens
    are read as the unknown token. `Encoder.kept_ids` says which rows were kept.

    Args:
        encoder: a full encoder, left as it is.
        used: texts, or an array of token ids; special tokens are always kept.

    Raises:
        BenchError: the encoder is trimmed already.
    """
    if encoder.kept_ids is not None:
        raise BenchError(f"the vocabulary of {encoder.name or 'this encoder'} is trimmed already", "trim the full encoder")
    ids = np.asarray(used) if isinstance(used, np.ndarray) else used_ids(encoder, used)
    embedding = encoder.model.get_input_embeddings()
    assert isinstance(embedding, nn.Embedding)
    kept = _kept(encoder, ids, embedding.num_embeddings)

    unknown = encoder.tokenizer.unk_token_id
    rows = torch.full((max(len(encoder.tokenizer), embedding.num_embeddings),), -1, dtype=torch.int64)
    rows[kept] = torch.arange(len(kept))
    rows[rows < 0] = rows[unknown] if unknown is not None else 0

    small = nn.Embedding(len(kept), embedding.embedding_dim, padding_idx=embedding.padding_idx,
                         dtype=embedding.weight.dtype, device=embedding.weight.device)  # fmt: skip
    with torch.no_grad():
        small.weight.copy_(embedding.weight[kept.to(embedding.weight.device)])
    # The large table is left out of the copy: it alone is most of the model.
    memo: dict[int, object] = {id(embedding): small}
    model = copy.deepcopy(encoder.model, memo)
    model.config.vocab_size = len(kept)
    return Encoder(model, encoder.tokenizer, encoder.spec, name=encoder.name, path=encoder.path,
                   longest=encoder.longest, id_map=rows, kept_ids=kept, precision=encoder.precision,
                   head=encoder.head)  # fmt: skip


def restore(trimmed: Encoder, full: Encoder) -> Encoder:
    """`trimmed` with the whole vocabulary again: its (trained) weights, and the rows of `full` for what was cut.

    Args:
        trimmed: what `trim` made, trained or not; left as it is.
        full: an encoder with the full vocabulary, of the same shape; left as it is.

    Raises:
        BenchError: `trimmed` is not trimmed, or the two are not of one shape.
    """
    table = full.model.get_input_embeddings()
    small = trimmed.model.get_input_embeddings()
    assert isinstance(table, nn.Embedding) and isinstance(small, nn.Embedding)
    kept = trimmed.kept_ids
    if kept is None:
        raise BenchError("there is no vocabulary to restore: the encoder was not trimmed")
    if table.embedding_dim != small.embedding_dim or int(kept.max()) >= table.num_embeddings:
        raise BenchError(
            f"the full encoder has {table.num_embeddings} rows of {table.embedding_dim}, the trimmed one kept row "
            f"{int(kept.max())} of {small.embedding_dim}", "restore with the encoder that was trimmed")  # fmt: skip
    large = nn.Embedding(table.num_embeddings, table.embedding_dim, padding_idx=table.padding_idx,
                         dtype=small.weight.dtype, device=small.weight.device)  # fmt: skip
    with torch.no_grad():
        large.weight.copy_(table.weight)
        large.weight[kept.to(large.weight.device)] = small.weight
    large.weight.requires_grad_(small.weight.requires_grad)
    model = copy.deepcopy(trimmed.model, {id(small): large})
    model.config.vocab_size = table.num_embeddings
    return Encoder(model, full.tokenizer, trimmed.spec, name=trimmed.name, path=trimmed.path,
                   longest=full.longest, precision=trimmed.precision, head=trimmed.head)  # fmt: skip


def _kept(encoder: Encoder, ids: Iterable[int] | np.ndarray, rows: int) -> torch.Tensor:
    keep = set(np.asarray(ids).tolist()) | set(encoder.tokenizer.all_special_ids)
    # RoBERTa-like models find padding by its row, from which they count positions: rows up to it stay in place.
    padding = getattr(encoder.model.config, "pad_token_id", None)
    if padding is not None:
        keep.update(range(padding + 1))
    return torch.tensor(sorted(i for i in keep if 0 <= i < rows), dtype=torch.int64)
