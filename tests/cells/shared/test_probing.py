"""Lists are chosen on dev questions of the experiment's languages, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.cells.cell import run_cell
from bench.cells.prepare import prepare
from bench.cells.shared import probing
from bench.cells.shared.context import Context
from bench.cells.shared.own_retriever import OwnRetriever
from bench.cells.shared.probing import dev_questions
from bench.data.english import ENGLISH
from bench.data.languages import Languages
from bench.data.stored.bitext import StoredBitext
from bench.experiment.grid import cells
from bench.experiment.profile.schema import Profile
from bench.retrieval.large.index import LargeIndex
from bench.retrieval.settings import Retrieval
from tests.made_suite import LETTERS, World, made_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def on_disk(world: World, **settings: object) -> Context:
    retrieval = Retrieval.model_validate({"documents": "disk", "shard": 4} | settings)
    return Context(replace(world.context.key, retrieval=retrieval))


def profile(world: World, *methods: str, **retrieval: object) -> Profile:
    found = world.profile(*methods, evaluation={"late_mode": "approximate"})
    settings = Retrieval.model_validate({"documents": "disk", "shard": 4} | retrieval)
    return found.model_copy(update={"retrieval": settings})


def test_questions_are_dev_queries_and_without_any_dev_pairs(world: World) -> None:
    suite, languages = world.suite, (*LETTERS, ENGLISH)
    asked = dev_questions(suite, "symbols", languages)
    assert list(asked) == [*LETTERS, ENGLISH]
    for language, texts in asked.items():
        assert texts == suite.task("symbols").queries("dev", language)["text"].tolist() and texts
    held = dev_questions(suite, "faq", languages, most=5)  # it has test queries alone
    bitext = suite.bitext.frame()
    for language, texts in held.items():
        side = "english" if language == ENGLISH else "text"
        rows = bitext[bitext["split"] == "dev"] if language == ENGLISH else bitext[
            (bitext["split"] == "dev") & (bitext["language"] == language)
        ]  # fmt: skip
        assert len(set(texts)) == 5 and set(texts) <= set(rows[side])
        assert not set(texts) & set(bitext[bitext["split"] == "train"][side])


def test_the_choice_is_made_once_for_all_cells_and_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = on_disk(world, recall_target=0.7)
    said = first.documents.index("symbols").probing
    counts = [len(texts) for texts in dev_questions(world.suite, "symbols", first.key.languages).values()]
    assert said.target == 0.7 and said.queries == sum(counts) and said.worst_recall and said.worst_recall >= 0.7
    monkeypatch.setattr(probing, "choose", lambda *_: pytest.fail("chosen again"))
    assert on_disk(world, recall_target=0.7).documents.index("symbols").probing == said
    assert on_disk(world, probes=7).documents.index("symbols").probing.record() == {"probes": 1, "lists": 1}


@pytest.mark.parametrize("change", [{"recall_target": 0.6}, {"candidates": 100}, {"task": "faq"}])
def test_what_decides_it_makes_it_anew(world: World, monkeypatch: pytest.MonkeyPatch, change: dict) -> None:
    on_disk(world, recall_target=0.75).documents.index("symbols").probing  # noqa: B018
    chosen = []
    whole = probing.choose
    monkeypatch.setattr(probing, "choose", lambda *given: chosen.append(given) or whole(*given))
    task = change.get("task", "symbols")
    settings = {"recall_target": 0.75} | {name: value for name, value in change.items() if name != "task"}
    on_disk(world, **settings).documents.index(task).probing  # noqa: B018
    assert len(chosen) == 1


def test_english_is_asked_by_the_teacher_and_the_rest_by_the_student(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    context, asked = on_disk(world, recall_target=0.8), []
    whole = context.before_training
    monkeypatch.setattr(context, "before_training", lambda english: asked.append(english) or whole(english))
    seen = []
    choose = probing.choose
    monkeypatch.setattr(probing, "choose", lambda *given: seen.append(given) or choose(*given))
    context.documents.index("symbols").probing  # noqa: B018
    assert asked == [False, True]
    _, _, space, dense, groups, *_ = seen[0]
    questions = dev_questions(world.suite, "symbols", context.key.languages)
    for english, encoder in ((False, context.student.start()), (True, context.teacher.encoder)):
        texts = [text for name, own in questions.items() if (name == ENGLISH) == english for text in own]
        at = [row for row, name in enumerate(groups) if (name == ENGLISH) == english]
        np.testing.assert_allclose(dense[at], space.pooled(encoder.encode(texts, "query").pooled), atol=1e-5)
    other = OwnRetriever(context, context.key.teacher)
    assert other.before_training(False) is other.before_training(True) is other.teacher.encoder


def test_prepared_cells_choose_nothing_and_their_manifest_says_what_was_chosen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = profile(world, "untrained", "english", recall_target=0.66)
    prepare(made, lambda *_: None)
    monkeypatch.setattr(probing, "choose", lambda *_: pytest.fail("chosen in a cell"))
    for spec in cells(made, Languages.load()):
        found = run_cell(spec, world.out(spec.method), lambda *_: None)
        assert set(found["probing"]) == {"faq", "symbols"}
        said = found["probing"]["symbols"]
        assert said["target"] == 0.66 and said["worst_recall"] >= 0.66 and said["worst"] in {*LETTERS, ENGLISH}
    fixed = cells(profile(world, "untrained", probes=1), Languages.load())[0]
    assert run_cell(fixed, world.out("fixed"), lambda *_: None)["probing"]["faq"] == {"probes": 1, "lists": 1}


def test_an_exhaustive_search_chooses_and_says_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LargeIndex, "probing", property(lambda self: pytest.fail("chosen")))
    made = profile(world, "untrained", recall_target=0.5)
    made = made.model_copy(update={"evaluation": made.evaluation.model_copy(update={"late_mode": "exact"})})
    prepare(made, lambda *_: None)
    assert "probing" not in run_cell(cells(made, Languages.load())[0], world.out("exact"), lambda *_: None)


def test_without_any_dev_text_it_says_what_to_set(world: World) -> None:
    context = on_disk(world, recall_target=0.61)
    trained: pd.DataFrame = world.suite.bitext.frame().assign(split="train")
    context.suite = replace(world.suite, bitext=StoredBitext.of(trained))
    with pytest.raises(BenchError, match="no dev queries of task faq and no dev pairs") as caught:
        context.documents.index("faq").probing  # noqa: B018
    assert "retrieval.probes" in caught.value.hint
