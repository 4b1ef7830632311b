import pytest

from bench.analysis.results import load
from bench.data.sources.hubs.catalogue import HUB_DATA
from bench.data.sources.packages.catalogue import PACKAGES
from bench.output.report import provenance, texts
from tests.output.report import made


def test_texts_that_must_not_be_passed_on_are_reserved():
    assert "alfanous" in texts.reserved("passages")
    assert texts.reserved("a task of the user") == "its licence is not known here"
    for task in ("symbols", "faq", "declaration", "strings"):
        assert texts.reserved(task) == ""
        assert texts.reserved(task, own=True) == "its licence is not known here", "the name of a task says nothing of its texts"
    assert {name for name, package in PACKAGES.items() if not package.shareable} == {"alfanous", "alfanous3"}
    assert all("never redistribute" in package.note for package in PACKAGES.values() if not package.shareable)


def test_long_texts_are_cut_at_a_space_where_there_is_one():
    assert texts.cut("a " * 200, 50).endswith(" …") and len(texts.cut("x" * 500, 50)) <= 51
    assert texts.cut("short  \n text", 50) == "short text"


def test_texts_come_from_the_suite_of_the_cells(world):
    found = texts.load(load(world), "low")
    assert found.note == "" and found.query("faq", "swh_Latn", "q2") == "swh_Latn asks 2 <i></i>"
    assert found.english("faq", "q2").startswith("eng_Latn asks 2") and found.english("symbols", "swh_Latn q2") == ""
    assert found.document("faq", "d3") == "document 3 of faq" and found.judged("faq", "amh_Ethi", "q3") == {"d3": 1}
    assert found.query("faq", "swh_Latn", "unknown") == "" == found.query("faq", "xxx_Latn", "q2")


@pytest.mark.parametrize(("which", "shown"), [("shareable", ""), ("all", "document 3 of faq")])
def test_reserved_tasks_have_judgements_but_no_texts(world, monkeypatch, which, shown):
    monkeypatch.setattr(texts, "reserved", lambda task, own: "for the test" if task == "faq" else "")
    found = texts.load(load(world), "low", which)
    assert found.document("faq", "d3") == shown and bool(found.query("faq", "swh_Latn", "q2")) == bool(shown)
    assert found.judged("faq", "swh_Latn", "q2") == {"d2": 1}
    assert found.document("symbols", "d3")


@pytest.mark.parametrize("data", [{"suite": "my/data"}, {"bitext": ["a.tsv"]}, {"suite": "builtin", "tasks": ["t"]},
                                  {"hubs": ["mmarco"]}])  # fmt: skip
def test_own_data_is_nobody_else_s(world, tmp_path, data):
    folder = made.experiment(tmp_path / "own", data=data)
    assert texts.own_data(load(folder)) and not texts.own_data(load(world))
    found = texts.load(load(folder), "low")
    assert found.document("faq", "d3") == "" and found.hidden["faq"] == "its licence is not known here", "whatever its name"
    assert texts.load(load(folder), "low", "all").document("faq", "d3") == "document 3 of faq"
    licences = {one["source"]: one["licence"] for one in provenance.licences(load(folder))}
    assert licences == {name: HUB_DATA[name].licence for name in data.get("hubs", ())}
    assert len(provenance.licences(load(world))) > 5


def test_the_licence_of_a_data_set_of_a_hub_is_said(world, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(texts.HUB_DATA, "faq", HUB_DATA["belebele"])
        found = texts.load(load(made.experiment(tmp_path / "hub", data={"hubs": ["faq@main"]})), "low")
    assert found.hidden["faq"] == "its licence (CC BY-SA 4.0) has terms that are yours to follow"
    assert found.document("faq", "d3") == ""


def test_a_cache_without_the_suite_is_said_not_an_error(world, tmp_path, monkeypatch):
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path))
    found = texts.load(load(world), "low")
    assert "not in the cache" in found.note and found.document("faq", "d3") == "" and found.judged("faq", "swh_Latn", "q2") == {}
    assert "--texts none" in texts.load(load(world), "low", "none").note
