from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bench.base.errors import BenchError
from bench.encoders.cache import teacher_states
from bench.encoders.encoder import Encoder
from bench.encoders.load import load_encoder
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
