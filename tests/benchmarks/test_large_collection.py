"""The benchmark measures what it says; times and memory are not compared with anything."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.data.documents import DocumentStream
from bench.encoders.encoder import Encoded
from bench.retrieval.dense import DenseIndex
from bench.retrieval.large.build import encode_collection, index_collection
from benchmarks import large_collection
from benchmarks.exact import Asked, Exact
from benchmarks.large_collection import LISTS, Found, compare, passages, searched, ten_million
from benchmarks.memory import peak_memory
from tests.made_collection import documents, encode, made_space, questions

MANY = 2500  # more than the quantiser is trained on


def test_what_is_scored_on_the_way_is_the_exact_result(tmp_path: Path) -> None:
    space = made_space()

    def raw(texts: list[str], kind: str) -> Encoded:
        pooled, tokens = encode(texts)
        return Encoded(pooled, tokens, np.zeros(len(tokens.vectors), dtype=np.int32))

    dense, late, names = questions(space)
    qrels = {name: {"d0007": 1} for name in names}
    asked = Asked(dense, late, names, ["swh_Latn"] * 6 + ["deu_Latn"] * 6, qrels, (dense[:4], ["swh_Latn"] * 4))
    made = [(f"{name}-{i}", f"{text} {i}") for i, (name, text) in enumerate(documents(MANY))]
    context = SimpleNamespace(teacher=SimpleNamespace(encoder=SimpleNamespace(encode=raw), space=space))
    exact = Exact(context, asked, (1998, MANY))  # type: ignore[arg-type]
    shards = encode_collection(tmp_path, DocumentStream(lambda: made, "", MANY), exact.encode, 8, 999, lambda share: None)
    ids, (pooled, _) = [name for name, _ in made], encode([text for _, text in made])
    for size in (1998, MANY):
        truth = exact.rankings(ids, size)
        expected = DenseIndex(ids[:size], space.pooled(pooled[:size])).search(dense, 100, names)
        assert [truth["dense"].ids(i) for i in range(12)] == [expected.ids(i) for i in range(12)]

    index = index_collection(tmp_path, shards, space, 100, 1)
    found = [*searched(index, asked, truth, "exact"), *searched(index, asked, truth, "approximate", 200, 0.3)]
    rows = pd.DataFrame([one.row for one in found])
    by = rows.set_index(["mode", "scorer"])
    assert by.loc[("exact", "dense"), "recall@10"] == 1 and by.loc[("exact", "late"), "recall@10"] > 0.9
    few = by.loc[("approximate", "dense")]
    assert few["recall@10"] < 0.9 and few["probes"] < few["lists"] and few["held on dev"] >= 0.3
    assert set(rows["candidates"]) == {0, 200} and set(rows["passages"]) == {MANY}
    [whole, _] = searched(index, asked, truth, "approximate", 200, 1.0)
    assert whole.row["recall@10"] == 1 and whole.row["probes"] > few["probes"]


def test_ten_million_is_told_of_every_setting() -> None:
    found, settings = [], ((2000, 0.98), (2000, 0.9), (100, 1.0))
    for size in (500, 8000, 16000, 32000, 64000):
        for candidates, target in settings:
            row = {"mode": "approximate", "candidates": candidates, "target": target, "passages": size, "probes": size // 100}
            for scorer in ("dense", "late"):
                shares = np.full(6, 1.0 if scorer == "dense" else 1 - 0.02 * np.log2(size / 500)) if size > 500 else np.zeros(6)
                found.append(Found(row | {"scorer": scorer}, {(scorer, 10): shares, (scorer, 100): shares}))
    table = ten_million(found, ["a", "a", "b", "b", "c", "c"], settings)
    assert len(table) == len(settings) * 4
    table = table[table["candidates"] == 2000]  # the others have a size of no use
    late = table[table["scorer"] == "late"]
    np.testing.assert_allclose(late["ten million"], 1 - 0.02 * np.log2(1e7 / 500))
    np.testing.assert_allclose(late["a doubling"], -0.02)
    assert table[table["scorer"] == "dense"]["ten million"].eq(1).all() and table["lists visited"].eq(LISTS).all()
    assert {"measured, 64,000"} < set(table.columns)


def test_rows_say_how_far_the_measures_are_apart() -> None:
    from bench.retrieval.ranking import Ranking

    asked = Asked(np.empty((2, 0)), None, ["a", "b"], ["x", "y"], {"a": {"d1": 1}, "b": {"d2": 1}}, (None, []))  # type: ignore[arg-type]
    ids = [f"d{i}" for i in range(100)]
    order = np.stack([np.roll(np.arange(100), -1), np.roll(np.arange(100), -2)])
    truth = Ranking(ids, order, np.zeros((2, 100), np.float32))
    worse = Ranking(ids, np.stack([order[0], np.roll(order[1], -20)]), np.zeros((2, 100), np.float32))
    [one] = compare(asked, {"dense": truth}, {"dense": worse}, mode="m")
    row = one.row
    assert one.shares[("dense", 10)].tolist() == [1, 0]
    assert row["recall@10"] == 0.5 and row["worst language"] == "0.000 y" and row["recall@100"] == 1
    assert (row["exact nDCG@10"], row["nDCG@10"], row["mean difference of a question"]) == (1, 0.5, 0.5)


def test_passages_are_all_different_documents_first(monkeypatch: pytest.MonkeyPatch) -> None:
    task = SimpleNamespace(documents=pd.DataFrame({"doc_id": ["1", "2"], "text": ["a", "b"]}))
    bitext = pd.DataFrame({"text": ["x", "y", "x", "a"]})
    texts = SimpleNamespace(english=["b", "c"])
    context = SimpleNamespace(suite=SimpleNamespace(task=lambda name: task, bitext=bitext), texts=texts)
    monkeypatch.setattr(large_collection, "TASKS", ("faq",))
    found = passages(context, 5)  # type: ignore[arg-type]
    assert [text for _, text in found][:3] == ["a", "b", "c"] and {text for _, text in found} == set("abcxy")
    assert found[0][0] == "faq/1" and len({name for name, _ in found}) == 5
    with pytest.raises(BenchError, match="the suite has 5 different texts, not 6"):
        passages(context, 6)  # type: ignore[arg-type]


def test_a_large_array_shows_in_the_peak() -> None:
    with peak_memory() as before:
        pass
    with peak_memory() as during:
        held = np.ones(30_000_000)  # 240 MB
        during.look()
        del held
    assert during.rss > before.rss + 150 and during.pss > before.pss + 150
