"""A suite of made-up sentences in three small languages, in the files of a real one, and what is needed to run cells on it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import torch

from bench.cells.shared.context import Context, context_of, open_context
from bench.data.languages import Languages
from bench.data.suite.build import content_hash
from bench.data.suite.types import FORMAT, TABLES, Suite, table
from bench.experiment.grid import cells
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import CellSpec
from tests.tiny import tiny_xlmr, write_encoder_json

LETTERS = {"swh_Latn": "s", "hau_Latn": "h", "deu_Latn": "d"}
WORDS = ("cat", "dog", "milk", "book", "sea", "moon", "bread", "salt", "stone", "bird", "drinks", "reads", "sees", "old", "new")
PAIRS, DOCUMENTS = 80, 24


def translated(english: str, language: str) -> str:
    """Made-up language: every word backwards, with the language's letter at its end."""
    return " ".join(word[::-1] + LETTERS[language] for word in english.split()) if language in LETTERS else english


def sentences(count: int, seed: int) -> list[str]:
    """Different sentences of three to six words."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[" ".join(rng.choice(WORDS, rng.integers(3, 7), replace=False))] = None
    return list(found)


def bitext() -> pd.DataFrame:
    """The same English in every language; a tenth of it for dev, a third from the smaller source."""
    rows = [
        (f"p{i}", language, "quran" if i % 3 else "scratch", "dev" if i % 10 == 9 else "train", text, translated(text, language))
        for language in LETTERS
        for i, text in enumerate(sentences(PAIRS, 1))
    ]  # fmt: skip
    return table(rows, TABLES["bitext"])


def write_suite(folder: Path) -> Path:
    """Tasks: `faq` (parallel, test, none in Hausa), `symbols` (not parallel, dev and test), `strings` (parallel, dev)."""
    documents, queries, qrels = [], [], []
    for number, (task, languages) in enumerate(
        {"faq": ("swh_Latn", "deu_Latn"), "symbols": tuple(LETTERS), "strings": tuple(LETTERS)}.items()
    ):
        texts = sentences(DOCUMENTS, 10 + number)
        documents += [(task, f"{task}{i:02}", text) for i, text in enumerate(texts)]
        for language in ("eng_Latn", *languages):
            for split in {"faq": ("test",), "symbols": ("dev", "test"), "strings": ("dev",)}[task]:
                # Not parallel: each language asks questions of its own, and English one more than the others.
                start = 0 if task != "symbols" else sorted(("eng_Latn", *languages)).index(language) * 3 + (split == "dev")
                for i in range(start, start + 6 + (task == "symbols" and language == "eng_Latn")):
                    name = f"q{i}" if task != "symbols" else f"{language}-{split}-{i}"
                    queries.append((task, split, language, name, translated(" ".join(texts[i].split()[:3]), language)))
                    qrels += [(task, split, language, name, f"{task}{i + k:02}", 2 - k) for k in (0, 1)]
    frames = {
        name: table(rows, TABLES[name]) for name, rows in (("documents", documents), ("queries", queries), ("qrels", qrels))
    } | {"bitext": bitext()}
    folder.mkdir(parents=True)
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    info = {"format": FORMAT, "hash": content_hash(frames), "parallel": {"faq": True, "symbols": False, "strings": True}}
    (folder / "suite.json").write_text(json.dumps(info | {"counts": {"bitext": len(frames["bitext"])}}))
    return folder


@dataclass(frozen=True)
class World:
    """A place with suite, encoder and cache of its own."""

    base: Path
    suite: Suite

    def profile(self, *methods: str, evaluation: dict[str, Any] | None = None, **training: Any) -> Profile:
        """A profile on it; further values are settings of training."""
        models = {"teacher": str(self.base / "encoder"), "student": str(self.base / "encoder")}
        return Profile.model_validate({
            "name": "made", "models": models, "data": {"order": "swh_Latn,hau_Latn", "guard": "deu_Latn"},
            "grid": {"methods": methods, "sizes": [2], "seeds": [3]},
            "training": {"pairs": 48, "batch_size": 8, "max_length": 32, "learning_rate": 2e-3} | training,
            "evaluation": {"tasks": ["faq", "symbols"]} | (evaluation or {}), "hardware": {"precision": "float32"},
        })  # fmt: skip

    def spec(self, method: str = "contrastive", **changes: Any) -> CellSpec:
        """The cell of one method."""
        [spec] = cells(self.profile(method, **changes), Languages.load())
        return spec

    @property
    def context(self) -> Context:
        return context_of(self.spec())

    def out(self, name: str) -> Path:
        """An empty folder."""
        folder = self.base / "out" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


@contextmanager
def made_world(base: Path) -> Iterator[World]:
    """A tiny suite and a tiny encoder under `base`, in place of the real ones, with an empty cache."""
    torch.set_num_threads(1)
    suite = Suite.load(write_suite(base / "suite"))
    texts = sorted({text for column in ("english", "text") for text in suite.bitext[column].values})
    tiny_xlmr(base / "encoder", texts=texts)
    write_encoder_json(base / "encoder", query_prefix="query: ", passage_prefix="passage: ", pooling="mean", max_length=32)
    open_context.cache_clear()
    cache = mock.patch.dict("os.environ", XLSD_CACHE=str(base / "cache"))
    with mock.patch("bench.cells.shared.context.open_suite", return_value=suite), cache:
        yield World(base, suite)
    open_context.cache_clear()
