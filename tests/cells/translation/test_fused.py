"""The original query and its translation together: the whole cell on a made-up suite."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.cells.cell import run_cell
from tests.made_suite import World, made_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def run(world: World, method: str, name: str, **changes: Any) -> tuple[Path, dict[str, Any]]:
    spec = world.spec(method)
    folder = world.out(name)
    return folder, run_cell(spec.model_copy(update=changes), folder, lambda *_: None)


def trec(folder: Path, task: str, scorer: str, language: str) -> list[list[str]]:
    """Query, document and rank of each line."""
    with gzip.open(folder / "runs" / f"{task}.{scorer}.{language}.trec.gz", "rt") as file:
        return [[line.split()[i] for i in (0, 2, 3)] for line in file]


@pytest.fixture(scope="module")
def parts(world: World) -> dict[str, Path]:
    return {method: run(world, method, method)[0] for method in ("untrained", "lexical")}


@pytest.mark.parametrize("form", ["standardised", "rrf"])
def test_a_fused_cell(world: World, parts: dict[str, Path], form: str):
    folder, found = run(world, f"fused(form={form})", form)
    assert found["pairs_seen"] == 48 and set(found["words"]) == {"swh_Latn", "hau_Latn"}
    assert found["translation"]["chrf"] > 50 and found["cut"]["queries"]
    metrics = {name: pd.read_csv(where / "metrics.csv").set_index(["task", "scorer", "language"]) for name, where in (
        *parts.items(), ("fused", folder))}  # fmt: skip
    encoded = metrics["untrained"][metrics["untrained"].index.get_level_values("scorer") != "sparse"]
    assert set(metrics["fused"].index) == set(encoded.index)
    # A language without pairs keeps the original query alone: exactly the floor.
    german = encoded.index.get_level_values("language") == "deu_Latn"
    pd.testing.assert_frame_equal(metrics["fused"].loc[encoded.index[german]], encoded[german])
    for task in ("faq", "symbols"):
        assert trec(folder, task, "late", "deu_Latn") == trec(parts["untrained"], task, "late", "deu_Latn")
        assert trec(folder, task, "late", "swh_Latn") != trec(parts["untrained"], task, "late", "swh_Latn")
        assert trec(folder, task, "late", "swh_Latn") != trec(parts["lexical"], task, "late", "swh_Latn")
    trained = encoded.index[~german]
    gain = (metrics["fused"].loc[trained, "mrr@10"] - encoded.loc[trained, "mrr@10"]).mean()
    assert gain > 0.05
    again, _ = run(world, f"fused(form={form})", "again")
    assert (folder / "metrics.csv").read_bytes() == (again / "metrics.csv").read_bytes()


@pytest.mark.parametrize(("weight", "part"), [(0, "untrained"), (1, "lexical")])
def test_all_weight_on_one_side_is_that_arm(world: World, parts: dict[str, Path], weight: int, part: str):
    folder, _ = run(world, f"fused(weight={weight})", "side")
    for scorer in ("dense", "late"):
        assert trec(folder, "faq", scorer, "swh_Latn") == trec(parts[part], "faq", scorer, "swh_Latn")


def test_a_shallow_search_joins_only_what_it_found(world: World, parts: dict[str, Path]):
    first = {part: {query: name for query, name, rank in trec(parts[part], "faq", "dense", "swh_Latn") if rank == "1"}
             for part in parts}  # fmt: skip
    for method, depth in (("fused(depth=5,weight=0)", 3), ("fused(depth=1)", 1)):
        spec = world.spec(method)
        folder = world.out("shallow")
        shallow = spec.model_copy(update={"evaluation": spec.evaluation.model_copy(update={"run_depth": depth})})
        run_cell(shallow, folder, lambda *_: None)
        own = trec(folder, "faq", "dense", "swh_Latn")
        assert {int(rank) for *_, rank in own} == set(range(1, depth + 1))
        if depth == 3:
            assert own == [row for row in trec(parts["untrained"], "faq", "dense", "swh_Latn") if int(row[2]) <= 3]
        else:
            assert all(name in (first["untrained"][query], first["lexical"][query]) for query, name, _ in own)


def test_both_spaces_are_scored(world: World):
    spec = world.spec("fused(weight=0.3)")
    space = spec.space.model_copy(update={"score_in": ("own",)})
    folder, _ = run(world, "fused(weight=0.3)", "spaces", space=space)
    floor, _ = run(world, "untrained", "floor", space=space)
    metrics = pd.read_csv(folder / "metrics.csv")
    assert {"dense_own", "late_own", "dense", "late"} == set(metrics["scorer"])
    assert trec(folder, "faq", "dense_own", "deu_Latn") == trec(floor, "faq", "dense_own", "deu_Latn")
    assert trec(folder, "faq", "dense_own", "deu_Latn") != trec(folder, "faq", "dense", "deu_Latn")


def test_a_fused_neural_translator(world: World, parts: dict[str, Path]):
    folder, found = run(world, "fused(method=nmt(decoder_layers=1,english_passes=1,max_tokens=6))", "nmt")
    assert found["pairs_seen"] == 48 and (folder / "translations.csv").exists()
    assert trec(folder, "faq", "late", "deu_Latn") == trec(parts["untrained"], "faq", "late", "deu_Latn")
    assert trec(folder, "faq", "late", "swh_Latn") != trec(parts["untrained"], "faq", "late", "swh_Latn")
