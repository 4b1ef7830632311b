"""Questions with their passages, in their real forms."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.sources.hubs import files
from bench.data.sources.hubs.catalogue import HUB_DATA
from bench.data.sources.hubs.questions import AfriQa, PassageTask, XorQaIn, XQuad, XQuadR
from bench.data.sources.hubs.reader import HubReader
from bench.data.sources.hubs.tasks import open_task
from bench.data.suite.own_tasks import own_task
from tests.made_hubs import write_lines, write_repository

LANGUAGES = Languages.load()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path))
    return tmp_path


def answered(task: PassageTask, own: str) -> dict[str, tuple[str, str]]:
    """Question id -> text, text of its passage."""
    documents = dict(task.documents("").read())
    judged = {one.query_id: documents[one.doc_id] for one in task.judgements(own)}
    return {one.query_id: (one.text, judged[one.query_id]) for one in task.questions(own)}


def squad(language: str, ids: str = "abc") -> list[dict[str, Any]]:
    return [
        {"id": f"id-{name}", "context": f"{language} paragraph {number // 2}", "question": f"{language} {name}?",
         "answers": {"text": ["x"], "answer_start": [0]}}
        for number, name in enumerate(ids)
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "repository", "config"), [
    (XQuad, "google/xquad", "xquad.{X}"), (XQuadR, "google-research-datasets/xquad_r", "{X}"),
])  # fmt: skip
def test_xquad_asks_about_english_paragraphs(kind: type[XQuad], repository: str, config: str):
    write_repository(repository, {(config.replace("{X}", own), "validation"): squad(own) for own in ("en", "hi")})
    assert answered(kind(), "hi") == {
        "id-a": ("hi a?", "en paragraph 0"), "id-b": ("hi b?", "en paragraph 0"), "id-c": ("hi c?", "en paragraph 1"),
    }  # fmt: skip
    assert answered(kind(), "")["id-c"] == ("en c?", "en paragraph 1")
    assert len(list(kind().documents("").read())) == 2


def test_a_question_of_xquad_without_an_english_one_is_told():
    write_repository("google/xquad", {("xquad.en", "validation"): squad("en"), ("xquad.hi", "validation"): squad("hi", "abcd")})
    with pytest.raises(BenchError, match="google/xquad, hi: no English paragraph for question id-d"):
        list(XQuad().questions("hi"))


def afriqa(number: int, language: str) -> str:
    return json.dumps({
        "answer_pivot": {"answer_start": [0], "text": ["x"]}, "context": f"Passage {language} {number // 2}.", "id": str(number),
        "question_lang": f"{language} {number}?", "question_translated": f"English {number} of {language}?", "title": "Title",
        "answer_lang": "x",
    })  # fmt: skip


def write_afriqa() -> None:
    for own, splits in AfriQa.splits.items():
        for split in splits.split():
            path = f"data/gold_passages/{own}/gold_span_passages.afriqa.{own}.en.{split}.json"
            write_lines("masakhane-io/afriqa", path, [afriqa(number, f"{own}-{split}") for number in range(3)])


def test_afriqa_has_questions_of_each_language_and_the_passages_of_all():
    write_afriqa()
    task = AfriQa()
    hausa = answered(task, "hau")
    assert hausa["hau-dev-2"] == ("hau-dev 2?", "Title Passage hau-dev 1.") and len(hausa) == 6
    assert {one.split for one in task.questions("swa")} == {"test"}
    english = answered(task, "")
    assert english["hau-dev-2"] == ("English 2 of hau-dev?", hausa["hau-dev-2"][1])
    assert len(list(task.documents("").read())) == 2 * sum(len(splits.split()) for splits in AfriQa.splits.values())


def test_the_languages_of_afriqa_are_asked_for_themselves():
    write_afriqa()
    (task,) = HubReader(("afriqa",), LANGUAGES).read(["hau_Latn", "zul_Latn"], lambda line: None).tasks
    made, notes = own_task(task)
    asked = {(split, code): {name for found, of, name, _ in made.queries if (found, of) == (split, code)}
             for split in ("dev", "test") for code in ("hau_Latn", "zul_Latn", "eng_Latn")}  # fmt: skip
    assert not asked["test", "hau_Latn"] & asked["test", "zul_Latn"] and len(asked["dev", "hau_Latn"]) == 3
    assert asked["test", "eng_Latn"] == asked["test", "hau_Latn"] | asked["test", "zul_Latn"]


def xorqa(language: str, split: str, questions: int = 3) -> dict[str, Any]:
    return {"canary": "x", "examples": [
        {"title": "T", "context": f"{split} context {n // 2}", "question": f"{language} {split} {n}", "answers": [{"text": "x"}],
         "translated_answers": [{"text": "y"}], "lang": language, "split": split} for n in range(questions)
    ]}  # fmt: skip


@pytest.mark.parametrize("nested", [False, True])
def test_xorqa_in_asks_the_same_questions_in_the_same_order(nested: bool):
    for own in ("hi", "bho"):
        for split in ("dev", "test"):
            found: Any = xorqa(own, split)
            if nested:
                found = [{"canary": "x", "examples": one} for one in found["examples"]]
            write_lines("google/IndicGenBench_xorqa_in", f"xorqa_{own}_{split}.json", json.dumps(found, indent=1).split("\n"))
    task = XorQaIn(codes="hi bho")
    assert answered(task, "bho")["test-2"] == ("bho test 2", "T test context 1")
    assert {name: passage for name, (_, passage) in answered(task, "hi").items()} == {
        name: passage for name, (_, passage) in answered(task, "bho").items()
    }
    assert len(list(task.documents("").read())) == 4 and len(answered(task, "hi")) == 6


@pytest.mark.parametrize("written", ["{", '{"data": []}', '{"examples": [{"question": "a"}]}'])
def test_a_file_of_xorqa_in_of_another_form_is_one_message(written: str):
    write_lines("google/IndicGenBench_xorqa_in", "xorqa_hi_dev.json", [written])
    with pytest.raises(BenchError, match="another form"):
        list(XorQaIn(codes="hi").questions("hi"))


@pytest.mark.parametrize("name", ["belebele", "xquad", "xorqa-in", "africlirmatrix"])
def test_tasks_are_read_at_their_revision(name: str):
    assert open_task(HUB_DATA[name]).revision == HUB_DATA[name].revision is not None  # type: ignore[attr-defined]


def test_a_data_set_without_a_pinned_revision_is_read_at_one_and_that_is_noted(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def table(repository: str, config: str, split: str, revision: str | None = None):
        asked.append(revision)
        yield from squad(config)

    commit = "abc1" * 10
    monkeypatch.setattr("bench.data.sources.hubs.revisions.newest", lambda repository, revision: commit)
    monkeypatch.setattr("bench.data.sources.hubs.questions.table", table)
    found = HubReader(("xquad-r",), LANGUAGES).read(["hin_Deva"], lambda line: None)
    assert set(asked) == {commit}
    assert found.notes == [f"xquad-r: google-research-datasets/xquad_r, revision {commit} (none is pinned)"]
    write_repository("google-research-datasets/xquad_r", {("hi", "validation"): squad("hi")})
    assert HubReader(("xquad-r",), LANGUAGES).read(["hin_Deva"], lambda line: None).notes == [], "a copy is what it is"


def test_without_the_hub_the_newest_revision_is_not_known(monkeypatch: pytest.MonkeyPatch):
    class Api:
        def dataset_info(self, repository: str, revision: str | None, timeout: float) -> None:
            raise ConnectionError("no network")

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    files.newest.cache_clear()
    assert files.newest("a/b") is None
