"""A small experiment on made data with a tiny encoder: what `make chaos` runs with `--made`, and the tests."""

from __future__ import annotations

from pathlib import Path

from tests.own_data import beir, collection, queries
from tests.tiny import tiny_xlmr, write_encoder_json

NAME = "tiny"
PROFILE = """
name: {name}
models: {{teacher: encoder, student: encoder}}
data: {{suite: data}}
grid: {{methods: [{methods}], sizes: [2]}}
training: {{pairs: {pairs}, batch_size: 8, max_length: 90}}
hardware: {{precision: float32, workers: {workers}, threads: 1, checkpoint_minutes: 0.001}}
"""


def made(base: Path, methods: str = "untrained, optical, contrastive", pairs: int = 1600, workers: int = 2) -> Path:
    """Data, encoder and profile in `base`; the profile's file."""
    collection(base / "data", {"news": beir()})
    encoder = tiny_xlmr(base / "encoder", texts=[text for code in ("sw", "am", "en") for _, text in queries(code, 30)])
    write_encoder_json(encoder, query_prefix="query: ", passage_prefix="passage: ", pooling="mean", max_length=90)
    (base / "p.yaml").write_text(PROFILE.format(name=NAME, methods=methods, pairs=pairs, workers=workers))
    return base / "p.yaml"
