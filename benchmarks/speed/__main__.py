"""`python -m benchmarks.speed`: training, losses, encoding, search, scoring and transport.

All but losses are timed against other people's code.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import faiss
import torch
import typer

from bench.base.paths import REPOSITORY
from bench.encoders.device import device_of
from bench.encoders.load import load_encoder
from benchmarks.speed import encoding, losses, scoring, searching, solving, training
from benchmarks.speed.material import Material, from_profile, vectors
from benchmarks.speed.race import Row, gemm_rates
from benchmarks.speed.table import write

PARTS = ("training", "loss", "encoding", "late", "dense", "scoring", "transport")


def measure(
    material: Material, parts: list[str], device: str, repeats: int, rates: dict[str, float], pylate: Path, quick: bool
) -> list[Row]:
    """The rows of these parts; `quick` takes next to no work, and says nothing but that everything runs."""
    encoder = load_encoder(material.model, device, "auto")
    asked = Material(material.model, material.queries[: 4 if quick else 64], material.passages)
    documents, queries, judged, texts = (300, 20, 50, 4) if quick else (50_000, 500, 5000, 64)
    work: dict[str, Callable[[], list[Row]]] = {
        "training": lambda: training.measure(quick, repeats, rates),
        "loss": lambda: losses.measure(8 if quick else 32, repeats, device, rates),
        "encoding": lambda: encoding.measure(material, device, repeats, rates),
        "late": lambda: searching.late(vectors(encoder, asked), device, pylate, repeats, rates),
        "dense": lambda: searching.dense(encoder.dim, documents, queries, repeats, rates),
        "scoring": lambda: scoring.measure(judged, documents, repeats, rates),
        "transport": lambda: solving.measure(texts, repeats, rates),
    }
    rows = []
    for part in PARTS:
        if part in parts:
            typer.echo(f"{part} ...", err=True)
            rows += work[part]()
    return rows


def main(
    out: Annotated[Path, typer.Option(help="Folder for speed.csv and speed.md.")] = Path("."),
    part: Annotated[list[str] | None, typer.Option(help=f"Only these: {', '.join(PARTS)}.")] = None,
    repeats: Annotated[int, typer.Option(help="Runs of each; the median counts.")] = 5,
    threads: Annotated[int, typer.Option(help="Cores; all by default.")] = os.cpu_count() or 1,
    profile: Annotated[str, typer.Option(help="Whose queries and sentences are encoded.")] = "default",
    pylate: Annotated[Path, typer.Option(help="PyLate's environment.")] = REPOSITORY / ".venv-pylate",
    quick: Annotated[bool, typer.Option(help="Next to no work: does everything run?")] = False,
) -> None:
    """Measure, print and write the tables."""
    unknown = sorted(set(part or ()) - set(PARTS))
    if unknown:
        raise typer.BadParameter(f"unknown: {', '.join(unknown)}; there are {', '.join(PARTS)}", param_hint="--part")
    torch.set_num_threads(threads)
    faiss.omp_set_num_threads(threads)
    device = device_of()
    many = (8, 12) if quick else (320, 488)
    rates = gemm_rates(device)
    repeats = 1 if quick else repeats
    rows = measure(from_profile(profile, *many), part or list(PARTS), device, repeats, rates, pylate, quick)
    typer.echo(write(rows, rates, device, repeats, out))


if __name__ == "__main__":
    typer.run(main)
