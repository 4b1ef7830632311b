import json

import numpy as np
import pytest

from bench.cells.prepare import prepare
from bench.data import text_facts
from tests.made_suite import made_world


class Letters:
    """A tokenizer with one token a letter; x is unknown."""

    unk_token_id = 0

    def __call__(self, texts, **options):
        assert options == {"add_special_tokens": False, "truncation": False}
        return {"input_ids": [[0 if letter == "x" else ord(letter) for letter in text if letter != " "] for text in texts]}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def test_counts_by_hand(world):
    rows = {row["language"]: row for row in text_facts.measure(world.suite, Letters(), ("faq", "symbols", "gone"), "test")}
    assert set(rows) == {"swh_Latn", "hau_Latn", "deu_Latn", "eng_Latn"}
    suite = world.suite
    texts = [t for name in ("faq", "symbols") for t in suite.task(name).queries("test", "swh_Latn")["text"]]
    letters, words = sum(len(t.replace(" ", "")) for t in texts), sum(len(t.split()) for t in texts)
    assert rows["swh_Latn"]["fertility"] == pytest.approx(letters / words)
    # Every word of a made-up language has one letter more than the English one.
    pairs = suite.bitext.frame().query("language == 'hau_Latn'")
    english = pairs["english"].str.replace(" ", "").str.len().sum()
    assert rows["hau_Latn"]["token_premium"] == pytest.approx((english + pairs["english"].str.split().str.len().sum()) / english)
    assert np.isnan(rows["eng_Latn"]["token_premium"]) and rows["eng_Latn"]["unknown_rate"] == 0
    assert text_facts.measure(suite, Letters(), ("strings",), "test")[0]["fertility"] != 0  # no queries: not a number


def test_unknown_tokens(world, monkeypatch):
    queries = world.suite.task("faq")._queries
    monkeypatch.setattr(text_facts, "_ids", lambda tokenizer, texts: [[0, 1, 2, 0] for _ in texts])
    rows = text_facts.measure(world.suite, Letters(), ("faq",), "test")
    assert {row["unknown_rate"] for row in rows if row["language"] in set(queries["language"])} == {0.5}


def test_file_and_back(tmp_path):
    rows = [{"language": "nob_Latn", "fertility": 1.5, "token_premium": float("nan"), "unknown_rate": None}]
    (tmp_path / text_facts.FILE).write_text(text_facts.as_csv(rows))
    assert text_facts.read(tmp_path) == {"nob_Latn": {"fertility": 1.5}}
    assert text_facts.read(tmp_path / "nowhere") == {}
    (tmp_path / text_facts.FILE).write_text("not,a,table\n1\n")
    assert text_facts.read(tmp_path) == {}


def test_prepare_returns_them(world):
    found = prepare(world.profile("contrastive"), lambda *_: None)
    rows = {row["language"]: row for row in found["texts"]}
    assert 1.0 <= rows["swh_Latn"]["fertility"] < 10 and rows["swh_Latn"]["token_premium"] > 0.5
    json.dumps(found)  # travels between processes
