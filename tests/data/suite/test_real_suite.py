"""The suite out of the real packages, for a few languages: counts, rows and an independent look for leaks."""

import re
from typing import Any

import pandas as pd
import pytest

from bench.data.english import ENGLISH
from bench.data.languages import Languages
from bench.data.sources.packages import quran
from bench.data.suite import build
from bench.data.suite.types import TABLES, table

pytestmark = pytest.mark.packages
CODES = ["swh_Latn", "deu_Latn", "amh_Ethi", "yor_Latn", "cym_Latn", "zho_Hans"]


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    languages = [Languages.load().get(code) for code in CODES]
    texts: dict[str, Any] = {source: build._read(source, languages) for source in build.READERS}
    made, parallel, _ = build.make_frames(texts, {one.code: one.script for one in languages}, lambda line: None)
    assert parallel == {
        "symbols": False, "faq": True, "passages": True, "declaration": True, "strings": True,
    }  # fmt: skip
    return made


def counts(frame: pd.DataFrame, *columns: str) -> dict[Any, int]:
    return frame.groupby(list(columns)).size().to_dict()


def test_documents(frames: dict[str, pd.DataFrame]) -> None:
    found = counts(frames["documents"], "task")
    found = {name if isinstance(name, str) else name[0]: count for name, count in found.items()}
    assert (found["symbols"], found["passages"]) == (1966, 1657)
    assert 850 <= found["faq"] <= 925  # 184 answers and 741 others before equal ones are merged


def test_queries(frames: dict[str, pd.DataFrame]) -> None:
    found = counts(frames["queries"], "task", "split", "language")
    for code in [*CODES, ENGLISH]:
        assert (found["symbols", "test", code], found["symbols", "dev", code]) == (500, 150)
    assert {found["passages", "test", code] for code in ("swh_Latn", "deu_Latn", "amh_Ethi", ENGLISH)} == {868}
    faq = {code: found.get(("faq", "test", code), 0) for code in [*CODES, ENGLISH]}
    dev = {code: found.get(("faq", "dev", code), 0) for code in faq}
    assert {code: faq[code] + dev[code] for code in faq} == {
        "swh_Latn": 128, "deu_Latn": 173, "amh_Ethi": 67, "yor_Latn": 0, "cym_Latn": 169, "zho_Hans": 166,
        ENGLISH: 179,
    }  # fmt: skip
    assert 0.1 < dev[ENGLISH] / 179 < 0.3


def test_pairs(frames: dict[str, pd.DataFrame]) -> None:
    found = counts(frames["bitext"], "language", "source")
    # 6,015 clean verses less about 870 held-out ones; 1,209 and 1,207 messages less plurals.
    assert 5000 < found["swh_Latn", "quran"] < 5200 and 5000 < found["amh_Ethi", "quran"] < 5200
    assert 1050 < found["yor_Latn", "kolibri"] < 1209 and 1050 < found["swh_Latn", "kolibri"] < 1207
    # 2,202 clean strings less questions, answers and the site's other long texts, which are documents.
    assert 1000 < found["cym_Latn", "scratch"] < 1400
    assert ("yor_Latn", "quran") not in found


def test_known_rows(frames: dict[str, pd.DataFrame]) -> None:
    bitext = frames["bitext"]
    lord = bitext[bitext["english"] == "And most surely your Lord is the Mighty, the Merciful."]
    assert set(lord["language"]) == {"swh_Latn", "deu_Latn", "amh_Ethi", "zho_Hans"}  # eight verses, one pair each
    assert "Na hakika Mola wako Mlezi ndiye Yeye Mwenye nguvu Mwenye kurehemu." in set(lord["text"])
    yoruba = bitext[bitext["language"] == "yor_Latn"].set_index("english")["text"]
    title = "The first thing you should do is import some channels to this device"
    assert yoruba[title].startswith("Ohun àkọ́kọ́ tí ó yẹ kí o ṣe")


def test_no_verse_of_a_held_out_surah_is_in_the_bitext(frames: dict[str, pd.DataFrame]) -> None:
    bitext = frames["bitext"]
    shakir = quran.read({})[ENGLISH]
    plain = {verse: words(text) for verse, text in shakir.items()}
    held = {text for verse, text in plain.items() if quran.surah(int(verse)) % 6 == 0}
    assert not held & set(map(words, bitext["english"]))
    dev = {text for verse, text in plain.items() if quran.surah(int(verse)) % 6 == 3}
    assert not dev & set(map(words, bitext.loc[bitext["split"] == "train", "english"]))


def words(text: str) -> str:
    return " " + " ".join(re.findall(r"\w+", text.lower())) + " "


@pytest.mark.parametrize("language", ["swh_Latn", "deu_Latn", "cym_Latn"])
def test_a_plain_search_finds_no_test_query_in_training(frames: dict[str, pd.DataFrame], language: str) -> None:
    bitext, queries = frames["bitext"], frames["queries"]
    own = bitext[(bitext["language"] == language) & (bitext["split"] == "train")]
    for column, asked in (("text", language), ("english", ENGLISH)):
        segments = [words(text) for text in own[column]]
        joined = "|".join(segments)
        mine = queries[queries["language"] == asked]
        for task, text in zip(mine["task"], mine["text"], strict=True):
            if task != "symbols" and len(text.split()) >= 5:
                assert words(text) not in joined, text
        assert not set(segments) & {words(text) for text in mine["text"]}


def test_no_document_of_a_task_is_a_training_text_in_any_language(frames: dict[str, pd.DataFrame]) -> None:
    bitext = frames["bitext"]
    trained = bitext[bitext["split"] == "train"]
    texts = {words(text) for column in ("english", "text") for text in trained[column].unique()}
    for task, documents in frames["documents"].groupby("task"):
        assert not texts & set(map(words, documents["text"])), task


def test_parallel_tasks_share_ids_and_order_with_english(frames: dict[str, pd.DataFrame]) -> None:
    queries = frames["queries"]
    for task in ("faq", "passages", "strings", "declaration"):
        mine = queries[queries["task"] == task]
        for (_, split), part in mine.groupby(["language", "split"]):
            english = mine[(mine["language"] == ENGLISH) & (mine["split"] == split)]["query_id"].tolist()
            own = set(part["query_id"])
            assert part["query_id"].tolist() == [query for query in english if query in own]


def test_every_query_is_judged_and_every_judged_document_exists(frames: dict[str, pd.DataFrame]) -> None:
    keys = ["task", "split", "language", "query_id"]
    judged = frames["qrels"][keys].drop_duplicates()
    assert len(judged) == len(frames["queries"]) == len(judged.merge(frames["queries"][keys]))
    named = frames["qrels"][["task", "doc_id"]].drop_duplicates()
    assert len(named.merge(frames["documents"][["task", "doc_id"]])) == len(named)
    assert not frames["documents"].duplicated(["task", "doc_id"]).any()
    assert set(frames["qrels"]["grade"]) == {1, 2}


def test_tables_have_the_declared_columns(frames: dict[str, pd.DataFrame]) -> None:
    for name, columns in TABLES.items():
        assert list(frames[name].columns) == list(columns)
        assert frames[name].dtypes.tolist() == table([], columns).dtypes.tolist()
