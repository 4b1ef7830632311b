import json
from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.data.suite.types import FORMAT, TABLES, Suite, Task, table, tasks_from

ROWS = {
    "bitext": [("p1", "swh_Latn", "kolibri", "train", "three English words", "maneno matatu")],
    "documents": [("faq", "a1", "an answer"), ("faq", "a2", "another"), ("symbols", "s1f", "lion")],
    "queries": [
        ("faq", "test", "swh_Latn", "f2", "swali la pili"),
        ("faq", "test", "swh_Latn", "f1", "swali la kwanza"),
        ("faq", "test", "eng_Latn", "f1", "the first question"),
        ("symbols", "dev", "swh_Latn", "q1", "simba"),
    ],
    "qrels": [
        ("faq", "test", "swh_Latn", "f2", "a2", 1),
        ("faq", "test", "swh_Latn", "f1", "a1", 2),
        ("faq", "test", "swh_Latn", "f1", "a2", 1),
        ("faq", "test", "eng_Latn", "f1", "a1", 1),
        ("symbols", "dev", "swh_Latn", "q1", "s1f", 2),
    ],
}
PARALLEL = {"faq": True, "symbols": False}


@pytest.fixture
def faq() -> Task:
    return tasks_from({name: table(rows, TABLES[name]) for name, rows in ROWS.items()}, PARALLEL)["faq"]


def test_queries_keep_their_order_and_the_first_n_are_the_sample(faq: Task) -> None:
    assert faq.queries("test", "swh_Latn")["query_id"].tolist() == ["f2", "f1"]
    assert faq.queries("test", "swh_Latn", limit=1).to_dict("records") == [{"query_id": "f2", "text": "swali la pili"}]
    assert faq.queries("test", "swh_Latn", limit=0).empty


def test_qrels_by_query(faq: Task) -> None:
    assert faq.qrels("test", "swh_Latn") == {"f2": {"a2": 1}, "f1": {"a1": 2, "a2": 1}}


def test_splits_languages_and_documents_are_those_of_the_task(faq: Task) -> None:
    assert faq.splits() == ["test"]
    assert faq.languages("test") == ["eng_Latn", "swh_Latn"] and faq.languages("dev") == []
    assert faq.documents.to_dict("list") == {"doc_id": ["a1", "a2"], "text": ["an answer", "another"]}


@pytest.mark.parametrize("call", [Task.queries, Task.qrels])
def test_a_language_without_queries_is_an_error_that_names_the_others(faq: Task, call) -> None:
    with pytest.raises(BenchError, match="swh_Latn"):
        call(faq, "test", "swa_Latn")


def write(folder: Path, **changes: object) -> Path:
    for name, rows in ROWS.items():
        table(rows, TABLES[name]).to_parquet(folder / f"{name}.parquet", index=False)
    info = {"format": FORMAT, "hash": "abc", "parallel": PARALLEL} | changes
    (folder / "suite.json").write_text(json.dumps(info))
    return folder


def test_load_returns_what_was_written(tmp_path: Path) -> None:
    suite = Suite.load(write(tmp_path))
    assert suite.hash == "abc" and set(suite.tasks) == {"faq", "symbols"}
    assert suite.task("symbols").parallel is False
    assert suite.bitext.frame().iloc[0].tolist() == list(ROWS["bitext"][0])
    with pytest.raises(BenchError, match="did you mean 'symbols'"):
        suite.task("symbol")


@pytest.mark.parametrize("damage", ["missing", "truncated", "columns", "format", "json"])
def test_a_damaged_suite_says_what_to_delete(tmp_path: Path, damage: str) -> None:
    write(tmp_path, **({"format": FORMAT + 1} if damage == "format" else {}))
    match damage:
        case "missing":
            (tmp_path / "qrels.parquet").unlink()
        case "truncated":
            (tmp_path / "qrels.parquet").write_bytes((tmp_path / "qrels.parquet").read_bytes()[:50])
        case "columns":
            table(ROWS["documents"], TABLES["documents"]).to_parquet(tmp_path / "qrels.parquet", index=False)
        case "json":
            (tmp_path / "suite.json").write_text("{")
    with pytest.raises(BenchError, match="Delete"):
        Suite.load(tmp_path)


def test_empty_tables_have_the_same_types(tmp_path: Path) -> None:
    empty, full = table([], TABLES["qrels"]), table(ROWS["qrels"], TABLES["qrels"])
    assert empty.dtypes.tolist() == full.dtypes.tolist()
