import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.cells.asking.queries import QuerySet, english_sets, query_sets, with_words
from bench.cells.evaluation import evaluate
from bench.cells.shared.context import Context
from bench.data.english import ENGLISH
from bench.data.suite.types import Suite
from bench.retrieval.large.index import PRODUCTS
from bench.retrieval.scoring import MEASURES as MEASURES_OF_A_QUERY
from bench.retrieval.scoring import summarise
from bench.retrieval.settings import Retrieval
from bench.retrieval.sparse import plain
from tests.made_suite import LETTERS, World, made_world

MEASURES = list(MEASURES_OF_A_QUERY)
LANGUAGES = tuple(LETTERS)
TASKS = ("faq", "symbols")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def run(world: World, sets, runs: Path | None = None) -> pd.DataFrame:
    context = world.context
    return evaluate(context, context.teacher.encoder, sets, "exact", 100, lambda *_: None, runs, "tag")


def test_query_sets_are_those_that_tasks_have(world: World):
    sets = query_sets(world.context, ("faq", "symbols", "passages"), {}, "test", LANGUAGES)
    assert [(one.task, one.language) for one in sets] == [
        ("faq", "swh_Latn"), ("faq", "deu_Latn"), *(("symbols", language) for language in LANGUAGES)
    ]  # fmt: skip
    for one in sets:
        assert len(one.ids) == len(one.texts) == len(one.qrels) == 6 and list(one.qrels) == one.ids
    assert query_sets(world.context, ("faq",), {}, "dev", LANGUAGES) == []


def test_a_query_does_not_find_the_document_of_its_own_id(world: World, tmp_path: Path):
    documents = world.suite.task("faq").documents
    ids, texts = documents["doc_id"].tolist(), documents["text"].tolist()
    after = {ids[i]: {ids[i - 1]: 1} for i in range(len(ids))}  # each is answered by the one before
    one = QuerySet("faq", "swh_Latn", ids, texts, after)
    both = QuerySet("faq", "deu_Latn", ids[:2], texts[:2], {name: {name: 1} for name in ids[:2]})
    run(world, [one, both], tmp_path)
    for scorer in ("dense", "late"):
        lines = gzip.open(tmp_path / f"faq.{scorer}.swh_Latn.trec.gz", "rt").read().splitlines()
        assert lines and all(line.split()[0] != line.split()[2] for line in lines)
        assert len(lines) == len(ids) * min(100, len(ids) - 1)
        kept = gzip.open(tmp_path / f"faq.{scorer}.deu_Latn.trec.gz", "rt").read().splitlines()
        assert {line.split()[0] for line in kept if line.split()[0] == line.split()[2]} == set(ids[:2]), "relevant: it stays"


def test_limits_take_the_first_queries(world: World):
    all_of_them = query_sets(world.context, TASKS, {}, "test", LANGUAGES)
    some = query_sets(world.context, TASKS, {"faq": 2, "symbols": 100}, "test", LANGUAGES)
    for full, cut in zip(all_of_them, some, strict=True):
        length = 2 if cut.task == "faq" else 6
        assert (cut.ids, cut.texts, list(cut.qrels)) == (full.ids[:length], full.texts[:length], full.ids[:length])


def test_english_stands_for_the_same_questions_of_a_parallel_task(world: World):
    sets = query_sets(world.context, ("faq",), {"faq": 3}, "test", LANGUAGES)
    english = english_sets(world.context, sets, {"faq": 3}, "test")
    asked = world.suite.task("faq").queries("test", ENGLISH).set_index("query_id")["text"]
    for one, other in zip(sets, english, strict=True):
        assert (one.language, one.ids, one.qrels) == (other.language, other.ids, other.qrels)
        assert other.texts == [asked[query] for query in one.ids] != one.texts


def test_english_asks_its_own_questions_where_a_task_is_not_parallel(world: World):
    sets = query_sets(world.context, ("symbols",), {"symbols": 5}, "test", LANGUAGES)
    english = english_sets(world.context, sets, {"symbols": 5}, "test")
    assert [one.language for one in english] == list(LANGUAGES)
    own = world.suite.task("symbols").queries("test", ENGLISH, 5)
    for one in english:
        assert one.ids == own["query_id"].tolist() == list(one.qrels) and one.texts == own["text"].tolist()


