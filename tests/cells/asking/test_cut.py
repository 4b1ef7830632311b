"""Texts that are longer than a model reads are counted, and told where they are many."""

from unittest import mock

import pytest

from bench.base.jsonfile import read_json
from bench.cells.asking import cut
from bench.cells.cell import run_cell
from bench.cells.prepare import prepare
from bench.cells.shared.context import context_of, open_context
from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from tests.encoders.directory.made import edit, t5
from tests.own_data import beir, collection, jsonl
from tests.tiny import tiny_xlmr, write_encoder_json

LANGUAGES = Languages.load()


@pytest.fixture(autouse=True)
def cache(tmp_path):
    open_context.cache_clear()
    with mock.patch.dict("os.environ", XLSD_CACHE=str(tmp_path / "cache")):
        yield
    open_context.cache_clear()


def made(tmp_path, encoder, documents):
    """A profile whose task has these documents."""
    task = beir(("sw", "en")) | {"corpus.jsonl": jsonl(*({"_id": f"d{i}", "text": text} for i, text in enumerate(documents)))}
    collection(tmp_path / "data", {"news": task})
    path = tmp_path / "p.yaml"
    path.write_text(f"name: mine\nmodels: {{teacher: {encoder}, student: {encoder}}}\ndata: {{suite: data}}\n"
                    "grid: {methods: [untrained, english], sizes: [1]}\ntraining: {max_length: 60}\n"
                    "hardware: {precision: float32}\n")  # fmt: skip
    return load_profile(str(path))


def long_and_short(long=3, count=15):
    return ["the cat drinks milk " * (40 if i < long else 1) + str(i) for i in range(count)]


def test_cut_documents_and_queries_are_in_the_manifest(tmp_path):
    encoder = tiny_xlmr(tmp_path / "m", positions=130)
    write_encoder_json(encoder, pooling="mean", max_length=60, query_length=8)
    profile = made(tmp_path, encoder, long_and_short())
    said = prepare(profile, lambda *_: None)
    untrained, english = cells(profile, LANGUAGES)
    (tmp_path / "out").mkdir()
    found = run_cell(untrained, tmp_path / "out", lambda *_: None)["cut"]
    assert (found["query_length"], found["document_length"], found["default_length"]) == (8, 60, [])
    assert found["documents"] == {"news": {"texts": 15, "cut": 3}}
    assert found["queries"]["news"]["texts"] == 10 and found["queries"]["news"]["cut"] > 0
    assert "20.0% of the documents of news are cut at 60 tokens (3 of 15)" in found["warning"]
    assert any("documents of news are cut by the teacher at 60 tokens" in line for line in said["notes"])
    assert any("queries of news are cut by the student at 8 tokens" in line for line in said["notes"])
    record = cut.cut_record(context_of(english), english)
    assert cut.of_cell(record, False, True)["queries"] == {
        "news": dict(zip(("texts", "cut"), record["teacher"]["english"]["news"], strict=True))}  # fmt: skip


def test_nothing_is_said_where_little_is_cut(tmp_path):
    encoder = tiny_xlmr(tmp_path / "m", positions=130)
    profile = made(tmp_path, encoder, long_and_short(long=0))
    [spec, _] = cells(profile, LANGUAGES)
    record = cut.cut_record(context_of(spec), spec)
    assert cut.warnings(record) == [] and "warning" not in cut.of_cell(record, True, False)
    assert record["teacher"]["lengths"] == {"query": 128, "passage": 128}
    at_bound = {"teacher": record["teacher"] | {"documents": {"a": [100, 1], "b": [100, 2]}}, "student": record["student"]}
    assert [line.split(" are ")[0] for line in cut.warnings(at_bound)] == ["2.0% of the documents of b"]


def test_a_default_length_is_named(tmp_path):
    encoder = t5(tmp_path / "m")
    edit("tokenizer_config.json", model_max_length=10**30)(encoder)
    profile = made(tmp_path, encoder, long_and_short(long=0))
    [spec, _] = cells(profile, LANGUAGES)
    record = cut.cut_record(context_of(spec), spec)
    assert cut.of_cell(record, True, False)["default_length"] == ["student", "teacher"]
    assert any("the teacher states no length: its texts are cut at 256 tokens" in line for line in cut.warnings(record))


def test_the_count_is_made_once(tmp_path, monkeypatch):
    profile = made(tmp_path, tiny_xlmr(tmp_path / "m"), long_and_short())
    [spec, _] = cells(profile, LANGUAGES)
    first = cut.cut_record(context_of(spec), spec)
    monkeypatch.setattr(cut, "_count", None)
    assert cut.cut_record(context_of(spec), spec) == first
    [kept] = (tmp_path / "cache").rglob("cut-*.json")
    assert read_json(kept) == first
