"""Spaces of comparison, against subtracting means by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench.cells.asking.queries import english_sets, query_sets
from bench.cells.evaluation import evaluate
from bench.cells.shared.unlabelled import own_texts
from bench.cells.shared.views import View, own_means, views_of
from bench.data.english import ENGLISH
from bench.encoders.settings import Space as Settings
from tests.made_suite import LETTERS, World, made_world

TASKS = ("faq", "symbols")
LANGUAGES = tuple(LETTERS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_means_are_those_of_the_language_alone(world: World) -> None:
    context, encoder = world.context, world.context.teacher.encoder
    means, told = own_means(context, encoder, [*LANGUAGES, ENGLISH, "hau_Latn"], 40, "test")
    assert list(means) == list(LANGUAGES) and told["texts"] == dict.fromkeys(LANGUAGES, 40) and told["without"] == []
    texts = own_texts(world.suite, context.texts.fits, "hau_Latn", 40, "test").texts
    states = [encoder.encode([text], "query") for text in texts]
    tokens = np.concatenate([one.tokens.vectors for one in states])
    np.testing.assert_allclose(means["hau_Latn"].tokens, tokens.mean(0), atol=1e-4)
    np.testing.assert_allclose(means["hau_Latn"].pooled, np.mean([one.pooled[0] for one in states], 0), atol=1e-4)
    far = np.linalg.norm(means["hau_Latn"].pooled - context.teacher.space.pooled_mean)
    assert told["offset"]["hau_Latn"] == pytest.approx(far, abs=1e-3)


def test_scores_in_both_spaces_equal_a_direct_computation(world: World) -> None:
    """Every query minus the mean of its own language, documents minus the English one; a text of two languages is two."""
    context, encoder = world.context, world.context.teacher.encoder
    sets = query_sets(context, ("symbols",), {}, "test", ("hau_Latn", "swh_Latn"))
    same = [replace(sets[0], language="deu_Latn"), *sets]  # Hausa queries, said to be German
    means, _ = own_means(context, encoder, LANGUAGES, 40, "test")
    views = views_of(Settings(score_in=("own",)), context, means)
    table = evaluate(context, encoder, same, "exact", 100, lambda *_: None, views=views)
    assert list(dict.fromkeys(table["scorer"])) == ["dense", "late", "dense_own", "late_own"]
    task, space = world.suite.task("symbols"), context.teacher.space
    documents = context.teacher.states(task.documents["text"].tolist(), "passage")
    ids, differ = task.documents["doc_id"].tolist(), 0
    for one in same:
        own = means[one.language]
        for suffix, token_mean, mean in (("", space.token_mean, space.pooled_mean), ("_own", own.tokens, own.pooled)):
            queries = encoder.encode(one.texts, "query")
            dense = unit(queries.pooled - mean) @ unit(np.asarray(documents.pooled) - space.pooled_mean).T
            late = np.array([[
                (unit(queries.tokens[q] - token_mean) @ unit(documents.tokens[i] - space.token_mean).T).max(1).mean()
                for i in range(len(ids))] for q in range(len(one.ids))
            ])  # fmt: skip
            for scorer, scores in (("dense", dense), ("late", late)):
                own_rows = table[(table["scorer"] == scorer + suffix) & (table["language"] == one.language)]
                found = own_rows.set_index("query_id")["mrr@10"]
                for query, row in zip(one.ids, scores, strict=True):
                    order = [ids[i] for i in np.argsort(-row, kind="stable")]
                    first = min(order.index(name) for name in one.qrels[query]) + 1
                    assert found[query] == pytest.approx(1 / first if first <= 10 else 0.0, abs=1e-6)
        pivot = table[table["language"] == one.language].pivot(index="query_id", columns="scorer", values="ndcg@10")
        differ += int((pivot["dense"] != pivot["dense_own"]).sum() + (pivot["late"] != pivot["late_own"]).sum())
    assert differ  # else the test would show nothing
    hausa, german = (table[(table["language"] == name) & (table["scorer"] == "dense_own")] for name in ("hau_Latn", "deu_Latn"))
    assert hausa["ndcg@10"].tolist() != german["ndcg@10"].tolist()


def test_the_primary_space_has_the_plain_names(world: World) -> None:
    context, encoder = world.context, world.context.teacher.encoder
    sets = query_sets(context, TASKS, {}, "test", LANGUAGES)
    means, _ = own_means(context, encoder, LANGUAGES, 40, "test")

    def run(**space) -> pd.DataFrame:
        views = views_of(Settings(**space), context, means)
        table = evaluate(context, encoder, sets, "exact", 100, lambda *_: None, views=views)
        return table.set_index(["scorer", "task", "language", "query_id"])["ndcg@10"].sort_index()

    plain, both, turned = run(), run(score_in=("english", "own")), run(language_means="own", score_in=("english",))
    assert set(turned.index.unique(0)) == {"dense", "late", "dense_english", "late_english"}
    for scorer in ("dense", "late"):
        pd.testing.assert_series_equal(both[scorer], plain[scorer])
        pd.testing.assert_series_equal(turned[f"{scorer}_english"], plain[scorer])
        pd.testing.assert_series_equal(turned[scorer], both[f"{scorer}_own"])
    assert not both["dense"].equals(both["dense_own"])


def test_one_search_may_have_two_names(world: World) -> None:
    context, encoder = world.context, world.context.teacher.encoder
    sets = english_sets(context, query_sets(context, TASKS, {}, "test", LANGUAGES), {}, "test")
    views = [View.english(context, ("", "_own"))]
    table = evaluate(context, encoder, sets, "exact", 100, lambda *_: None, views=views)
    parts = {name: rows.drop(columns="scorer").reset_index(drop=True) for name, rows in table.groupby("scorer")}
    assert set(parts) == {"dense", "late", "dense_own", "late_own"}
    pd.testing.assert_frame_equal(parts["late"], parts["late_own"])


def test_a_language_without_a_mean_keeps_the_english_one(world: World) -> None:
    context, encoder = world.context, world.context.teacher.encoder
    sets = query_sets(context, ("symbols",), {}, "test", LANGUAGES)
    means, _ = own_means(context, encoder, LANGUAGES, 40, "test")
    del means["swh_Latn"]
    views = views_of(Settings(score_in=("own",)), context, means)
    table = evaluate(context, encoder, sets, "exact", 100, lambda *_: None, views=views)
    wide = table.pivot(index=["language", "query_id"], columns="scorer", values="ndcg@10")
    assert (wide.loc["swh_Latn", "late"] == wide.loc["swh_Latn", "late_own"]).all()
    assert not (wide.loc["hau_Latn", "late"] == wide.loc["hau_Latn", "late_own"]).all()
