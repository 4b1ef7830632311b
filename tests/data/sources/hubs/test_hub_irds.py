"""Each task of ir_datasets on tiny files in its real formats, placed where the library keeps what it downloads."""

from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.data.sources.hubs import tasks
from bench.data.sources.hubs.tasks import TASKS
from tests.made_hubs import declared, fresh_ir_datasets, json_lines, put, write_clirmatrix, write_mmarco_german, write_msmarco


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    fresh_ir_datasets(tmp_path, monkeypatch)
    return tmp_path


def test_msmarco_and_its_translation_share_passages_and_ids(home: Path):
    write_msmarco(home)
    write_mmarco_german(home)
    task = TASKS["mmarco"]()
    german = list(task.questions("de"))
    assert german == [("", "7", "was ist regen"), ("", "9", "wie backt man brot")]  # those of dev/small alone
    assert list(task.judgements("de")) == [("", "7", "0", 1), ("", "9", "1", 1)] == list(task.judgements(""))
    assert [found.text for found in task.questions("")] == ["what is rain", "how to bake bread"]
    stream = task.documents("de")
    assert list(stream.read()) == [("0", "The passage on rain."), ("1", "A passage on bread."), ("2", "On neither.")]
    assert list(stream.read()) == list(TASKS["msmarco"]().documents("").read())  # again, from the start
    assert stream.count == 8_841_823


def test_clirmatrix_has_dev_and_test_and_all_grades(home: Path, monkeypatch: pytest.MonkeyPatch):
    write_clirmatrix(home, "sw")
    task = TASKS["clirmatrix"]()
    assert list(task.questions("sw")) == [
        *(("dev", f"dev{i}", f"swali {i}") for i in range(3)), *(("test", f"test1{i}", f"swali {i}") for i in range(3))
    ]  # fmt: skip
    judged = [found[1:] for found in task.judgements("sw") if found.query_id == "dev1"]
    assert judged == [("dev1", "100", 6), ("dev1", "101", 0), ("dev1", "102", 2)]
    assert dict(task.documents("sw").read())["101"] == "The second."
    monkeypatch.setattr(tasks, "CLIRMATRIX_QUERIES", 2)
    assert len(list(TASKS["clirmatrix"]().questions("sw"))) == 4


def test_miracl(home: Path):
    rows = [{"docid": "1#0", "title": "Mvua", "text": "Mvua ni maji."}]
    put(home, declared("miracl", "v1.0/sw/corpus/0"), json_lines(rows))
    put(home, declared("miracl", "v1.0/sw/dev/topics"), "5\tMvua ni nini?\n")
    put(home, declared("miracl", "v1.0/sw/dev/qrels"), "5 Q0 1#0 1\n")
    task = TASKS["miracl"]()
    assert list(task.questions("sw")) == [("dev", "5", "Mvua ni nini?")]
    assert list(task.judgements("sw")) == [("dev", "5", "1#0", 1)]
    assert list(task.documents("sw").read()) == [("1#0", "Mvua Mvua ni maji.")]


def test_neuclir(home: Path):
    document = {"id": "doc-1", "title": "عنوان", "text": "متن", "url": "http://x", "time": "2022", "cc_file": "f"}
    put(home, declared("neuclir", "1/fa/docs"), json_lines([document]))
    said = {"topic_title": "Rain", "topic_description": "On rain.", "topic_narrative": "All of it."}
    ours = {name: f"fa {text}" for name, text in said.items()}
    topic = {"topic_id": "9", "languages_with_qrels": ["fas"], "topics": [
        {"lang": "eng", "source": "original", **said}, {"lang": "fas", "source": "human translation", **ours},
        {"lang": "fas", "source": "machine translation", **ours},
    ]}  # fmt: skip
    put(home, declared("neuclir", "trec-2022/queries"), json_lines([topic]))
    put(home, declared("neuclir", "trec-2022/qrels"), "9 fas doc-1 3\n9 zho doc-2 1\n")
    task = TASKS["neuclir"]()
    assert list(task.questions("fa")) == [("", "9", "Rain")]
    assert list(task.judgements("fa")) == [("", "9", "doc-1", 3)]  # of Persian alone
    assert list(task.documents("fa").read()) == [("doc-1", "عنوان متن")]


def test_wikiclir(home: Path):
    source = "wikiclir/source/wiki-clir"
    put(home, f"{source}/english/wiki_en.queries", "12\tRain\tRain is water.\n13\tBread\tBread is food.\n")
    put(home, f"{source}/swahili/en2sw.rel", "12 4 2\n")
    put(home, f"{source}/swahili/wiki_sw.documents", "4\tMvua\tMvua ni maji.\n")
    task = TASKS["wikiclir"]()
    assert list(task.questions("sw")) == [("", "12", "Rain")]  # the other has no judgement in Swahili
    assert list(task.judgements("sw")) == [("", "12", "4", 2)]
    assert list(task.documents("sw").read()) == [("4", "Mvua Mvua ni maji.")]


def test_without_network_every_missing_file_is_named_with_its_place(home: Path):
    put(home, declared("mmarco", "dev/qrels-small"), "7\t0\t0\t1\n")
    with pytest.raises(BenchError) as found:
        list(TASKS["mmarco"]().questions("de"))
    assert "cannot read mmarco/v2/de/dev/small" in found.value.message and "no network in tests" in found.value.message
    queries = declared("mmarco", "v2/de/queries/dev")
    assert f"german_queries.dev.tsv\n    to {home / queries}" in found.value.hint
    assert "qrels.dev.small" not in found.value.hint  # that one is there
    assert f"to {home / declared('msmarco-passage', 'collectionandqueries')}" in found.value.hint  # documents are read too ...
    assert "german_collection" not in found.value.hint  # ... but not the German ones


def test_a_damaged_file_is_one_message_that_asks_for_no_other(home: Path):
    write_clirmatrix(home, "sw")
    queries = home / "clirmatrix" / "sw_en.dev.gz"
    queries.write_bytes(queries.read_bytes()[:-12])
    with pytest.raises(BenchError, match="cannot read clirmatrix/en/bi139-base/sw/dev") as found:
        list(TASKS["clirmatrix"]().questions("sw"))
    assert "no file is missing" in found.value.hint and "http://" not in found.value.hint


def test_a_collection_that_names_its_files_in_a_file_asks_for_that_one_first(home: Path):
    with pytest.raises(BenchError) as found:
        list(TASKS["clirmatrix"]().questions("sw"))
    assert str(home / declared("clirmatrix", "downloads")) in found.value.hint
    write_clirmatrix(home, "sw")
    (home / "clirmatrix" / "sw_en.dev.gz").unlink()
    with pytest.raises(BenchError) as found:
        list(TASKS["clirmatrix"]().questions("sw"))
    assert str(home / "clirmatrix" / "sw_en.dev.gz") in found.value.hint
