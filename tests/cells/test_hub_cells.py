"""Cells on data of the hubs, with a tiny encoder: bitext and a task in tables, and a task whose documents are streamed."""

import random
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

from bench.base.errors import BenchError
from bench.base.jsonfile import read_json, to_json
from bench.cells.cell import run_cell
from bench.cells.prepare import prepare
from bench.cells.shared.context import context_of, open_context
from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from tests.made_hubs import declared, fresh_ir_datasets, put, tar_gz, write_repository
from tests.tiny import SENTENCES, tiny_xlmr, write_encoder_json

CODES = {"deu_Latn": "de", "fra_Latn": "fr"}
WORDS = "the cat drinks milk a dog reads old book water flows to sea bread and salt who sees moon".split()


def sentence(seed: int, words: int = 6) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words)) + f" {seed}"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("encoder")
    tiny_xlmr(folder, texts=[*SENTENCES, *(sentence(i) for i in range(200))])
    write_encoder_json(folder, query_prefix="", passage_prefix="", pooling="mean", max_length=60)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    fresh_ir_datasets(tmp_path / "irds", monkeypatch)
    open_context.cache_clear()
    rows = {(f"{own}-en" if own == "de" else f"en-{own}", "train"): [
        {"translation": {"en": sentence(1000 + i), own: f"{own} {sentence(2000 + i)}"}} for i in range(60)
    ] for own in CODES.values()}  # fmt: skip
    write_repository("Helsinki-NLP/opus-100", rows)
    yield tmp_path
    open_context.cache_clear()


def profile(home: Path, encoder: Path, task: str, methods: list[str], **more: dict):
    content = {
        "name": "hubs", "models": {"teacher": str(encoder), "student": str(encoder)},
        "data": {"hubs": ["opus-100", task], "order": "de,fr", "guard": None},
        "grid": {"methods": methods, "sizes": [2], "seeds": [0]}, "training": {"pairs": 32, "batch_size": 8, "max_length": 60},
        "hardware": {"precision": "float32"}, **more,
    }  # fmt: skip
    path = home / "hubs.yaml"
    path.write_text(yaml.safe_dump(content))
    return load_profile(str(path))


def run(made, home: Path) -> dict[str, pd.DataFrame]:
    prepare(made, lambda *_: None)
    found = {}
    for spec in cells(made, Languages.load()):
        folder = home / "out" / spec.method
        folder.mkdir(parents=True)
        (folder / "said.json").write_text(to_json(run_cell(spec, folder, lambda *_: None)))
        found[spec.method] = pd.read_csv(folder / "metrics.csv").set_index(["task", "scorer", "language"])
    return found


def test_belebele_with_opus_100(home: Path, encoder: Path):
    write_repository("facebook/belebele", {(code, "test"): [
        {"link": f"http://x/{i}", "question_number": 1, "flores_passage": f"{code[:2]} {sentence(i, 12)}",
         "question": f"{code[:2]} {sentence(500 + i)}", "ds": "x"} for i in range(20)
    ] for code in ("eng_Latn", *CODES)})  # fmt: skip
    made = profile(home, encoder, "belebele", ["untrained", "english", "contrastive"])
    assert made.evaluation.tasks == ("belebele",)
    found = run(made, home)
    for metrics in found.values():
        assert set(metrics.index.get_level_values("language")) == set(CODES) and metrics["queries"].eq(16).all()
    task = context_of(cells(made, Languages.load())[0]).suite.task("belebele")
    assert task.parallel and len(task.documents) == 20 and task.splits() == ["dev", "test"]


def test_mmarco_is_streamed_and_searched_on_disk(home: Path, encoder: Path):
    passages = {str(i): sentence(i, 10) for i in range(150)}
    asked = {str(i): passages[str(i)] for i in range(30)}  # English questions find themselves
    put(home / "irds", declared("msmarco-passage", "collectionandqueries"), tar_gz({
        "collection.tsv": "".join(f"{name}\t{text}\n" for name, text in passages.items()),
        "queries.dev.small.tsv": "".join(f"{name}\t{text}\n" for name, text in asked.items()),
        "qrels.dev.small.tsv": "".join(f"{name}\t0\t{name}\t1\n" for name in asked),
    }))  # fmt: skip
    put(home / "irds", declared("mmarco", "dev/qrels-small"), "".join(f"{name}\t0\t{name}\t1\n" for name in asked))
    for code, name in (("de", "v2/de/queries/dev"), ("fr", "v2/fr/queries/dev")):
        put(home / "irds", declared("mmarco", name), "".join(f"{query}\t{code} {text}\n" for query, text in asked.items()))
    made = profile(home, encoder, "mmarco", ["untrained", "english"], retrieval={"recall_queries": 3})
    assert made.evaluation.late_mode == "approximate"
    exact = profile(home, encoder, "mmarco", ["untrained"], evaluation={"late_mode": "exact"})
    assert exact.evaluation.late_mode == "exact"
    found = run(made, home)
    assert set(found["untrained"].index.get_level_values("scorer")) == {"dense", "late"}  # no index of words
    assert found["untrained"]["queries"].eq(24).all() and found["english"].loc["mmarco", "ndcg@10"].gt(0.9).all()
    recalls = pd.read_csv(home / "out" / "untrained" / "approximation.csv")
    assert recalls["recall@10"].eq(1).all() and recalls["queries"].eq(3).all()  # all 150 are candidates
    said = read_json(home / "out" / "untrained" / "said.json")["probing"]["mmarco"]
    assert said["target"] == 0.98 and said["worst_recall"] >= 0.98 and said["depth"] == 150 and said["queries"] == 18
    suite = context_of(cells(made, Languages.load())[0]).suite
    assert len(suite.task("mmarco").documents) == 0 and len(list(suite.task("mmarco").stream().read())) == 150
    assert len(list((home / "cache" / "collections").glob("*/complete.json"))) == 1
    memory = made.model_copy(update={"retrieval": made.retrieval.model_copy(update={"documents": "memory"})})
    with pytest.raises(BenchError, match="the documents of task mmarco are too many for retrieval.documents = memory"):
        prepare(memory, lambda *_: None)


def test_bitext_without_a_task_is_told_when_the_profile_is_read(home: Path, encoder: Path):
    with pytest.raises(BenchError, match="the data has no task"):
        profile(home, encoder, "tatoeba", ["untrained"])