def test_equal_texts_are_encoded_once(world: World, monkeypatch: pytest.MonkeyPatch):
    encoder = world.context.teacher.encoder
    for task in TASKS:
        world.context.documents.index(task)  # documents are encoded here
    sets = english_sets(world.context, query_sets(world.context, TASKS, {}, "test", LANGUAGES), {}, "test")
    encoded: list[str] = []
    encode = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda texts, *rest, **more: encoded.extend(texts) or encode(texts, *rest, **more))
    table = run(world, sets)
    assert sorted(encoded) == sorted({text for one in sets for text in one.texts})
    # Rows of every language are there all the same.
    assert table.groupby(["task", "language"]).size().to_dict() == {
        ("faq", "deu_Latn"): 12, ("faq", "swh_Latn"): 12, **{("symbols", language): 14 for language in LANGUAGES}
    }  # fmt: skip


def test_words_are_searched_beside_the_vectors_or_alone(world: World):
    context = world.context
    sets = with_words(context, english_sets(context, query_sets(context, TASKS, {}, "test", LANGUAGES), {}, "test"))
    both = run(world, sets)
    assert both.groupby("scorer").size().nunique() == 1 and set(both["scorer"]) == {"dense", "late", "sparse"}
    alone = evaluate(context, None, sets, "approximate", 100, lambda *_: None, recalls=[])
    pd.testing.assert_frame_equal(alone, both[both["scorer"] == "sparse"].reset_index(drop=True))
    texts, query = context.suite.task("faq").documents.set_index("doc_id")["text"], sets[0].words[0]
    own = {word for [(word, _)] in query}
    top = context.documents.word_index("faq").search([query], 24, ["q"]).ids(0)
    assert set(top) == {name for name, text in texts.items() if own & set(text.split())} and len(top) < 24


def test_equal_texts_with_other_words_are_other_questions(world: World):
    context = world.context
    [one] = query_sets(context, ("symbols",), {}, "test", ("hau_Latn",))
    by_words = [replace(one, language=language, words=[plain(words)] * 6) for language, words in
                (("hau_Latn", ["cat", "milk"]), ("swh_Latn", ["moon"]))]  # fmt: skip
    table = evaluate(context, None, by_words, "exact", 100, lambda *_: None)
    assert table.groupby("language")["ndcg@10"].mean().nunique() == 2


def ndcg(order: list[str], judged: dict[str, int]) -> float:
    gains = [judged.get(document, 0) / np.log2(rank + 2) for rank, document in enumerate(order[:10])]
    best = [grade / np.log2(rank + 2) for rank, grade in enumerate(sorted(judged.values(), reverse=True))]
    return sum(gains) / sum(best)


def test_measures_equal_a_direct_computation(world: World):
    context, task = world.context, world.suite.task("symbols")
    [one] = query_sets(context, ("symbols",), {}, "test", ("hau_Latn",))
    table = run(world, [one]).set_index(["scorer", "query_id"])
    texts, ids = task.documents["text"].tolist(), task.documents["doc_id"].tolist()
    documents, queries = context.teacher.states(texts, "passage"), context.teacher.encoder.encode(one.texts, "query")
    space = context.teacher.space
    for number, query in enumerate(one.ids):
        tokens = space.tokens(np.array(queries.tokens[number]))
        scores = {
            "dense": space.pooled(np.array(documents.pooled)) @ space.pooled(queries.pooled[number]),
            "late": [(tokens @ space.tokens(np.array(documents.tokens[i])).T).max(1).mean() for i in range(len(texts))],
        }
        for scorer, values in scores.items():
            order = [ids[i] for i in np.argsort(-np.array(values), kind="stable")]
            judged = one.qrels[query]
            first = min(order.index(document) for document in judged) + 1
            expected = [ndcg(order, judged), 1 / first if first <= 10 else 0.0, 1.0, float(first == 1)]
            assert table.loc[(scorer, query), MEASURES].tolist() == pytest.approx(expected, abs=1e-6)


