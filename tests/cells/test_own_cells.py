"""Cells on data from disk, with a tiny encoder: with an English side of the queries and without, with dev queries and without."""

import json
import math
from unittest import mock

import pandas as pd
import pytest
import torch
import yaml

from bench.base.errors import BenchError
from bench.cells.cell import run_cell
from bench.cells.prepare import prepare
from bench.cells.shared.context import context_of, open_context
from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from tests.own_data import beir, bitext, collection, jsonl, queries
from tests.tiny import tiny_xlmr, write_encoder_json

LANGUAGES = Languages.load()


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("encoder")
    texts = [text for code in ("sw", "am", "en") for _, text in queries(code, 30)]
    tiny_xlmr(folder, texts=texts, positions=100)
    write_encoder_json(folder, query_prefix="query: ", passage_prefix="passage: ", pooling="mean", max_length=90)
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path):
    open_context.cache_clear()
    with mock.patch.dict("os.environ", XLSD_CACHE=str(tmp_path / "cache")):
        yield
    open_context.cache_clear()


def profile(root, encoder, methods, **evaluation):
    content = {
        "name": "mine", "models": {"teacher": str(encoder), "student": str(encoder)}, "data": {"suite": str(root)},
        "grid": {"methods": methods, "sizes": [2], "seeds": [0]}, "training": {"pairs": 32, "batch_size": 8, "max_length": 90},
        "evaluation": evaluation, "hardware": {"precision": "float32"},
    }  # fmt: skip
    path = root.parent / "mine.yaml"
    path.write_text(yaml.safe_dump(content))
    return load_profile(str(path))


def run(made, out):
    """Prepare, then run every cell: id -> (what it says, its metrics)."""
    prepare(made, lambda *_: None)
    found = {}
    for spec in cells(made, LANGUAGES):
        (folder := out / spec.method).mkdir(parents=True)
        said = run_cell(spec, folder, lambda *_: None)
        json.dumps(said)
        found[spec.method] = said, pd.read_csv(folder / "metrics.csv").set_index(["task", "scorer", "language"])
    return found


def test_floor_ceiling_and_training_on_a_folder(tmp_path, encoder):
    tasks = {"news": beir(("sw", "am", "de", "en")), "other": beir(("sw", "en"), 6)}
    made = profile(collection(tmp_path / "mine", tasks), encoder, ["untrained", "english", "contrastive"])
    found = run(made, tmp_path / "out")
    for method, (_, metrics) in found.items():
        places = {(task, language) for task, _, language in metrics.index}
        expected = {("news", "swh_Latn"), ("news", "amh_Ethi"), ("news", "deu_Latn"), ("other", "swh_Latn")}
        assert places == expected, method
        assert metrics.loc["news", "queries"].eq(10).all() and metrics.loc["other", "queries"].eq(6).all()
    said, _ = found["contrastive"]
    assert said["pairs_seen"] == 32 and set(said["pairs_by_language"]) == {"swh_Latn", "amh_Ethi"}
    assert said["collapse"]["english_ceiling"] > 0
    english = found["english"][1].loc["news"]["ndcg@10"].unstack()
    assert english.nunique(axis=1).eq(1).all(), "the same English questions stand for all languages"


def test_without_english_and_dev_queries_training_still_has_its_probe(tmp_path, encoder):
    root = collection(tmp_path / "mine", {"news": beir(("sw", "am"))})
    with pytest.raises(BenchError, match="english answers the English queries, and no task has any"):
        cells(profile(root, encoder, ["english"]), LANGUAGES)
    found = run(profile(root, encoder, ["untrained", "contrastive"]), tmp_path / "out")
    collapse = found["contrastive"][0]["collapse"]
    assert math.isnan(collapse["english_ceiling"]) and collapse["effective_rank"] > 1
    assert "English" not in collapse["warning"]


def test_a_ceiling_over_the_tasks_and_questions_that_have_english(tmp_path, encoder):
    news, other = beir(("sw", "am")), beir(("sw", "am", "en"))
    other["queries/en.jsonl"] = jsonl(*({"_id": i, "text": text} for i, text in queries("en", 7)))
    made = profile(collection(tmp_path / "mine", {"news": news, "other": other}), encoder, ["untrained", "english"])
    found = run(made, tmp_path / "out")
    assert {task for task, _, _ in found["untrained"][1].index} == {"news", "other"}
    metrics = found["english"][1]
    assert {task for task, _, _ in metrics.index} == {"other"} and metrics["queries"].eq(7).all()


def test_a_split_without_queries_is_said_before_anything_is_encoded(tmp_path, encoder):
    made = profile(collection(tmp_path / "mine"), encoder, ["untrained"], split="dev")
    with pytest.raises(BenchError, match="no task of news has dev queries in the languages of untrained@0#0"):
        prepare(made, lambda *_: None)
    with pytest.raises(BenchError, match="no task of news has dev queries"):
        run_cell(cells(made, LANGUAGES)[0], tmp_path, lambda *_: None)


def test_a_plan_refuses_what_does_not_fit_the_data(tmp_path, encoder):
    root = collection(tmp_path / "mine", {"news": beir(("sw", "am", "de", "en"))})
    made = profile(root, encoder, ["contrastive"])
    wide = made.model_copy(update={"data": made.data.model_copy(update={"order": "sw,de"})})
    with pytest.raises(BenchError, match="no training bitext in deu_Latn"):
        cells(wide, LANGUAGES)
    absent = made.model_copy(update={"data": made.data.model_copy(update={"guard": "fra_Latn"})})
    with pytest.raises(BenchError, match="neither bitext nor queries in fra_Latn"):
        cells(absent, LANGUAGES)


def test_two_contexts_of_one_data_share_their_suite(tmp_path, encoder):
    root = collection(tmp_path / "mine", **{"bitext/de.tsv": bitext("de")})
    one, two = cells(profile(root, encoder, ["untrained", "contrastive"]), LANGUAGES)
    assert context_of(one) is context_of(two) and one.data_key == two.data_key == context_of(one).suite.info["key"]
