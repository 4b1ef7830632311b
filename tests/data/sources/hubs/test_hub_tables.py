"""Tasks in tables and files of the hub, in their real forms."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.base.errors import BenchError
from bench.data.sources.hubs import files
from bench.data.sources.hubs.tables import AfriClirMatrix, Belebele, Ciral
from tests.made_hubs import write_lines, write_repository


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path))
    return tmp_path


def belebele(language: str) -> list[dict[str, Any]]:
    """Three questions on two passages, in an order of each language's own."""
    rows = [
        {"link": link, "question_number": number, "flores_passage": f"{language} passage {link[-1]}",
         "question": f"{language} question {number} on {link[-1]}", "mc_answer1": "a", "mc_answer2": "b", "mc_answer3": "c",
         "mc_answer4": "d", "correct_answer_num": "1", "dialect": language, "ds": "2023-05-03"}
        for link, number in (("https://en.wikibooks.org/wiki/A b", 1), ("https://en.wikibooks.org/wiki/A b", 2),
                             ("https://en.wikinews.org/wiki/C", 1))
    ]  # fmt: skip
    return rows if language == "eng_Latn" else rows[::-1]


def test_belebele_asks_the_same_questions_in_every_language():
    write_repository("facebook/belebele", {(code, "test"): belebele(code) for code in ("eng_Latn", "hau_Latn")}, form="jsonl")
    task = Belebele()
    assert list(task.documents("").read()) == [
        ("https://en.wikibooks.org/wiki/A_b", "eng_Latn passage b"), ("https://en.wikinews.org/wiki/C", "eng_Latn passage C")
    ]  # fmt: skip
    english = {found.query_id: found.text for found in task.questions("")}
    hausa = {found.query_id: found.text for found in task.questions("hau_Latn")}
    assert hausa == {name: text.replace("eng_Latn", "hau_Latn") for name, text in english.items()} and len(english) == 3
    judged = {found.query_id: found.doc_id for found in task.judgements("hau_Latn")}
    assert judged == {found.query_id: found.doc_id for found in task.judgements("")}
    assert judged["https://en.wikibooks.org/wiki/A_b#2"] == "https://en.wikibooks.org/wiki/A_b"
    assert not any(" " in name for name in (*judged, *judged.values()))


def test_a_link_with_two_passages_is_not_taken_for_one():
    rows = belebele("eng_Latn")
    rows[1]["flores_passage"] = "another passage"
    write_repository("facebook/belebele", {("eng_Latn", "test"): rows})
    with pytest.raises(BenchError, match="is the link of two passages"):
        list(Belebele().documents("").read())


def test_ciral(cache: Path):
    for part in ("dev", "test-a", "test-b"):
        write_lines("CIRAL/ciral", f"ciral-hausa/topics/topics.ciral-v1.0-ha-{part}.tsv", [f"7\tWhat of {part}?"])
        write_lines("CIRAL/ciral", f"ciral-hausa/qrels/qrels.ciral-v1.0-ha-{part}.tsv", ["7 Q0 VOA#1#2 1", "7 Q0 VOA#1#3 0"])
    passage = {"docid": "VOA#1#2", "title": "Labari", "text": "Ruwa ya sauka.", "url": "https://x"}
    write_lines("CIRAL/ciral-corpus", "passages-v1.0/hausa_passages.jsonl", [json.dumps(passage)])
    task = Ciral()
    assert list(task.questions("hausa")) == [
        ("dev", "dev-7", "What of dev?"), ("test", "test-a-7", "What of test-a?"), ("test", "test-b-7", "What of test-b?")
    ]  # fmt: skip
    assert list(task.judgements("hausa"))[:2] == [("dev", "dev-7", "VOA#1#2", 1), ("dev", "dev-7", "VOA#1#3", 0)]
    assert list(task.documents("hausa").read()) == [("VOA#1#2", "Labari Ruwa ya sauka.")]


def test_africlirmatrix_fetches_its_topics_once(monkeypatch: pytest.MonkeyPatch, cache: Path):
    served = {
        "test/queries/topics.africlirmatrix-v1.0.en.hau.tsv": b"12\tRain\n",
        "test/qrels/qrels.africlirmatrix-v1.0.en.hau.txt": b"12 Q0 5 6\n\n",
    }
    asked = []

    def urlopen(url: str, timeout: float):
        import io

        asked.append(url)
        return io.BytesIO(served[url.removeprefix("https://raw.githubusercontent.com/castorini/africlirmatrix/main/")])

    corpus = cache / "corpus.jsonl"  # as the hub's client keeps it, while only the topics are in the copy
    corpus.write_text(json.dumps({"id": "5", "contents": "Ruwa ya sauka."}) + "\n")
    fetched = {"africlirmatrix-v1.0-hausa/corpus.jsonl": corpus}
    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    monkeypatch.setattr(files, "_from_hub", lambda repository, path, revision: fetched[path])
    for _ in range(2):
        task = AfriClirMatrix()
        assert list(task.questions("hausa")) == [("test", "12", "Rain")]
        assert list(task.judgements("hausa")) == [("test", "12", "5", 6)]
        assert list(task.documents("hausa").read()) == [("5", "Ruwa ya sauka.")]
    assert len(asked) == 2


def test_a_file_that_cannot_be_had_is_named_with_its_place(monkeypatch: pytest.MonkeyPatch, cache: Path):
    def unreachable(*_: Any, **__: Any) -> Path:
        raise ConnectionError("no network")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    monkeypatch.setattr(files, "_from_hub", unreachable)
    told = r"cannot read file ciral-hausa/topics/.*-ha-dev.tsv of CIRAL/ciral: no network"
    with pytest.raises(BenchError, match=told) as found:
        list(Ciral().questions("hausa"))
    assert f"hf download CIRAL/ciral --repo-type dataset --local-dir {cache / 'hub' / 'CIRAL' / 'ciral'}" in found.value.hint
    with pytest.raises(BenchError) as found:
        list(AfriClirMatrix().questions("zulu"))
    assert "topics.africlirmatrix-v1.0.en.zul.tsv" in found.value.hint and str(cache / "hub" / "castorini") in found.value.hint
    write_lines("castorini/africlirmatrix", "test/queries/topics.africlirmatrix-v1.0.en.zul.tsv", ["12\tRain"])
    with pytest.raises(BenchError, match="cannot read file africlirmatrix-v1.0-zulu/corpus.jsonl") as found:
        list(AfriClirMatrix().documents("zulu").read())
    assert "hf download castorini/africlirmatrix" in found.value.hint  # topics alone are no copy of the repository


def test_rows_of_another_form_are_one_message():
    write_repository("facebook/belebele", {("eng_Latn", "test"): [{"url": "x", "flores_passage": "One."}]})
    for read in (lambda: Belebele().documents("").read(), lambda: Belebele().questions("")):
        with pytest.raises(BenchError, match="facebook/belebele, eng_Latn, has a row of another form: .*One"):
            list(read())
    write_lines("CIRAL/ciral", "ciral-hausa/topics/topics.ciral-v1.0-ha-dev.tsv", ["7 no tab"])
    with pytest.raises(BenchError, match="topics.ciral-v1.0-ha-dev.tsv, has a row of another form: 7 no tab"):
        list(Ciral().questions("hausa"))
