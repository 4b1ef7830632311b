"""From a stream of documents to a collection on disk and its index. Every step is done once; an interrupted one goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from bench.base.errors import BenchError
from bench.base.once import once, one_at_a_time
from bench.base.paths import atomic_write
from bench.data.documents import Document, DocumentStream
from bench.encoders.space import Space
from bench.retrieval.large.codec import TokenCodec
from bench.retrieval.large.coded import write_inverse_lengths
from bench.retrieval.large.index import LargeIndex, Probes
from bench.retrieval.large.lists import build_lists, sample_size
from bench.retrieval.large.shards import ENCODED_AT_ONCE, Encode, Shards, digest, write_shard

CODEC_DOCUMENTS = 2048  # the first documents, on whose tokens the quantiser is trained
CODEC_TOKENS = 1 << 18  # of their tokens that it sees (400 MB at 384 dimensions)
Report = Callable[[float], None]


def encode_collection(folder: Path, documents: DocumentStream, encode: Encode, bits: int, shard: int, report: Report) -> Shards:
    """The documents in `folder`, encoded as far as it is not there yet; nothing is read once it is complete.

    Args:
        documents: what to encode.
        encode: texts -> raw states.
        bits: of a dimension of a token vector, 4 or 8.
        shard: documents a shard.
        report: told the share done, if the number of documents is known.

    Raises:
        BenchError: no documents, an id occurs twice, other documents than when the encoding began, no room.
    """
    complete = folder / "complete.json"
    folder.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(folder / ".lock"):
        if not _all_there(complete):
            count = _encode(folder, documents, encode, bits, shard, report)
            _open(folder, count).check_unique()
            atomic_write(complete, json.dumps({"shards": count}))
    return _open(folder, int(json.loads(complete.read_text())["shards"]))


def _all_there(complete: Path) -> bool:
    """A shard that was deleted, as damage is to be mended, is made again."""
    if not complete.exists():
        return False
    return all((complete.parent / f"{number:05d}").is_dir() for number in range(int(json.loads(complete.read_text())["shards"])))


def _open(folder: Path, count: int) -> Shards:
    return Shards([folder / f"{number:05d}" for number in range(count)], TokenCodec.load(folder / "codec.npz"))


def _encode(folder: Path, documents: DocumentStream, encode: Encode, bits: int, shard: int, report: Report) -> int:
    codec = _codec(folder / "codec.npz", documents, encode, bits)
    count, seen = 0, 0

    def done(encoded: int) -> None:
        nonlocal seen
        seen += encoded
        if documents.count:
            report(min(1.0, seen / documents.count))

    for batch in _batches(documents.read(), shard):
        ids, texts = [name for name, _ in batch], [text for _, text in batch]
        place = folder / f"{count:05d}"
        if place.is_dir():
            if json.loads((place / "shard.json").read_text())["digest"] != digest(ids, texts):
                raise BenchError(
                    f"the documents are not those that {folder} was begun with", "delete the folder; it is made anew"
                )
            done(len(ids))
        else:
            once(place, partial(write_shard, ids=ids, texts=texts, encode=encode, codec=codec, done=done))
        count += 1
    return count


def _codec(path: Path, documents: DocumentStream, encode: Encode, bits: int) -> TokenCodec:
    if not path.exists():
        texts = [text for _, text in islice(documents.read(), CODEC_DOCUMENTS)]
        if not texts:
            raise BenchError("there are no documents to search", "check the documents of the task")
        starts = range(0, len(texts), ENCODED_AT_ONCE)
        sample = [_some(encode(texts[at : at + ENCODED_AT_ONCE])[1].vectors, CODEC_TOKENS // len(starts)) for at in starts]
        TokenCodec.train(np.concatenate(sample), bits).save(path)
    return TokenCodec.load(path)


def _some(vectors: np.ndarray, most: int) -> np.ndarray:
    """At most so many rows, evenly spread, as float32 (a copy, so that the others can go)."""
    return np.array(vectors[:: -(-len(vectors) // most) or 1], dtype=np.float32)


def _batches(documents: Iterable[Document], size: int) -> Iterator[list[Document]]:
    rest = iter(documents)
    while batch := list(islice(rest, size)):
        yield batch


def index_collection(
    folder: Path, shards: Shards, space: Space, candidates: int, probes: Probes, device: str = "cpu"
) -> LargeIndex:
    """The index of an encoded collection in a space; what depends on the space is computed once, under `folder`."""
    final = folder / f"space-{space_name(space)}"

    def valid(place: Path) -> bool:
        """As in `_all_there`."""
        return all((place / "lengths" / shard.folder.name).is_file() for shard in shards.shards)

    derived = once(final, partial(_derive, final=final, shards=shards, space=space), valid)
    return LargeIndex(shards, derived, space, candidates, probes, device)


def space_name(space: Space) -> str:
    """What tells a space from others."""
    content = (space.token_mean, space.token_centring.directions, space.pooled_mean, space.pooled_centring.directions)
    return hashlib.sha256(b"".join(part.tobytes() for part in content)).hexdigest()[:16]


def _derive(folder: Path, final: Path, shards: Shards, space: Space) -> None:
    (folder / "lengths").mkdir()
    for shard in shards.shards:
        write_inverse_lengths(folder / "lengths" / shard.folder.name, shard, shards.codec, space)
    positions = np.linspace(0, len(shards) - 1, sample_size(len(shards))).astype(np.int64)
    sample = space.pooled(shards.pooled(np.unique(positions)))
    build_lists(folder, final, sample, lambda: ((one.first, space.pooled(one.pooled())) for one in shards.shards))
