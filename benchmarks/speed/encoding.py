"""Text to token vectors and pooled vectors."""

from __future__ import annotations

from typing import Any

import torch

from bench.encoders.device import autocast_dtype
from bench.encoders.directory.weights import quiet
from bench.encoders.encoder import Encoder
from bench.encoders.load import load_encoder
from benchmarks.speed.material import Material
from benchmarks.speed.race import OURS, Contestant, Row, has_bfloat16, missing, race, settle

PART = "encoding"


def measure(material: Material, device: str, repeats: int, rates: dict[str, float]) -> list[Row]:
    """Ours in float32 and in the precision of the machine, against sentence-transformers in both."""
    ours = {precision: load_encoder(material.model, device, precision) for precision in ("auto", "float32")}
    lengths = ours["auto"].lengths(material.queries)
    work = f"{len(material.queries)} queries of {lengths.mean():.0f} tokens: states of tokens and of the text"
    flop = operations(ours["auto"], int(lengths.clip(max=ours["auto"].spec.max_length).sum()))
    quick = "bfloat16" if autocast_dtype("auto", device) else "float32"
    contestants = [Contestant(f"{OURS}, {quick}", lambda: ours["auto"].encode(material.queries), flop, quick)]
    if quick != "float32":
        contestants.append(Contestant(f"{OURS}, float32", lambda: ours["float32"].encode(material.queries), flop))
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        rest = missing(PART, work, "sentence-transformers", "pip install -e '.[dev]'")
        return [*race(PART, work, contestants, repeats, rates), rest]
    texts = [ours["auto"].spec.prefix("query") + text for text in material.queries]
    for name, dtype in [("float32", torch.float32), ("bfloat16", torch.bfloat16)][: 1 + has_bfloat16(rates)]:
        with quiet():
            model = SentenceTransformer(str(ours["auto"].path), device=device, model_kwargs={"dtype": dtype})
        model.max_seq_length = ours["auto"].spec.max_length
        contestants.append(Contestant(f"sentence-transformers, {name}", _encode(model, texts, device), flop, name))
    return race(PART, work, contestants, repeats, rates)


def operations(encoder: Encoder, tokens: int) -> float:
    """Of the products with weights: two a weight and token; embeddings are looked up, not multiplied."""
    weights = sum(layer.weight.numel() for layer in encoder.model.modules() if isinstance(layer, torch.nn.Linear))
    return 2.0 * weights * tokens


def _encode(model: Any, texts: list[str], device: str) -> Any:
    def run() -> None:
        model.encode(texts, output_value=None, batch_size=32)  # None: of tokens and of the text
        settle(device)

    return run
