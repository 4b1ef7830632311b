"""Teacher states on disk: every text is encoded once, whatever asks for it later."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from bench.base.content import content_hash
from bench.base.errors import BenchError
from bench.base.once import once
from bench.base.paths import cache_dir
from bench.base.ragged import Ragged
from bench.encoders.directory.modules import OWN
from bench.encoders.encoder import Encoded, Encoder, autocast_dtype
from bench.encoders.fingerprint import fingerprint
from bench.encoders.hub import split
from bench.encoders.load import model_folder
from bench.encoders.spec import ON_THE_HUB

Progress = Callable[[float], None]
PARTS = tuple(f"{name}.npy" for name in ("keys", "pooled", "tokens", "offsets", "ids"))
MADE = "content.json"  # hashes of the parts
PART = 32768  # texts of a list that are encoded before anything of them is kept
UNFINISHED = "part-"
Place = tuple[Encoded, int]  # of a text in a list


def teacher_states(encoder: Callable[[], Encoder], name: str, texts: Sequence[str], kind: str,
                   max_length: int | None = None, progress: Progress | None = None,
                   dtype: type = np.float16, device: str = "auto", precision: str = "float32",
                   digest: str = "") -> Encoded:  # fmt: skip
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
        digest: of the list, see `text_key`, where it is known; then the texts must differ, and are only read to be encoded.

    Raises:
        BenchError: no texts, the encoder cannot be loaded, or the cache cannot be written.
    """
    if not len(texts):
        raise BenchError("there are no texts to encode", "the suite has no documents or bitext for this choice of sources")
    unique = texts if digest else list(dict.fromkeys(texts))
    shelf = cache_dir() / "states" / _shelf(name, kind, max_length, dtype, device, precision)
    keys = [] if digest else [text_key(text) for text in unique]
    digest = digest or hashlib.sha256(b"".join(keys)).hexdigest()[:32]

    def encoded(some: Sequence[str], told: Progress | None) -> Encoded:
        return encoder().encode(list(some), kind, progress=told, max_length=max_length, dtype=dtype)

    def make(folder: Path) -> None:
        own = keys or [text_key(text) for text in unique]
        known = _known(shelf, own)
        missing = [i for i, key in enumerate(own) if key not in known]
        for number, start in enumerate(range(0, len(missing), PART)):
            part = missing[start : start + PART]

            def told(done: float, start: int = start, share: float = len(part) / max(1, len(missing))) -> None:
                if progress:
                    progress(start / len(missing) + share * done)

            states = encoded([unique[i] for i in part], told)
            if len(missing) > PART:
                # A long list is kept part by part: memory holds one of them, and a run that is stopped goes on from there.
                keep = partial(_write, keys=[own[i] for i in part], rows=[(states, n) for n in range(len(part))])
                states = _read(once(shelf / f"{UNFINISHED}{digest}-{number}-{own[part[0]].hex()[:16]}", keep, _as_made))
            known.update((own[i], (states, n)) for n, i in enumerate(part))
        _write(folder, own, [known[key] for key in own])

    found = _read(once(shelf / digest, make, _as_made))
    for part in shelf.glob(f"{UNFINISHED}{digest}-*"):
        shutil.rmtree(part, ignore_errors=True)
    if len(unique) == len(texts):
        return found
    place = {text: i for i, text in enumerate(unique)}
    return Encoded.from_rows([found.row(place[text]) for text in texts])


def text_key(text: str) -> bytes:
    """What a text is known by; the digest of a list of different texts is the sha256 of theirs, 32 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


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


def _known(shelf: Path, keys: Sequence[bytes]) -> dict[bytes, Place]:
    """Where states of these texts lie in other lists on the shelf, or in parts of lists."""
    wanted = set(keys)
    found: dict[bytes, Place] = {}
    for path in sorted([*shelf.glob("[0-9a-f]*/keys.npy"), *shelf.glob(f"{UNFINISHED}*/keys.npy")]):
        if not _as_made(path.parent):
            continue
        try:
            states, own = _read(path.parent), np.load(path, allow_pickle=False)
        except FileNotFoundError:  # another process has just finished its list, and removed its parts
            continue
        for i, key in enumerate(own):
            if (content := key.tobytes()) in wanted and content not in found:
                found[content] = states, i
    return found


def _write(folder: Path, keys: Sequence[bytes], rows: Sequence[Place]) -> None:
    """The files of a list, written text by text."""
    np.save(folder / "keys.npy", np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), -1))
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([states.tokens.offsets[i + 1] - states.tokens.offsets[i] for states, i in rows], out=offsets[1:])
    np.save(folder / "offsets.npy", offsets)
    first = rows[0][0]
    width = first.tokens.vectors.shape[1:]
    with ExitStack() as stack:
        pooled = stack.enter_context(_rows_file(folder / "pooled.npy", first.pooled.dtype, (len(rows), first.pooled.shape[1])))
        tokens = stack.enter_context(_rows_file(folder / "tokens.npy", first.tokens.vectors.dtype, (int(offsets[-1]), *width)))
        ids = stack.enter_context(_rows_file(folder / "ids.npy", first.ids.dtype, (int(offsets[-1]),)))
        for states, i in rows:
            for file, part in zip((pooled, tokens, ids), states.row(i), strict=True):
                file.write(np.ascontiguousarray(part).tobytes())
    (folder / MADE).write_text(json.dumps({name: content_hash(folder / name) for name in PARTS}), encoding="utf-8")


@contextmanager
def _rows_file(path: Path, dtype: np.dtype, shape: tuple[int, ...]) -> Iterator[BinaryIO]:
    """A .npy file whose content is written by whoever opens it: mapped, all that was written would count as memory."""
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        )
        yield file


def _as_made(folder: Path) -> bool:
    """Whether a stored list holds what was written; if not, its texts are encoded again. Older ones have no hashes."""
    note = folder / MADE
    try:
        made = json.loads(note.read_text(encoding="utf-8")) if note.exists() else dict.fromkeys(PARTS)
        return all(digest in (None, content_hash(folder / name)) for name, digest in made.items()) and bool(made)
    except (OSError, ValueError, AttributeError):
        return False


def _read(folder: Path) -> Encoded:
    def part(name: str, mode: Literal["r"] | None = None) -> np.ndarray:
        return np.load(folder / f"{name}.npy", mmap_mode=mode, allow_pickle=False)

    return Encoded(part("pooled", "r"), Ragged(part("tokens", "r"), part("offsets")), part("ids", "r"))
