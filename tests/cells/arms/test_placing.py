"""Arms without training against the same by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.cells.arms.placing import PLACINGS
from bench.cells.cell import run_cell
from bench.cells.pairs import training_rows
from bench.cells.shared import unlabelled
from bench.cells.shared.unlabelled import own_texts
from bench.data.languages import Languages
from bench.encoders.maps.linear_map import token_means
from bench.experiment.grid import cells
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import CellSpec
from methods import registry
from tests.made_suite import LETTERS, World, made_world

LANGUAGES = tuple(LETTERS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def spec_of(world: World, method: str, **space: Any) -> CellSpec:
    profile = Profile.model_validate(world.profile(method).model_dump() | {"space": space})
    [spec] = cells(profile, Languages.load())
    return spec


def view_of(world: World, text: str, **space: Any):
    """The view of a method, its student, and what it tells."""
    spec, context = spec_of(world, text, **space), world.context
    method, encoder, found = registry.load(registry.parse_spec(text)), context.student.start(), dict[str, Any]()
    return PLACINGS[method.placing](spec, context, method, encoder, LANGUAGES, found), encoder, found


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def states_of(world: World, encoder: Any, language: str, most: int) -> Any:
    return encoder.encode(own_texts(world.suite, world.context.texts.fits, language, most, "test").texts, "query")


def indexed(view: Any, world: World) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the documents of `faq` for the axes as queries: what the index holds, one column a document."""
    axes = np.eye(world.context.teacher.space.dim, dtype=np.float32)
    names = [str(i) for i in range(len(axes))]
    dense = view.index("faq").dense.search(axes, 24, names)
    scores = np.zeros((len(axes), 24), dtype=np.float32)
    np.put_along_axis(scores, dense.index, dense.scores, axis=1)
    ids = list(dense.doc_ids)
    return scores.T, np.array(ids)


def documents_of(world: World) -> np.ndarray:
    return np.asarray(world.context.documents.states("faq").pooled, dtype=np.float32)


@pytest.mark.parametrize("documents", ["own", "bitext"])
def test_centred_is_subtracting_means(world: World, documents: str) -> None:
    view, encoder, found = view_of(world, f"centred(documents={documents},texts=30)")
    x = np.random.default_rng(0).normal(size=(3, world.context.teacher.space.dim)).astype(np.float32)
    for language in LANGUAGES:
        own = states_of(world, encoder, language, 30)
        np.testing.assert_allclose(view.place(language).pooled(x), unit(x - own.pooled.mean(0)), atol=1e-5)
        np.testing.assert_allclose(view.place(language).tokens(x), unit(x - own.tokens.vectors.mean(0)), atol=1e-5)
    raw = documents_of(world)
    mean = raw.mean(0) if documents == "own" else world.context.teacher.space.pooled_mean
    np.testing.assert_allclose(indexed(view, world)[0], unit(raw - mean), atol=1e-4)
    assert found["language_means"]["texts"] == dict.fromkeys(LANGUAGES, 30)


@pytest.mark.parametrize("k", [1, 3])
def test_lir_is_projecting_away_singular_vectors(world: World, k: int) -> None:
    view, encoder, _ = view_of(world, f"lir(directions={k},texts=50)")
    x = np.random.default_rng(0).normal(size=(3, world.context.teacher.space.dim)).astype(np.float32)

    def without(y: np.ndarray, rows: np.ndarray) -> np.ndarray:
        C = np.linalg.svd(np.asarray(rows, dtype=np.float64), full_matrices=False)[2][:k].T
        return unit(y - y @ C @ C.T)

    own = states_of(world, encoder, "hau_Latn", 50)
    np.testing.assert_allclose(view.place("hau_Latn").pooled(x), without(x, own.pooled), atol=1e-4)
    np.testing.assert_allclose(view.place("hau_Latn").tokens(x), without(x, own.tokens.vectors), atol=1e-4)
    context = world.context
    english = np.asarray(context.teacher.english_of(context.texts.english_training).pooled)
    np.testing.assert_allclose(indexed(view, world)[0], without(documents_of(world), english), atol=1e-3)
    assert (view.place("xxx_Latn").pooled(x) == view.place("eng_Latn").pooled(x)).all()  # without texts: English


