import gzip
import math

import ir_measures
import numpy as np
import pandas as pd
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG

from bench.base.errors import BenchError
from bench.retrieval import scoring
from bench.retrieval.ranking import Order, Ranking
from bench.retrieval.scoring import MEASURES, check, score, trec_run, write_run

DOCS = [f"d{i:03d}" for i in range(150)]
THEIRS = dict(zip(MEASURES, (nDCG @ 10, RR @ 10, R @ 100, Success @ 1), strict=True))


def ranked(*rows, docs=DOCS, depth=None):
    """A ranking that lists these document ids per query."""
    depth = depth or max(map(len, rows), default=1)
    index = np.full((len(rows), depth), -1)
    scores = np.full((len(rows), depth), -np.inf, dtype=np.float32)
    for i, row in enumerate(rows):
        index[i, : len(row)] = [docs.index(name) for name in row]
        scores[i, : len(row)] = np.linspace(1, 0.5, len(row))
    return Ranking(list(docs), index, scores)


def test_graded_gain_is_linear():
    """Grades 3, 2, 1; found: grade 1, nothing, grade 3. The gain is the grade itself, not 2^grade - 1."""
    qrels = {"q": {"d000": 3, "d001": 2, "d002": 1}}
    frame = score(ranked(["d002", "d009", "d000"]), ["q"], qrels)
    gained = 1 / math.log2(2) + 3 / math.log2(4)
    ideal = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    assert frame["ndcg@10"][0] == pytest.approx(gained / ideal, abs=1e-7)
    run = {"q": {"d002": 3.0, "d009": 2.0, "d000": 1.0}}
    oracle = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10"}).evaluate(run)["q"]["ndcg_cut_10"]
    assert frame["ndcg@10"][0] == pytest.approx(oracle, abs=1e-9)
    exponential = (1 / math.log2(2) + 7 / math.log2(4)) / (7 + 3 / math.log2(3) + 1 / math.log2(4))
    assert abs(frame["ndcg@10"][0] - exponential) > 0.02


def test_by_hand():
    qrels = {
        "first": {"d000": 1},
        "third": {"d001": 1, "d099": 2},
        "eleventh": {"d010": 1},
        "none": {"d140": 1},
    }
    listing = DOCS[:12]
    frame = score(ranked(listing, ["d005", "d006", "d001"], listing, listing), list(qrels), qrels)
    assert list(frame.columns) == ["query_id", *MEASURES]
    assert list(frame["query_id"]) == list(qrels)
    assert list(frame["mrr@10"]) == pytest.approx([1, 1 / 3, 0, 0])
    assert list(frame["recall@100"]) == pytest.approx([1, 1 / 2, 1, 0])
    assert list(frame["success@1"]) == [1, 0, 0, 0]
    ideal = 2 / math.log2(2) + 1 / math.log2(3)
    assert list(frame["ndcg@10"]) == pytest.approx([1, 1 / math.log2(4) / ideal, 0, 0])


def test_reciprocal_rank_at_ten_and_recall_at_hundred_are_cut_there():
    qrels = {name: {"d149": 1} for name in ("10", "11", "100", "101")}
    rows = [[*DOCS[: int(name) - 1], "d149"] for name in qrels]
    frame = score(ranked(*rows), list(qrels), qrels)
    assert list(frame["mrr@10"]) == pytest.approx([0.1, 0, 0, 0])
    assert list(frame["recall@100"]) == [1, 1, 1, 0]


def test_a_query_that_was_not_searched_or_found_nothing_counts_zero():
    qrels = {"found": {"d000": 1}, "empty": {"d000": 1}, "missing": {"d000": 1}}
    frame = score(ranked(["d000"], []), ["found", "empty"], qrels)
    assert list(frame["query_id"]) == ["found", "empty", "missing"]
    assert frame[list(MEASURES)].mean().to_list() == pytest.approx([1 / 3] * 4)
    nothing = score(ranked(depth=5), [], qrels)
    assert (nothing[list(MEASURES)] == 0).all(axis=None) and len(nothing) == 3
    check(nothing, ranked(depth=5), [], qrels)