def test_summary_is_the_mean_over_queries(world: World):
    table = run(world, query_sets(world.context, TASKS, {"faq": 4}, "test", LANGUAGES))
    summary = summarise(table).set_index(["task", "scorer", "language"])
    assert summary.loc[("faq", "late", "deu_Latn"), "queries"] == 4
    for key, group in table.groupby(["task", "scorer", "language"]):
        assert summary.loc[key, MEASURES].tolist() == pytest.approx(group[MEASURES].mean().tolist())


def test_run_files(world: World, tmp_path: Path):
    table = run(world, query_sets(world.context, ("faq",), {}, "test", ("deu_Latn",)), tmp_path / "runs")
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"faq.dense.deu_Latn.trec.gz", "faq.late.deu_Latn.trec.gz"}
    lines = [line.split() for line in gzip.open(tmp_path / "runs" / "faq.late.deu_Latn.trec.gz", "rt")]
    assert {line[-1] for line in lines} == {"tag"} and len(lines) == 6 * len(world.suite.task("faq").documents)
    first = {line[0]: line[2] for line in lines if line[3] == "1"}
    qrels = world.suite.task("faq").qrels("test", "deu_Latn")
    success = table[table["scorer"] == "late"].set_index("query_id")["success@1"]
    assert {query: float(document in qrels[query]) for query, document in first.items()} == success.to_dict()


def test_every_language_has_its_run_file_also_where_queries_are_shared(world: World, tmp_path: Path):
    sets = query_sets(world.context, ("symbols",), {}, "test", ("swh_Latn", "deu_Latn"))
    run(world, english_sets(world.context, sets, {}, "test"), tmp_path / "runs")
    names = {path.name for path in (tmp_path / "runs").iterdir()}
    assert {
        f"symbols.{scorer}.{language}.trec.gz" for scorer in ("dense", "late") for language in ("swh_Latn", "deu_Latn")
    } == names


def test_the_approximate_search_reports_its_recall_by_language(world: World):
    sets = query_sets(world.context, ("symbols",), {}, "test", ("swh_Latn", "deu_Latn"))
    recalls: list = []
    evaluate(world.context, world.context.teacher.encoder, sets, "approximate", 100, lambda *_: None, recalls=recalls)
    assert [(row["language"], row["scorer"]) for row in recalls] == [
        (one.language, scorer) for one in sets for scorer in ("dense", "late")
    ]
    assert all(0 < row["recall@10"] <= 1 and 0 < row["queries"] <= 10 for row in recalls)
    exact: list = []
    evaluate(world.context, world.context.teacher.encoder, sets, "exact", 100, lambda *_: None, recalls=exact)
    assert exact == []


def test_languages_that_share_queries_have_each_a_row_of_recall(world: World):
    sets = english_sets(world.context, query_sets(world.context, ("faq",), {}, "test", ("swh_Latn", "deu_Latn")), {}, "test")
    assert sets[0].texts == sets[1].texts
    recalls: list = []
    evaluate(world.context, world.context.teacher.encoder, sets, "approximate", 100, lambda *_: None, recalls=recalls)
    assert [row["language"] for row in recalls] == ["swh_Latn"] * 2 + ["deu_Latn"] * 2
    assert [row["recall@10"] for row in recalls[:2]] == [row["recall@10"] for row in recalls[2:]]


def test_shared_queries_are_scored_with_the_judgements_of_each_language(world: World):
    sets = english_sets(world.context, query_sets(world.context, ("faq",), {}, "test", ("swh_Latn", "deu_Latn")), {}, "test")
    documents = world.suite.task("faq").documents["doc_id"].tolist()
    other = {query: {next(name for name in documents if name not in judged): 1} for query, judged in sets[1].qrels.items()}
    both = run(world, [sets[0], replace(sets[1], qrels=other)])
    alone = run(world, [replace(sets[1], qrels=other)])
    pd.testing.assert_frame_equal(both[both["language"] == "deu_Latn"].reset_index(drop=True), alone)
    assert both.groupby("language")["ndcg@10"].mean().nunique() == 2


def test_languages_searched_together_are_ranked_as_if_alone(world: World):
    sets = query_sets(world.context, TASKS, {}, "test", LANGUAGES)
    together = run(world, sets)
    alone = pd.concat([run(world, [one]) for one in sets], ignore_index=True)
    pd.testing.assert_frame_equal(together, alone)
    # Not a comparison of constants: languages and tasks differ.
    assert together.groupby(["task", "language"])["ndcg@10"].mean().nunique() > 3