def test_linear_map_is_fitted_on_the_pairs_of_the_cell(world: World) -> None:
    view, encoder, found = view_of(world, "linear_map")
    context, spec = world.context, spec_of(world, "linear_map")
    rows = training_rows(spec, context)
    assert found["pairs_seen"] == len(rows) == 48 and set(found["pairs_by_language"]) == {"swh_Latn", "hau_Latn"}
    share = found["linear_map"]["pooled"]["penalty"]
    rows = rows.drop_duplicates(["language", "text"])
    named = {language: rows[rows["language"] == language] for language in ("swh_Latn", "hau_Latn")}
    sides = {name: (encoder.encode(part["text"].tolist(), "query"), context.teacher.english_of(part["english"].tolist()))
             for name, part in named.items()}  # fmt: skip
    x = np.random.default_rng(0).normal(size=(3, context.teacher.space.dim)).astype(np.float32)
    for what, part in (("pooled", lambda one: np.asarray(one.pooled, dtype=np.float64)), ("tokens", token_means)):
        share = found["linear_map"][what]["penalty"]
        variance = np.mean([(part(a) - part(a).mean(0)).var() for a, _ in sides.values()])
        a, b = (part(one) for one in sides["hau_Latn"])
        axes = np.sqrt(share * len(a) * variance) * np.eye(a.shape[1])
        W = np.linalg.lstsq(np.concatenate([a - a.mean(0), axes]), np.concatenate([b - b.mean(0), axes]), rcond=None)[0]
        mapped = (x - a.mean(0)) @ W + b.mean(0)
        mean = getattr(context.teacher.space, "pooled_mean" if what == "pooled" else "token_mean")
        np.testing.assert_allclose(getattr(view.place("hau_Latn"), what)(x), unit(mapped - mean), atol=1e-3)
    np.testing.assert_array_equal(view.place("deu_Latn").pooled(x), view.place("").pooled(x))  # no pairs: the map for all
    assert not np.allclose(view.place("deu_Latn").pooled(x), view.place("hau_Latn").pooled(x), atol=1e-3)


def run(world: World, method: str, **space: Any) -> tuple[pd.Series, dict[str, Any], Path]:
    folder = world.out("cell")
    found = run_cell(spec_of(world, method, **space), folder, lambda *_: None)
    rows = pd.read_csv(folder / "metrics.csv").set_index(["scorer", "task", "language"])["ndcg@10"].sort_index()
    return rows, found, folder


def test_the_untrained_student_in_its_own_space_is_centred_with_documents_as_they_are(world: World) -> None:
    floor, told, _ = run(world, "untrained", score_in=["own"], mean_texts=30)
    centred, _, _ = run(world, "centred(documents=bitext,texts=30)", score_in=["own"], mean_texts=30)
    for scorer in ("dense", "late"):
        pd.testing.assert_series_equal(floor[f"{scorer}_own"], centred[scorer], check_names=False)
        pd.testing.assert_series_equal(centred[scorer], centred[f"{scorer}_own"], check_names=False)
        assert not floor[scorer].equals(floor[f"{scorer}_own"])
    assert told["language_means"]["texts"] == dict.fromkeys(LANGUAGES, 30)
    plain, none, _ = run(world, "untrained")
    assert set(plain.index.unique(0)) == {"dense", "late", "sparse"} and "language_means" not in none
    pd.testing.assert_series_equal(plain["dense"], floor["dense"])


@pytest.mark.parametrize("method", ["english", "linear_map(scope=all)", "lir", "teacher_query", "lexical"])
def test_every_encoder_arm_has_scores_in_both_spaces(world: World, method: str, tmp_path: Path) -> None:
    if method == "teacher_query":
        method = f"teacher_query(encoder={world.base / 'encoder'})"
    rows, _, folder = run(world, method, score_in=["own"])
    assert {"dense", "late", "dense_own", "late_own"} <= set(rows.index.unique(0))
    assert rows["late"].equals(rows["late_own"]) != method.startswith("teacher_query")  # all but that have one space
    assert (folder / "runs" / "faq.late_own.swh_Latn.trec.gz").exists()


def test_a_language_without_texts_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlabelled, "LEAST", 1000)
    rows, found, _ = run(world, "untrained", score_in=["own"], mean_texts=2000)
    assert found["language_means"]["without"] and all(name in found["notes"][0] for name in LANGUAGES)
    assert rows["dense"].equals(rows["dense_own"])


def test_documents_on_disk_have_no_mean_of_their_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    view, *_ = view_of(world, "centred")
    monkeypatch.setattr(type(world.context.documents), "on_disk", lambda self, task: True)
    with pytest.raises(BenchError, match="on disk"):
        view.index("faq")