def test_queries_without_judgements_are_left_out():
    frame = score(ranked(["d000"], ["d000"]), ["judged", "other"], {"judged": {"d000": 1}})
    assert list(frame["query_id"]) == ["judged"]
    assert score(ranked(["d000"]), ["other"], {}).empty


@st.composite
def searches(draw):
    """Scores full of ties over a few documents, with judgements of some queries."""
    n = draw(st.integers(2, 14))
    queries = draw(st.integers(1, 5))
    cell = st.sampled_from([0.0, -1.0, 0.25, 0.25 + 1e-8, -0.5, 1.0])
    rows = draw(st.lists(st.lists(cell, min_size=n, max_size=n), min_size=queries, max_size=queries))
    grade = st.sampled_from([-1, 0, 0, 1, 2, 3])
    grades = draw(
        st.lists(st.lists(grade, min_size=n, max_size=n), min_size=queries + 1, max_size=queries + 1)
    )
    docs = [f"d{i}" for i in range(n)]
    names = [f"q{i}" for i in range(queries)]
    qrels = {
        f"q{i}": dict(zip(docs, row, strict=True)) for i, row in enumerate(grades)
    }  # one more than searched
    return docs, names, np.array(rows, dtype=np.float32), qrels


@given(searches())
@settings(max_examples=60, deadline=None)
def test_ties_measures_and_run_file_tell_one_story(search):
    docs, names, scores, qrels = search
    ranking = Order(docs).top(scores, 100, names)
    frame = score(ranking, names, qrels)
    check(frame, ranking, names, qrels)
    backwards = Order(docs[::-1]).top(scores[:, ::-1], 100, names)
    pd.testing.assert_frame_equal(frame, score(backwards, names, qrels))
    # RR and RR@10 agree although ir_measures sends them to providers that break ties in opposite ways.
    run = [ir_measures.ScoredDoc(*pick) for pick in _read(trec_run(ranking, names, "t"))]
    judged = [ir_measures.Qrel(q, d, g) for q, row in qrels.items() for d, g in row.items()]
    oracle = {(m.query_id, str(m.measure)): m.value for m in ir_measures.iter_calc(
        [*THEIRS.values(), ir_measures.RR], judged, run)}  # fmt: skip
    for row in frame.to_dict("records"):
        query = row["query_id"]
        for name, measure in THEIRS.items():
            # The run file alone gives the same numbers, with trec_eval's own sorting and 32-bit scores.
            assert row[name] == pytest.approx(oracle[query, str(measure)], abs=1e-6), (name, query)
        uncut = oracle[query, "RR"]
        assert row["mrr@10"] == pytest.approx(uncut if uncut > 0.0999 else 0, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_measures_are_those_of_trec_eval(seed, monkeypatch):
    """Long lists with ties and grades, straight into trec_eval's own code: it re-sorts what our run file says."""
    random = np.random.default_rng(seed)
    names = [f"q{i}" for i in range(12)]
    # Eight different scores for 150 documents: ties at every cut. Most judged documents are irrelevant.
    scores = random.choice(np.linspace(-1, 1, 8), (12, len(DOCS))).astype(np.float32)
    chosen = random.random((12, len(DOCS))) < 0.2
    grades = random.choice([-1, 0, 0, 0, 1, 2, 3], (12, len(DOCS)))
    qrels = {q: {DOCS[d]: int(grades[i, d]) for d in np.flatnonzero(chosen[i])} for i, q in enumerate(names)}
    ranking = Order(DOCS).top(scores, 100, names)
    run = {q: {} for q in names}
    for query, document, value in _read(trec_run(ranking, names, "t")):
        run[query][document] = value
    asked = {"ndcg_cut.10", "recip_rank", "recall.100", "success.1"}
    oracle = pytrec_eval.RelevanceEvaluator(qrels, asked).evaluate(run)
    frame = score(ranking, names, qrels)
    for row in frame.to_dict("records"):
        theirs = oracle[row["query_id"]]
        uncut = theirs["recip_rank"]
        expected = [theirs["ndcg_cut_10"], uncut if uncut > 0.0999 else 0, theirs["recall_100"], theirs["success_1"]]
        assert [row[name] for name in MEASURES] == expected  # to the last bit
    assert len({round(one["ndcg_cut_10"], 6) for one in oracle.values()}) > 6  # the queries do differ
    monkeypatch.setattr(scoring, "COMPARED", 500)  # five judgements at a time
    pd.testing.assert_frame_equal(score(ranking, names, qrels), frame, check_exact=True)


def test_judged_documents_that_the_collection_lacks_count_as_relevant_and_not_found():
    frame = score(ranked(["d000"]), ["q"], {"q": {"gone": 1, "d000": 1}})
    assert frame["recall@100"][0] == 0.5 and frame["ndcg@10"][0] == pytest.approx(1 / (1 + 1 / math.log2(3)))


def _read(text):
    """(query, document, score) of each line of a run."""
    for line in text.splitlines():
        query, q0, document, rank, value, tag = line.split(" ")
        assert q0 == "Q0" and int(rank) >= 1 and tag == "t"
        yield query, document, float(value)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("ndcg@10", 1.2, "ndcg@10 = 1.2"),
        ("recall@100", float("nan"), "recall@100 = nan"),
        ("recall@100", 0.25, "recall@100 is 0.25"),
        ("success@1", 0.0, "success@1 is 0"),
        ("mrr@10", 0.5, "mrr@10 is 0.5"),
        ("ndcg@10", 0.0, "ndcg@10 > 0"),
    ],
)
def test_self_check_fails_on_numbers_that_do_not_fit(column, value, message):
    qrels = {"q": {"d000": 1, "d120": 1}, "r": {"d000": 2}}
    ranking = ranked(["d000", "d001"], ["d000"])
    frame = score(ranking, ["q", "r"], qrels)
    check(frame, ranking, ["q", "r"], qrels)
    frame.loc[0, column] = value
    with pytest.raises(BenchError, match=f"'q'.*{message}"):
        check(frame, ranking, ["q", "r"], qrels)


