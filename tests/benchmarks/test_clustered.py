"""Questions on one document as one unit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.analysis.results import Experiment, load
from bench.base.errors import BenchError
from benchmarks.clustered import clustered, rows, text
from tests import made_up

CELLS = [f"{method}@2#{seed}" for method in ("optical", "contrastive") for seed in (0, 1)]


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    """A parallel task whose questions come in pairs that are answered alike: half as much evidence as there are questions."""
    monkeypatch.setattr(made_up, "TASKS", {"faq": made_up.LOW})
    made_up.plan(tmp_path, CELLS, tasks=["faq"])
    gains = [0.1, 0.1, 0.0, 0.0, 0.3, 0.3, 0.2, 0.2]
    for name in CELLS:
        more = gains if name.startswith("optical") else [0.0] * 8
        place = made_up.cell(tmp_path, name, lambda *_, more=more: [0.4 + gain for gain in more])
        questions = pd.read_parquet(place / "per_query.parquet")
        questions["query_id"] = [f"p{int(one[1:]) // 2}-{int(one[1:]) % 2}" for one in questions["query_id"]]
        questions.to_parquet(place / "per_query.parquet", index=False)
    return load(tmp_path)


def test_pairs_of_questions_are_half_the_evidence(experiment: Experiment) -> None:
    found = rows(experiment, "optical", "contrastive")
    found = found[(found["scorer"] == "dense") & (found["group"] == "trained")].set_index("by")
    assert found["units"].to_dict() == {"question": 8, "document": 4}
    assert found["difference"].nunique() == 1
    width = found["high"] - found["low"]
    assert width["document"] > 1.3 * width["question"], "by the root of two, and fewer degrees of freedom"
    assert found.loc["document", "p"] > found.loc["question", "p"]
    said = text(rows(experiment, "optical", "contrastive"))
    assert "dense, trained, N = 2, by document" in said and "+0.1500 [" in said


def test_ids_without_the_ending_are_refused(experiment: Experiment) -> None:
    with pytest.raises(BenchError, match="has an id that ends with"):
        clustered(experiment, "#nothing$")