def on_disk(world: World, **settings: Any) -> Context:
    """The same texts, with documents on disk in shards of four."""
    retrieval = Retrieval(documents="disk", shard=4, **settings)
    return Context(replace(world.context.key, retrieval=retrieval))


@pytest.mark.parametrize("mode", ["exact", "approximate"])
def test_documents_on_disk_are_ranked_like_those_in_memory(world: World, mode: str):
    sets = query_sets(world.context, TASKS, {}, "test", LANGUAGES)
    context, recalls = on_disk(world, recall_queries=2), []
    table = evaluate(context, context.teacher.encoder, sets, mode, 100, lambda *_: None, recalls=recalls)
    expected = run(world, sets)
    dense = table["scorer"] == "dense"
    pd.testing.assert_frame_equal(table[dense], expected[dense])
    pd.testing.assert_frame_equal(table[~dense], expected[~dense], atol=0.02)  # one byte a dimension
    # All documents are candidates here.
    assert [(row["queries"], row["recall@10"]) for row in recalls] == [(2, 1.0)] * (2 * len(sets) if mode == "approximate" else 0)


def test_documents_on_disk_are_encoded_once_for_all_suites(world: World, monkeypatch: pytest.MonkeyPatch):
    context = on_disk(world)
    context.documents.encode("faq")
    again = on_disk(world)
    monkeypatch.setattr(again.teacher.encoder, "encode", lambda *_, **__: pytest.fail("encoded again"))
    assert len(again.documents.index("faq").shards) == len(world.suite.task("faq").documents)
    assert again.documents.on_disk("faq") and not world.context.documents.on_disk("faq")
    few = Context(replace(world.context.key, retrieval=Retrieval(disk_above=3)))
    assert few.documents.on_disk("faq") and few.path("x") == world.context.path("x")


def test_recall_is_measured_on_no_more_queries_than_can_be_afforded(world: World, monkeypatch: pytest.MonkeyPatch):
    context = on_disk(world)
    index = context.documents.index("faq")
    states = context.teacher.encoder.encode(["one query of some words", "another"], "query").tokens
    each = index.affordable(states)
    assert index.affordable(states.take([0, 1, 0, 1])) == each  # of a query, however many are asked
    monkeypatch.setitem(PRODUCTS, "cpu", 2 * PRODUCTS["cpu"])
    assert index.affordable(states) == pytest.approx(2 * each, abs=1)
    sets, recalls = query_sets(context, ("faq",), {}, "test", LANGUAGES), []
    for share, expected in ((1.0, 6), (0.5 * len(sets) / 1e9, 0)):
        monkeypatch.setattr(type(index), "affordable", lambda self, late, share=share: int(1e9 * share))
        recalls.clear()
        evaluate(context, context.teacher.encoder, sets, "approximate", 100, lambda *_: None, recalls=recalls)
        assert [row["queries"] for row in recalls] == [expected] * (4 if expected else 0)


def test_words_of_streamed_documents_are_not_searched(world: World, monkeypatch: pytest.MonkeyPatch):
    context = on_disk(world)
    sets = with_words(context, query_sets(context, ("faq",), {}, "test", ("deu_Latn",)))
    found = evaluate(context, context.teacher.encoder, sets, "exact", 100, lambda *_: None)
    assert set(found["scorer"]) == {"dense", "late", "sparse"}
    streamed = replace(world.suite.task("faq"), streamed={"hub": "x"})
    monkeypatch.setattr(Suite, "task", lambda self, name: streamed)  # its index is there already
    assert set(evaluate(context, context.teacher.encoder, sets, "exact", 100, lambda *_: None)["scorer"]) == {"dense", "late"}
    with pytest.raises(BenchError, match="documents of task faq are streamed"):
        evaluate(context, None, sets, "exact", 100, lambda *_: None)


def test_no_recall_is_measured_where_none_is_asked_for(world: World):
    context, recalls = on_disk(world, recall_queries=0), []
    sets = query_sets(context, ("faq",), {}, "test", LANGUAGES)
    evaluate(context, context.teacher.encoder, sets, "approximate", 100, lambda *_: None, recalls=recalls)
    assert recalls == []
