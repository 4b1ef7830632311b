"""`teacher_query`: queries and documents by an encoder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.cells.cell import run_cell
from bench.cells.prepare import prepare
from bench.cells.shared.context import open_context
from bench.cells.shared.own_retriever import own_retriever
from bench.encoders.encoder import Encoder
from bench.encoders.load import load_encoder
from methods.declaration import SPARSE
from tests.made_suite import World, made_world
from tests.tiny import tiny_bert


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        texts = list(made.suite.bitext["english"].values)
        tiny_bert(made.base / "other", dim=16, seed=5, texts=texts)
        yield made


def scores(world: World, method: str) -> pd.DataFrame:
    folder = world.out("cell")
    run_cell(world.spec(method), folder, lambda *_: None)
    found = pd.read_parquet(folder / "per_query.parquet")
    return found[found["scorer"] != SPARSE].reset_index(drop=True)  # words have no encoder


def test_with_the_encoder_of_the_experiment_it_is_floor_and_ceiling(world: World) -> None:
    """The student start is the teacher here, so the same encoder on both sides must give the same scores, in all places."""
    same = f"encoder={world.base / 'encoder'}"
    pd.testing.assert_frame_equal(scores(world, f"teacher_query({same})"), scores(world, "untrained"), atol=1e-6)
    pd.testing.assert_frame_equal(scores(world, f"teacher_query(ask=english,{same})"), scores(world, "english"), atol=1e-6)


def test_documents_and_space_are_those_of_the_other_encoder(world: World) -> None:
    other = own_retriever(world.context, str(world.base / "other"))
    texts = list(world.context.texts.english_training)
    encoder = load_encoder(str(world.base / "other"))
    assert list(other.texts.english_training) == texts and other.suite is world.suite
    pooled = encoder.encode(texts, "query", max_length=32).pooled
    np.testing.assert_allclose(other.teacher.space.pooled_mean, pooled.mean(0), atol=1e-4)
    documents = world.suite.task("faq").documents["text"].tolist()
    expected = other.teacher.space.pooled(encoder.encode(documents, "passage").pooled)
    own = other.documents.index("faq").dense.search(expected, 1, list(map(str, range(len(documents)))))
    assert own.index[:, 0].tolist() == list(range(len(documents)))
    np.testing.assert_allclose(own.scores[:, 0], 1, atol=1e-5)
    assert world.context.teacher.space.dim == 32 and other.teacher.space.dim == 16


def test_english_queries_find_more_than_foreign_ones(world: World) -> None:
    encoder = f"encoder={world.base / 'other'}"
    foreign, english = (scores(world, f"teacher_query({ask}{encoder})") for ask in ("", "ask=english,"))
    assert english["ndcg@10"].mean() > foreign["ndcg@10"].mean() + 0.1
    assert set(english["query_id"][english["task"] == "symbols"].str.partition("-")[0]) == {"eng_Latn"}


def test_prepare_leaves_only_queries_to_encode(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    method = f"teacher_query(encoder={world.base / 'other'})"
    prepare(world.profile(method), lambda *_: None)
    open_context.cache_clear()
    own_retriever.cache_clear()
    encoded: list[tuple[str, int]] = []
    encode = Encoder.encode

    def watched(self: Encoder, texts: Any, kind: str = "query", **options: Any) -> Any:
        encoded.append((kind, len(texts)))
        return encode(self, texts, kind, **options)

    monkeypatch.setattr(Encoder, "encode", watched)
    questions = scores(world, method)
    assert [kind for kind, _ in encoded] == ["query"] and encoded[0][1] <= questions["query_id"].size


def test_the_weights_are_part_of_the_key(world: World, tmp_path: Path) -> None:
    encoder = tiny_bert(tmp_path / "model", dim=16, layers=1)
    spec = world.spec(f"teacher_query(encoder={encoder})")
    tiny_bert(encoder, dim=16, layers=1, seed=9)
    assert world.spec(f"teacher_query(encoder={encoder})").key != spec.key
    assert world.spec("teacher_query").model_keys["method"].startswith("b9a0018dff090c14")  # its package
    assert not world.spec("teacher_query").trained and world.spec("teacher_query").id == "teacher_query@0#0"
    assert "method" not in world.spec("english").model_keys


def test_an_unknown_built_in_encoder_is_told_before_anything_runs(world: World) -> None:
    with pytest.raises(BenchError, match="'builtin:MiniLM': did you mean 'builtin:all-MiniLM-L6-v2'"):
        world.spec("teacher_query(encoder=builtin:MiniLM)")
