from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bench.base.errors import BenchError
from bench.encoders.encoder import Encoder
from bench.encoders.fingerprint import fingerprint
from bench.encoders.load import load_encoder
from bench.encoders.states.cache import teacher_states
from tests.tiny import SENTENCES, tiny_bert, write_encoder_json

TEXTS = list(SENTENCES)


class Counting:
    """Loads an encoder and writes down what it is asked to encode."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[list[str]] = []

    def __call__(self) -> Encoder:
        encoder = load_encoder(self.name)
        plain = encoder.encode

        def encode(texts, *args, **kwargs):
            self.asked.append(list(texts))
            return plain(texts, *args, **kwargs)

        encoder.encode = encode  # type: ignore[method-assign]
        return encoder


@pytest.fixture
def name(tmp_path: Path) -> str:
    return str(tiny_bert(tmp_path / "model"))


def test_states_are_those_of_the_encoder(name: str) -> None:
    load = Counting(name)
    states = teacher_states(load, name, TEXTS, "query", dtype=np.float32)
    expected = load_encoder(name).encode(TEXTS, "query")
    assert np.array_equal(states.pooled, expected.pooled)
    assert np.array_equal(states.tokens.vectors, expected.tokens.vectors)
    assert np.array_equal(states.tokens.offsets, expected.tokens.offsets)
    assert np.array_equal(states.ids, expected.ids)
    half = teacher_states(load, name, TEXTS, "query")
    assert half.tokens.vectors.dtype == np.float16
    assert np.allclose(half.tokens.vectors, expected.tokens.vectors, atol=5e-3)


def test_every_text_is_encoded_once(name: str) -> None:
    load = Counting(name)
    first = teacher_states(load, name, TEXTS[:10], "query")
    again = teacher_states(load, name, TEXTS[:10], "query")
    assert len(load.asked) == 1 and isinstance(again.tokens.vectors, np.memmap)
    assert np.array_equal(first.pooled, again.pooled)
    # Another list, in another order, with repetitions: only what is new is computed.
    mixed = [TEXTS[12], TEXTS[3], TEXTS[12], TEXTS[0], TEXTS[11], TEXTS[3]]
    states = teacher_states(load, name, mixed, "query")
    assert load.asked[1:] == [[TEXTS[12], TEXTS[11]]]
    expected = load_encoder(name).encode(mixed, "query")
    assert np.allclose(states.pooled, expected.pooled, atol=1e-5)
    assert np.allclose(states.tokens.vectors, expected.tokens.vectors, atol=5e-3)
    assert np.array_equal(states.tokens.offsets, expected.tokens.offsets)
    assert np.array_equal(states.ids, expected.ids)


def test_what_changes_the_states_changes_the_key(name: str) -> None:
    load = Counting(name)
    teacher_states(load, name, TEXTS, "query")
    teacher_states(load, name, TEXTS, "passage")
    teacher_states(load, name, TEXTS, "query", max_length=5)
    teacher_states(load, name, TEXTS, "query", dtype=np.float32)
    assert len(load.asked) == 4
    write_encoder_json(Path(name), query_prefix="query: ")
    prefixed = teacher_states(load, name, TEXTS, "query")
    assert len(load.asked) == 5
    assert np.allclose(prefixed.pooled, load_encoder(name).encode(TEXTS, "query").pooled, atol=1e-5)


def test_an_interrupted_run_leaves_nothing(name: str) -> None:
    def broken() -> Encoder:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teacher_states(broken, name, TEXTS, "query")
    states = Path(os.environ["XLSD_CACHE"]) / "states"
    assert not [path for path in states.rglob("*") if path.is_file() and path.suffix != ".lock"]
    load = Counting(name)
    assert len(teacher_states(load, name, TEXTS, "query")) == len(TEXTS) and len(load.asked) == 1


def test_two_at_a_time_compute_once(name: str) -> None:
    load = Counting(name)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: teacher_states(load, name, TEXTS, "query"), range(2)))
    assert len(load.asked) == 1
    assert np.array_equal(both[0].pooled, both[1].pooled)


def test_nothing_to_encode_is_an_error(name: str) -> None:
    with pytest.raises(BenchError, match="no texts"):
        teacher_states(Counting(name), name, [], "query")


def test_states_that_were_changed_on_disk_are_made_again(tmp_path: Path) -> None:
    name = str(tiny_bert(tmp_path / "m"))
    first = np.array(teacher_states(lambda: load_encoder(name), name, TEXTS, "query").pooled)
    [kept] = (tmp_path / "cache" / "states").rglob("pooled.npy")
    time = kept.stat().st_mtime_ns
    np.save(kept, np.zeros_like(first))
    os.utime(kept, ns=(time, time))
    assert (teacher_states(lambda: load_encoder(name), name, TEXTS, "query").pooled == first).all()
    kept.unlink()
    again = teacher_states(lambda: load_encoder(name), name, TEXTS[:2], "query").pooled
    assert np.allclose(again, first[:2], atol=1e-5)


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_model_of_the_same_size_and_time_is_another_model(tmp_path: Path, file: str) -> None:
    folder = tiny_bert(tmp_path / "m")
    before, stat = fingerprint(folder), (folder / file).stat()
    content = bytearray((folder / file).read_bytes())
    content[-2] ^= 1
    (folder / file).write_bytes(content)
    os.utime(folder / file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (folder / file).stat().st_size == stat.st_size and fingerprint(folder) != before
