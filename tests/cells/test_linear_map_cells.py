"""Cells whose student reaches another teacher through a linear map."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.base.errors import BenchError
from bench.cells.cell import run_cell
from bench.cells.probe import english_ceiling, english_score
from bench.cells.shared.context import context_of
from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.experiment.spec import CellSpec
from tests.made_suite import World, made_world
from tests.tiny import tiny_bert


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A tiny world whose teacher has other weights, another tokenizer and another width than the student."""
    with made_world(tmp_path_factory.mktemp("world")) as made:
        tiny_bert(made.base / "teacher", dim=48, seed=5, texts=list(made.suite.bitext["english"]))
        yield made


def mapped(world: World, method: str, head: str = "linear") -> CellSpec:
    profile = world.profile(method)
    models = profile.models.model_copy(update={"teacher": str(world.base / "teacher"), "head": head})
    [spec] = cells(profile.model_copy(update={"models": models}), Languages.load())
    return spec


def test_a_linear_map_takes_the_student_into_the_space_of_another_teacher(wide: World):
    methods = ("untrained", "optical", "linear_map")
    found = {method: run_cell(mapped(wide, method), wide.out(method), lambda *_: None) for method in methods}
    assert found["untrained"]["head_map"] == found["optical"]["head_map"]
    # The arm `linear_map` has a second map, to English, and says of each what it is.
    assert found["linear_map"]["head_map"] == found["optical"]["head_map"] and "linear_map" in found["linear_map"]
    facts = found["optical"]["head_map"]
    assert 0 < facts["pooled_explained"] <= 1 and 0 < facts["tokens_explained"] <= 1 and facts["held_out"] > 1
    context = context_of(mapped(wide, "untrained"))
    student, texts = context.student.start(), list(context.texts.english_training)
    assert student.dim == context.teacher.space.dim == 48 and student.model.config.hidden_size == 32
    # English of the student lies nearer to the teacher's than to the teacher's English of another text.
    near, far = (context.teacher.space.pooled(student.encode(part).pooled) for part in (texts, texts[::-1]))
    teacher = context.teacher.space.pooled(context.teacher.encoder.encode(texts).pooled)
    assert (near * teacher).sum(1).mean() > (far * teacher).sum(1).mean() + 0.1
    assert not any(parameter.requires_grad for parameter in student.head.parameters())
    run_cell(mapped(wide, "english"), wide.out("english"), lambda *_: None)


def test_the_collapse_check_behind_a_map_asks_what_the_student_lost_in_training(wide: World):
    spec = mapped(wide, "contrastive")
    collapse = run_cell(spec, wide.out("contrastive"), lambda *_: None)["collapse"]
    context = context_of(spec)
    assert collapse["english_start"] == round(english_score(context, context.student.start(), spec), 4)
    assert collapse["english_start"] != collapse["english_ceiling"] == round(english_ceiling(context, spec), 4)


def test_without_a_map_another_width_is_one_message(wide: World):
    with pytest.raises(BenchError, match="have 32 numbers, those of the teacher .* 48") as caught:
        run_cell(mapped(wide, "untrained", "none"), wide.out("none"), lambda *_: None)
    assert "models.head=linear" in caught.value.hint


def test_a_translator_needs_the_width_of_its_encoder(wide: World):
    with pytest.raises(BenchError, match="a decoder made of .* has 32 numbers a token, but would read states of 48"):
        run_cell(mapped(wide, "nmt(decoder_layers=1,english_passes=0,max_tokens=6)"), wide.out("nmt"), lambda *_: None)
