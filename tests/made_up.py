"""Experiment folders with made-up scores, as `bench run` would leave them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from bench.analysis.results import MEASURES, CellName
from methods.facts import facts

LOW = ("swh_Latn", "amh_Ethi", "hau_Latn", "khm_Khmr")
GUARD = ("deu_Latn",)
TASKS = {"symbols": (*LOW, *GUARD), "faq": ("swh_Latn", "amh_Ethi", "khm_Khmr", *GUARD)}  # no FAQ in Hausa
QUESTIONS = 8
# (cell id, task, scorer, language) -> one score for all questions, one per question, or None = not asked
Score = Callable[[str, str, str, str], float | Sequence[float] | None]


def plan(
    folder: Path, cells: Sequence[str], orders: Mapping[str, Sequence[str]] | None = None,
    tasks: Sequence[str] = tuple(TASKS), asked: Sequence[str] = (), **profile: Any
) -> Path:  # fmt: skip
    """Write profile.yaml."""
    orders = orders or {"low": LOW}
    first = list(next(iter(orders.values())))
    resolved = {
        "orders": {name: list(codes) for name, codes in orders.items()}, "guard": list(GUARD), "core": first[:5],
        "tasks": list(tasks), "cells": list(cells), "keys": {cell: f"key of {cell}" for cell in cells},
    } | ({"asked": list(asked)} if asked else {})  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    content = {"name": "made-up", "summary": "made-up numbers", **profile, "resolved": resolved}
    (folder / "profile.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return folder


def cell(folder: Path, cell_id: str, score: Score, **manifest: Any) -> Path:
    """Write one finished cell. The English ceiling asks its own questions in symbol search, which is not parallel."""
    rows = []
    for task, languages in TASKS.items():
        for scorer in facts(CellName.parse(cell_id, "").method).scorers:
            for language in languages:
                value = score(cell_id, task, scorer, language)
                if value is None:
                    continue
                values = [value] * QUESTIONS if isinstance(value, int | float) else list(value)
                english = cell_id.startswith("english") or "ask=english" in cell_id
                own = "" if task == "faq" else ("english " if english else f"{language} ")
                for number, one in enumerate(values):
                    rows.append([task, scorer, language, f"{own}q{number}", one, one, one, float(one > 0.5)])
    questions = pd.DataFrame(rows, columns=["task", "scorer", "language", "query_id", *MEASURES])
    groups = questions.groupby(["task", "scorer", "language"])
    metrics = groups.mean(numeric_only=True)
    metrics.insert(0, "queries", groups.size())
    place = folder / "cells" / cell_id
    place.mkdir(parents=True)
    questions.to_parquet(place / "per_query.parquet", index=False)
    metrics.reset_index().to_csv(place / "metrics.csv", index=False, float_format="%.6f")
    content = {"id": cell_id, "key": f"key of {cell_id}", "status": "done", "seconds": {"train": 50.0, "total": 60.0}}
    (place / "manifest.json").write_text(json.dumps(content | manifest), encoding="utf-8")
    return place


def failure(folder: Path, cell_id: str, message: str) -> None:
    """Write one failed cell."""
    place = folder / "cells" / cell_id
    place.mkdir(parents=True)
    content = {"id": cell_id, "key": f"key of {cell_id}", "status": "failed"}
    (place / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    (place / "error.txt").write_text(f"Traceback (most recent call last):\n  ...\n{message}\n", encoding="utf-8")
