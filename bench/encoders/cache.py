"""Teacher states on disk: every text is encoded once, whatever asks for it later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bench.base.content import content_hash
from bench.base.errors import BenchError
from bench.base.once import once
from bench.base.paths import cache_dir
from bench.base.ragged import Ragged
from bench.encoders.directory.modules import OWN
from bench.encoders.encoder import Encoder, autocast_dtype
from bench.encoders.fingerprint import fingerprint
from bench.encoders.hub import split
from bench.encoders.load import model_folder
from bench.encoders.spec import ON_THE_HUB

Progress = Callable[[float], None]
PARTS = tuple(f"{name}.npy" for name in ("keys", "pooled", "tokens", "offsets", "ids"))
MADE = "content.json"  # hashes of the parts
Row = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class TextStates:
    """Raw states of n texts, memory-mapped where possible.

    Attributes:
        pooled: (n, d) float32.
        tokens: content tokens of each text, (T, d) float16 or float32.
        ids: (T,) int32 token ids of those rows.
    """

    pooled: np.ndarray
    tokens: Ragged
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.pooled)

    def row(self, i: int) -> Row:
        """Pooled vector, token rows and token ids of text `i`."""
        start, end = self.tokens.offsets[i : i + 2]
        return self.pooled[i], self.tokens.vectors[start:end], self.ids[start:end]

    @classmethod
    def from_rows(cls, rows: Sequence[Row]) -> TextStates:
        """Put texts together (a copy)."""
        pooled, tokens, ids = zip(*rows, strict=True)
        return cls(np.stack(pooled), Ragged.from_list(tokens), np.concatenate(ids))


def teacher_states(encoder: Callable[[], Encoder], name: str, texts: Sequence[str], kind: str,
                   max_length: int | None = None, progress: Progress | None = None,
                   dtype: type = np.float16, device: str = "auto", precision: str = "float32") -> TextStates:  # fmt: skip
    """Raw states of `texts` by the encoder called `name`, in their order, computed once and then read.

    float16 rows take half the room; their cosines differ from those of float32 rows by less than 1e-4.

    Args:
        encoder: loads the encoder; called only when something has to be computed.
        name: what `load_encoder` was given; the files behind it are the key.
        kind, max_length: as in `Encoder.encode`.
        progress: called with the share done, in (0, 1]; not at all when everything is there.
        dtype: of the token rows, `np.float16` or `np.float32`.
        device: where the encoder runs ("auto": the first GPU, if there is one). States computed in bfloat16
            are kept apart from those in float32.
        precision: of the encoder: `float32`, `bf16` or `auto`.

    Raises:
        BenchError: no texts, the encoder cannot be loaded, or the cache cannot be written.
    """
    unique = list(dict.fromkeys(texts))
    if not unique:
        raise BenchError("there are no texts to encode", "the suite has no documents or bitext for this choice of sources")
    shelf = cache_dir() / "states" / _shelf(name, kind, max_length, dtype, device, precision)
    keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in unique]

    def make(folder: Path) -> None:
        rows = _known(shelf, keys)
        missing = [i for i, key in enumerate(keys) if key not in rows]
        if missing:
            encoded = encoder().encode([unique[i] for i in missing], kind, progress=progress,
                                       max_length=max_length, dtype=dtype)  # fmt: skip
            states = TextStates(encoded.pooled, encoded.tokens, encoded.ids)
            rows.update((keys[i], states.row(n)) for n, i in enumerate(missing))
        _write(folder, keys, TextStates.from_rows([rows[key] for key in keys]))

    found = _read(once(shelf / hashlib.sha256(b"".join(keys)).hexdigest()[:32], make, _as_made))
    if len(unique) == len(texts):
        return found
    place = {text: i for i, text in enumerate(unique)}
    return TextStates.from_rows([found.row(place[text]) for text in texts])


def _shelf(name: str, kind: str, max_length: int | None, dtype: type, device: str, precision: str) -> str:
    """Name of the folder of everything with one encoder and one way of encoding."""
    if device == "auto":
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
    computed = str(autocast_dtype(precision, device) or "float32").removeprefix("torch.")
    folder = model_folder(name)
    key: tuple[object, ...] = (fingerprint(folder), kind, max_length, np.dtype(dtype).name, computed)
    if told := ON_THE_HUB.get(split(name)[0], {}) if not (folder / OWN).exists() else {}:
        key += (sorted(told.items()),)  # prefixes that go by the name: a copy of the files in a folder has none
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]


def _known(shelf: Path, keys: Sequence[bytes]) -> dict[bytes, Row]:
    """Rows of these texts that other lists on the shelf have already."""
    wanted = set(keys)
    rows: dict[bytes, Row] = {}
    for path in sorted(shelf.glob("[0-9a-f]*/keys.npy")):
        if not _as_made(path.parent):
            continue
        states = _read(path.parent)
        for i, key in enumerate(np.load(path, allow_pickle=False)):
            if (content := key.tobytes()) in wanted and content not in rows:
                rows[content] = states.row(i)
    return rows


def _write(folder: Path, keys: Sequence[bytes], states: TextStates) -> None:
    np.save(folder / "keys.npy", np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), -1))
    np.save(folder / "pooled.npy", states.pooled)
    np.save(folder / "tokens.npy", states.tokens.vectors)
    np.save(folder / "offsets.npy", states.tokens.offsets)
    np.save(folder / "ids.npy", states.ids)
    (folder / MADE).write_text(json.dumps({name: content_hash(folder / name) for name in PARTS}), encoding="utf-8")


def _as_made(folder: Path) -> bool:
    """Whether a stored list holds what was written; if not, its texts are encoded again. Older ones have no hashes."""
    note = folder / MADE
    try:
        made = json.loads(note.read_text(encoding="utf-8")) if note.exists() else dict.fromkeys(PARTS)
        return all(digest in (None, content_hash(folder / name)) for name, digest in made.items()) and bool(made)
    except (OSError, ValueError, AttributeError):
        return False


def _read(folder: Path) -> TextStates:
    def part(name: str, mode: Literal["r"] | None = None) -> np.ndarray:
        return np.load(folder / f"{name}.npy", mmap_mode=mode, allow_pickle=False)

    return TextStates(part("pooled", "r"), Ragged(part("tokens", "r"), part("offsets")), part("ids", "r"))
