"""A bilingual lexicon beside the word table, and in its place: the whole cell on a made-up suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.cells.cell import run_cell
from bench.cells.shared.context import open_context
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.experiment.identity import lexicon_key
from bench.experiment.spec import CellSpec
from methods.declaration import MethodError
from methods.facts import facts
from methods.registry import load, parse_spec
from tests.made_suite import WORDS, World, made_world, translated


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def folder(base: Path, words: dict[str, str]) -> Path:
    """A copy of the lexicon in Swahili, beside one in a language that nobody asks for."""
    place = base / "bitext" / "gatitos"
    place.mkdir(parents=True)
    for code, listed in (("swh_Latn", words), ("twi_Latn", {"cat": "ɔkra"})):
        (place / f"{code}.tsv").write_text("".join(f"{e}\t{f}\n" for e, f in listed.items()), encoding="utf-8")
    return base


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("listed"), {word: translated(word, "swh_Latn") for word in WORDS})


def spec_of(world: World, method: str, place: Path) -> CellSpec:
    """A cell of the made-up suite whose `data.folder` holds the lexicon."""
    spec, languages = world.spec(method), Languages.load()
    data = Data(hubs=("ntrex",), folder=str(place), order=spec.data.order, guard=spec.data.guard)
    key = lexicon_key(parse_spec(method), data, languages, spec.languages)
    return spec.model_copy(update={"data": data, "model_keys": spec.model_keys | key})


def run(world: World, spec: CellSpec, name: str) -> tuple[Path, dict[str, Any]]:
    open_context.cache_clear()
    out = world.out(name)
    return out, run_cell(spec, out, lambda *_: None)


def translations(out: Path, language: str) -> dict[str, str]:
    table = pd.read_csv(out / "translations.csv", keep_default_na=False)
    own = table[table["language"] == language]
    return dict(zip(own["text"], own["translation"], strict=True))


def test_the_whole_cell_with_a_lexicon(world: World, tmp_path: Path):
    """The lexicon goes first, here with a word that no pair has; what it lacks the pairs have taught."""
    place = folder(tmp_path, {"kitten": translated("cat", "swh_Latn"), "old": translated("old", "swh_Latn")})
    out, found = run(world, spec_of(world, "lexical(lexicon=gatitos)", place), "listed")
    plain, before = run(world, spec_of(world, "lexical", place), "plain")
    said = found["lexicon"]
    assert (said["name"], said["entries"], said["without"], said["left_out"]) == ("gatitos", {"swh_Latn": 2}, ["hau_Latn"], 0)
    assert 0.05 < said["covered"]["swh_Latn"] < 0.3
    assert "lexicon" not in before and found["pairs_seen"] == before["pairs_seen"] == 48
    learnt = translations(plain, "swh_Latn")
    assert any("cat" in english.split() for english in learnt.values())
    assert translations(out, "swh_Latn") == {text: english.replace("cat", "kitten") for text, english in learnt.items()}
    for language in ("hau_Latn", "deu_Latn"):
        assert translations(out, language) == translations(plain, language)
    assert found["translation"]["chrf"] < before["translation"]["chrf"]


def test_a_lexicon_alone(world: World, listed: Path):
    out, found = run(world, spec_of(world, "lexical(lexicon=gatitos,lexicon_only=true)", listed), "alone")
    assert found["pairs_by_language"] == {"hau_Latn": 24} and found["pairs_seen"] == 24 and set(found["words"]) == {"hau_Latn"}
    assert all(translated(english, "swh_Latn") == text for text, english in translations(out, "swh_Latn").items())
    german = translations(out, "deu_Latn")
    assert german and all(text == english for text, english in german.items())


def test_structured_queries_with_a_lexicon(world: World, listed: Path):
    out, _ = run(world, spec_of(world, "lexical(form=structured,lexicon=gatitos,lexicon_only=true)", listed), "structured")
    texts = pd.read_csv(out / "translations.csv", keep_default_na=False)
    own = texts[texts["language"] == "swh_Latn"]
    assert (own["structured"] == [" | ".join(text.split()) for text in own["translation"]]).all()


def test_a_fused_arm_with_a_lexicon(world: World, listed: Path):
    _, found = run(world, spec_of(world, "fused(method=lexical(lexicon=gatitos))", listed), "fused")
    assert found["lexicon"]["entries"] == {"swh_Latn": len(WORDS)}


def test_entries_that_are_queries_of_a_task_are_left_out(world: World, tmp_path: Path):
    asked = world.suite.tasks["faq"].queries("test", "swh_Latn")["text"][0]
    english = world.suite.tasks["symbols"].queries("dev", "eng_Latn")["text"][0]
    place = folder(tmp_path, {"cat": "taks", "give away": asked, english: "zaidi"})
    _, found = run(world, spec_of(world, "lexical(lexicon=gatitos)", place), "queries")
    assert found["lexicon"]["left_out"] == 2 and found["lexicon"]["entries"] == {"swh_Latn": 1}


def test_a_lexicon_that_changed_since_the_plan(world: World, tmp_path: Path):
    spec = spec_of(world, "lexical(lexicon=gatitos)", folder(tmp_path, {"cat": "paka"}))
    (tmp_path / "bitext" / "gatitos" / "swh_Latn.tsv").write_text("cat\tnyau\n")
    with pytest.raises(BenchError, match="gatitos was changed"):
        run(world, spec, "changed")


def test_mistakes_and_marks(world: World, tmp_path: Path):
    with pytest.raises(MethodError, match="lexicon_only=True without a lexicon"):
        load(parse_spec("lexical(lexicon_only=true)"))
    (tmp_path / "bitext").mkdir()
    with pytest.raises(BenchError, match="lexicon gatitos: data.folder has no bitext/gatitos"):
        spec_of(world, "lexical(lexicon=gatitos)", tmp_path)
    marked = ("lexical(lexicon=gatitos)", "fused(method=lexical(lexicon=gatitos))", "lexical(form=structured,lexicon=gatitos)")
    assert {facts(text).role for text in marked} == {"not budget-matched"} and not facts("fused").role