def test_self_check_fails_when_judged_queries_are_dropped():
    qrels = {"q": {"d000": 1}, "r": {"d000": 1}}
    ranking = ranked(["d000"])
    frame = score(ranking, ["q"], qrels)
    with pytest.raises(BenchError, match="1 queries were scored, 2 are judged"):
        check(frame[:1], ranking, ["q"], qrels)


def test_run_text():
    ranking = Order(["b", "a", "c%s"]).top(np.float32([[0.5, 0.5, -2], [1e-9, 3, 1]]), 5, ["q%1", "r"])
    assert trec_run(ranking, ["q%1", "r"], "t%") == (
        "q%1 Q0 a 1 0.5 t%\nq%1 Q0 b 2 0.49999997 t%\nq%1 Q0 c%s 3 -2 t%\n"
        "r Q0 a 1 3 t%\nr Q0 c%s 2 1 t%\nr Q0 b 3 9.99999972e-10 t%\n"
    )


def test_run_file_is_the_text_and_reproducible(tmp_path):
    ranking = ranked(["d000", "d003"], [], ["d005"])
    for name in ("one.trec.gz", "two.trec.gz"):
        write_run(tmp_path / name, ranking, ["a", "b", "é"], "tag")
    packed = (tmp_path / "one.trec.gz").read_bytes()
    assert packed == (tmp_path / "two.trec.gz").read_bytes()
    assert gzip.decompress(packed).decode("utf-8") == trec_run(ranking, ["a", "b", "é"], "tag")


@pytest.mark.parametrize(("docs", "query", "tag"), [
    (["a b"], "q", "t"), (["a"], "q\t1", "t"), (["a"], "", "t"), (["a"], "q", "optical 20"),
])  # fmt: skip
def test_white_space_cannot_go_into_a_run(docs, query, tag):
    ranking = Order(docs).top(np.zeros((1, 1), np.float32), 1, ["x"])
    with pytest.raises(BenchError, match="white space"):
        trec_run(ranking, [query], tag)


def test_mistakes_are_explained():
    with pytest.raises(BenchError, match="query id 'q' occurs more than once"):
        score(ranked(["d000"], ["d001"]), ["q", "q"], {})
    with pytest.raises(BenchError, match="1 query ids for 2"):
        score(ranked(["d000"], ["d001"]), ["q"], {})
