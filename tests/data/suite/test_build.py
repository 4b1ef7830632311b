import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.data.suite import build
from bench.data.suite.types import Suite
from tests.data.suite import made_sources
from tests.data.suite.made_sources import LANGUAGES, WITHOUT

CODES = ["swh_Latn", "hau_Latn", "amh_Ethi"]


@pytest.fixture(autouse=True)
def sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "READERS", dict(build.READERS))
    monkeypatch.setattr(build, "fetch", None)
    made_sources.install()


def made(without: tuple[str, ...] = (), codes: list[str] = CODES) -> Suite:
    return build.build_suite(LANGUAGES, codes, (*WITHOUT, *without))


def test_bitext_and_tasks_are_there_and_counted() -> None:
    suite = made()
    assert set(suite.tasks) == {"symbols", "faq", "declaration", "strings"}
    # Seven more are documents of `strings`.
    assert suite.info["counts"]["pairs"]["hau_Latn"]["kolibri"] == {"dev": 7, "train": 46}
    assert suite.info["counts"]["queries"]["faq"]["test"] == dict.fromkeys(["amh_Ethi", "eng_Latn", "hau_Latn", "swh_Latn"], 1)
    assert suite.info["counts"]["documents"]["strings"] == 24  # 12 of dev, 12 that nobody asks for
    assert suite.info["without"] == list(WITHOUT)
    assert suite.path.parent.name == "suite" and suite.hash == suite.info["hash"]


def test_pairs_that_hold_a_text_of_a_task_are_gone_in_all_languages() -> None:
    suite = made()
    english = set(suite.bitext["english"])
    assert not any(made_sources.QUESTION in text for text in english)
    assert "leaking symbol here" not in english
    assert suite.info["rejected"]["leak"] == {"rows": 6}


def test_the_split_of_a_string_is_the_same_in_all_languages() -> None:
    bitext = made().bitext
    assert (bitext.groupby("pair_id")["split"].nunique() == 1).all()
    assert (bitext.groupby("pair_id")["english"].nunique() == 1).all()
    assert (bitext.groupby("pair_id")["language"].nunique() == 3).all()


def test_the_second_call_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    first = made()
    monkeypatch.setattr(build, "make_frames", None)
    assert made(codes=list(reversed(CODES))).hash == first.hash


def test_the_key_tells_languages_sources_and_codes_apart() -> None:
    keys = {made().info["key"], made(codes=CODES[:2]).info["key"], made(("udhr",)).info["key"]}
    assert len(keys) == 3


def test_a_source_left_out_takes_its_task_along() -> None:
    assert set(made(("scratch",)).tasks) == {"symbols", "declaration", "strings"}
    assert set(made(("cldr", "udhr")).tasks) == {"faq", "strings"}


@pytest.mark.parametrize("names", [["scrach"], ["Quran"]])
def test_an_unknown_source_is_an_error(names: list[str]) -> None:
    with pytest.raises(BenchError, match="unknown source"):
        build.build_suite(LANGUAGES, CODES, names)


def test_no_language_or_no_bitext_is_an_error() -> None:
    with pytest.raises(BenchError, match="no bitext"):
        build.build_suite(LANGUAGES, [])
    with pytest.raises(BenchError, match="no bitext"):
        made(("kolibri", "scratch"))
    with pytest.raises(BenchError, match="swh_Latn"):
        build.build_suite(LANGUAGES, ["swx_Latn"])


def test_leakage_that_the_removal_misses_fails_the_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "remove_leaks", lambda pairs, tasks, answers, documents: pairs)
    with pytest.raises(BenchError, match="leakage: 2 pairs"):
        made()
    assert list((tmp_path / "suite").glob("*")) == [] if (tmp_path / "suite").exists() else True


def test_a_document_that_no_question_asks_for_is_not_trained_on_or_the_build_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "A project page tells who made it and what can be done with it after school."
    plain = made_sources.english
    monkeypatch.setattr(made_sources, "english", lambda name: plain(name) | ({"www/p/long": long} if name == "scratch" else {}))
    suite = made()
    assert long in set(suite.task("faq").documents["text"]) and long not in set(suite.bitext["english"])
    # Two rules keep it out of the bitext. Without both, the check of the finished suite sees it.
    monkeypatch.setenv("XLSD_CACHE", os.environ["XLSD_CACHE"] + "-again")
    monkeypatch.setattr(build.tasks_faq, "withheld", lambda english, questions: set())
    assert long not in set(made().bitext["english"])
    monkeypatch.setenv("XLSD_CACHE", os.environ["XLSD_CACHE"] + "-again")
    monkeypatch.setattr(build, "remove_leaks", lambda pairs, tasks, answers, documents: pairs)
    with pytest.raises(BenchError, match=f"leakage(.|\n)*scratch, train.: {long!r}"):
        made()


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pandas.DataFrame.to_parquet", full)
    with pytest.raises(BenchError, match="No space left"):
        made()
    assert list((tmp_path / "suite").iterdir()) == []


def test_files_are_the_same_byte_for_byte_whatever_the_hash_seed(tmp_path: Path) -> None:
    code = (
        "from tests.data.suite import made_sources as m; from bench.data.suite.build import build_suite\n"
        "m.install(); build_suite(m.LANGUAGES, [one.code for one in m.LANGUAGES], m.WITHOUT)"
    )
    contents = []
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "XLSD_CACHE": str(tmp_path / seed)}
        root = Path(__file__).parents[3]
        subprocess.run([sys.executable, "-c", code], check=True, cwd=root, env=environment)
        (folder,) = (tmp_path / seed / "suite").iterdir()
        contents.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert contents[0] == contents[1] and set(contents[0]) == {
        "bitext.parquet", "documents.parquet", "queries.parquet", "qrels.parquet", "suite.json",
    }  # fmt: skip
    assert json.loads(contents[0]["suite.json"])["languages"] == sorted(CODES)
