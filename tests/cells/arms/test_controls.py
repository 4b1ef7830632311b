"""What controls train on, and training in the space of languages' own means."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from bench.base.errors import BenchError
from bench.cells.arms.distil import Targets, centred
from bench.cells.cell import run_cell
from bench.cells.pairs import dev_rows, drawn, tokenised, training_rows, watched
from bench.cells.shared.views import own_means
from bench.data.languages import Languages
from bench.encoders.space import Means
from bench.experiment.grid import cells
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import CellSpec
from bench.training.module import Distillation
from methods import registry
from tests.made_suite import World, made_world, translated


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def spec_of(world: World, method: str, guard: str = "deu_Latn", **space: Any) -> CellSpec:
    content = world.profile(method).model_dump() | {"space": space}
    content["data"]["guard"] = guard
    [spec] = cells(Profile.model_validate(content), Languages.load())
    return spec


def load(text: str) -> Any:
    return registry.load(registry.parse_spec(text))


def test_english_only_sees_the_english_sides_of_the_very_pairs(world: World) -> None:
    spec = spec_of(world, "english_only")
    plain, rows = training_rows(spec, world.context), training_rows(spec, world.context, load("english_only"))
    assert rows["english"].tolist() == plain["english"].tolist() == rows["text"].tolist() != plain["text"].tolist()
    assert dev_rows(spec, world.context, load("english_only")).equals(dev_rows(spec, world.context))


def test_self_is_held_against_the_teacher_on_the_same_texts(world: World) -> None:
    spec, context, method = spec_of(world, "self"), world.context, load("self")
    plain, rows = training_rows(spec, context), drawn(spec, context, method)
    assert list(rows.texts) == plain["text"].tolist() == list(rows.english)
    held = watched(spec, context, method)
    targets = Targets.of(context, method, rows, held)
    pairs = tokenised(rows, context, context.student.start(), method, targets.places)
    states = targets.states.batch(pairs.english[:5], torch.device("cpu"))
    expected = context.teacher.encoder.encode(rows.texts[:5], "query")
    np.testing.assert_allclose(states.pooled.numpy(), context.teacher.space.pooled(expected.pooled), atol=2e-3)
    np.testing.assert_allclose(states.vectors[0][states.mask[0]], context.teacher.space.tokens(expected.tokens[0]), atol=5e-3)
    dev_pairs = tokenised(held, context, context.student.start(), method, targets.places)
    dev = targets.states.batch(dev_pairs.english, states.mask.device)
    english = context.teacher.encoder.encode(list(held.english), "query")
    np.testing.assert_allclose(dev.pooled.numpy(), context.teacher.space.pooled(english.pooled), atol=2e-3)


def test_guard_trained_trains_on_guard_languages(world: World) -> None:
    spec = spec_of(world, "guard_trained")
    rows = training_rows(spec, world.context, load("guard_trained"))
    assert set(rows["language"]) == {"deu_Latn"} and len(rows) == 48  # two languages were asked for, there is one
    assert set(dev_rows(spec, world.context, load("guard_trained"))["language"]) == {"deu_Latn"}
    with pytest.raises(BenchError, match="there are none"):
        training_rows(spec_of(world, "guard_trained", guard=""), world.context, load("guard_trained"))


@pytest.mark.parametrize(
    ("method", "space"),
    [
        ("self(method=optical(steps=5))", "english"), ("self(method=mimo)", "own"),
        ("self(method=optical(masses=idf,steps=5))", "own"),
        ("english_only(method=optical(masses=idf,steps=5))", "own"), ("guard_trained", "own"), ("mimo", "own"),
        ("code_switch(method=mimo)", "own"),
    ],
)  # fmt: skip
def test_cells_of_controls_run_and_say_what_they_saw(world: World, method: str, space: str) -> None:
    folder = world.out("cell")
    found = run_cell(spec_of(world, method, language_means=space), folder, lambda *_: None)
    assert found["pairs_seen"] == 48 and found["dev"]["loss_start"] != found["dev"]["loss_end"]
    trained = {"deu_Latn"} if method == "guard_trained" else {"swh_Latn", "hau_Latn"}
    assert set(found["pairs_by_language"]) == trained
    assert found["pairs_left_out"] == world.context.texts.left_out(sorted(trained))
    assert ("training_means" in found) == (space == "own") == ("language_means" in found)
    if space == "own":
        assert set(found["training_means"]["texts"]) == trained


def module_of(world: World, text: str, **space: Any) -> tuple[Distillation, dict[str, Means], list[str]]:
    """The training module of a cell, the means of its untrained student, and the language of each pair."""
    spec, context, method = spec_of(world, text, **space), world.context, load(text)
    student, rows, held = context.student.start(), drawn(spec, context, method), watched(spec, context, method)
    targets = Targets.of(context, method, rows, held)
    pairs, dev = (tokenised(part, context, student, method, targets.places) for part in (rows, held))
    pairs, dev, targets = centred(spec, context, method, student, (rows, held), (pairs, dev), targets, {})
    means, _ = own_means(context, student, ("swh_Latn", "hau_Latn"), spec.space.mean_texts, "test")
    module = Distillation(student, method, context.teacher.space, targets.states, pairs, spec.training, 1)
    return module, means, list(rows.languages)


def test_students_are_trained_minus_the_means_of_their_languages(world: World) -> None:
    module, means, languages = module_of(world, "contrastive", language_means="own", mean_texts=30)
    at = np.array([0, 7, 3, 11])
    module.model.eval()
    with torch.no_grad():
        [states] = module.states([module.pairs.texts[i] for i in at], shifts=[module.pairs.offsets.of(at)])
        raw, pooled = module.student.states(module.student.collate([module.pairs.texts[i] for i in at]))
    assert len({languages[i] for i in at}) == 2
    for row, i in enumerate(at):
        own = means[languages[i]]
        for found, x, mean in ((states.vectors[row], raw[row], own.tokens), (states.pooled[row], pooled[row], own.pooled)):
            y = x.numpy() - mean
            np.testing.assert_allclose(found.numpy(), y / np.linalg.norm(y, axis=-1, keepdims=True), atol=1e-4)


def test_targets_of_self_are_centred_on_the_teachers_means(world: World) -> None:
    """Student and teacher start alike here: in the space of own means `self` starts at its targets."""
    module, _, _ = module_of(world, "self", language_means="own", mean_texts=30)
    at = np.array([0, 7, 3, 11])
    module.model.eval()
    with torch.no_grad():
        [states] = module.states([module.pairs.texts[i] for i in at], shifts=[module.pairs.offsets.of(at)])
    targets = module.teacher.batch(module.pairs.english[at], torch.device("cpu"))
    np.testing.assert_allclose(states.pooled.numpy(), targets.pooled.numpy(), atol=5e-3)
    plain = Targets.of(world.context, load("self"), SimpleNamespace(english=[translated("cat dog", "hau_Latn")])).states
    assert plain.offsets is None and module.teacher.offsets is not None
