"""Scores of two versions of the code, beside each other and beside their seeds."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from bench.base.errors import BenchError
from benchmarks.scores_moved import moved, text


def cell(folder: Path, seed: int, score: float, queries: int = 4, method: str = "optical", order: str = "low") -> None:
    """One trained cell: `score` dense in both trained languages, .1 more in the held-out one, half of it in task b."""
    place = folder / "cells" / (f"{method}@2#{seed}" + ("" if order == "low" else f"~{order}"))
    place.mkdir(parents=True)
    spec = {"method": method, "size": 2, "seed": seed, "trained": True, "order": order, "languages": ["sw", "am"],
            "order_languages": ["sw", "am", "ha"], "guard": []}  # fmt: skip
    (place / "spec.json").write_text(json.dumps(spec))
    rows = [("a", "dense", code, queries, score + more) for code, more in (("sw", 0.0), ("am", 0.0), ("ha", 0.1))]
    rows.append(("b", "dense", "sw", queries, score / 2))
    pd.DataFrame(rows, columns=["task", "scorer", "language", "queries", "ndcg@10"]).to_csv(place / "metrics.csv", index=False)


def test_means_over_languages_then_tasks_and_differences_of_each_seed(tmp_path: Path) -> None:
    for seed, (before, after) in enumerate([(0.4, 0.42), (0.44, 0.40), (0.48, 0.48)]):
        cell(tmp_path / "old", seed, before)
        cell(tmp_path / "new", seed, after)
    cell(tmp_path / "new", 3, 0.9)  # in one of them alone
    table = moved(tmp_path / "old", tmp_path / "new").set_index("group")
    trained = table.loc["trained"]
    assert trained["seeds"] == 3 and trained["before"] == pytest.approx(0.75 * 0.44)
    assert trained["moved"] == pytest.approx(0.75 * (0.02 - 0.04) / 3)
    assert trained["largest"] == pytest.approx(0.75 * 0.04) and trained["seed_range"] == pytest.approx(0.75 * 0.08)
    assert table.loc["held-out", "before"] == pytest.approx(0.54)
    assert "| `optical` | 2 | low | dense | trained | .330 |" in text(table.reset_index())


def test_other_questions_are_refused(tmp_path: Path) -> None:
    cell(tmp_path / "old", 0, 0.4)
    cell(tmp_path / "new", 0, 0.4, queries=5)
    with pytest.raises(BenchError, match="optical@2#0 did not answer as many questions"):
        moved(tmp_path / "old", tmp_path / "new")


def test_nothing_in_common_is_said(tmp_path: Path) -> None:
    cell(tmp_path / "old", 0, 0.4)
    cell(tmp_path / "new", 0, 0.4, method="contrastive")
    with pytest.raises(BenchError, match="no trained cell in common"):
        moved(tmp_path / "old", tmp_path / "new")


def test_orders_are_rows_of_their_own(tmp_path: Path) -> None:
    for name, more in (("old", 0.0), ("new", 0.1)):
        cell(tmp_path / name, 0, 0.4 + more)
        cell(tmp_path / name, 0, 0.6 + more, order="mixed")
    table = moved(tmp_path / "old", tmp_path / "new")
    assert table[table["group"] == "trained"].set_index("order")["before"].to_dict() == pytest.approx({"low": 0.3, "mixed": 0.45})
