import io
import json
import zipfile

import pandas as pd
import pytest

from bench.analysis.results import load
from bench.base.jsonfile import read_json
from bench.output.publish import mteb
from tests.output.publish.conftest import Made


@pytest.fixture(scope="module")
def files(made: Made) -> dict[str, dict]:
    with zipfile.ZipFile(made.published / mteb.FILE) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_each_cell_scorer_and_task_is_a_file_in_the_layout_of_mteb(made: Made, files: dict[str, dict]) -> None:
    metrics = {cell.name.id: cell.metrics for cell in load(made.published).cells}
    keys = {one["id"]: one["key"] for one in read_json(made.published / "manifest.json")["cells"]}
    expected = {
        f"xlsd-bench__{cell}.{scorer}/{keys[cell]}/xlsd-{task}.json"
        for cell, frame in metrics.items() for scorer, task in frame[["scorer", "task"]].drop_duplicates().to_numpy()
    }  # fmt: skip
    assert {name for name in files if not name.endswith("model_meta.json")} == expected and len(expected) > 8
    for name in expected:
        meta = files[f"{name.rpartition('/')[0]}/model_meta.json"]
        assert meta["name"].replace("/", "__") == name.split("/")[0] and meta["revision"] == name.split("/")[1]


def test_scores_are_the_means_of_the_languages(made: Made, files: dict[str, dict]) -> None:
    model, task = "xlsd-bench__contrastive@2#3.late/", "/xlsd-symbols.json"
    [name] = [name for name in files if name.startswith(model) and name.endswith(task)]
    result = files[name]
    # What `TaskResult` of MTEB asks for.
    assert {"dataset_revision", "task_name", "mteb_version", "scores", "evaluation_time"} <= result.keys()
    assert result["evaluation_time"] is None and result["task_name"] == "xlsd-symbols"
    table = pd.read_csv(made.folder / "cells" / "contrastive@2#3" / "metrics.csv")
    table = table[(table["scorer"] == "late") & (table["task"] == "symbols")].set_index("language")
    scores = result["scores"]["test"]
    assert [one["hf_subset"] for one in scores] == sorted(table.index)
    for one in scores:
        row = table.loc[one["hf_subset"]]
        assert one["main_score"] == one["ndcg_at_10"] == row["ndcg@10"] and one["mrr_at_10"] == row["mrr@10"]
        assert one["recall_at_100"] == row["recall@100"] and one["success_at_1"] == row["success@1"]
        assert one["languages"] == [one["hf_subset"].replace("_", "-"), "eng-Latn"]


def test_the_same_texts_are_the_same_bytes() -> None:
    first, second = mteb.packed({"b": "2", "a": "1"}), mteb.packed({"a": "1", "b": "2"})
    assert first == second and zipfile.ZipFile(io.BytesIO(first)).namelist() == ["a", "b"]
