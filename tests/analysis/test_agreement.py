import gzip
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from bench.analysis import agreement
from bench.analysis.agreement import drawn_pairs, rank_correlation, read_run
from bench.base.errors import BenchError
from bench.retrieval.ranking import Ranking
from bench.retrieval.scoring import write_run
from tests.cli.test_app import bench, loaded
from tests.made_up import LOW, QUESTIONS, TASKS, cell, plan

FAQ = TASKS["faq"]


def ranking(seed, documents=12, depth=12):
    random = np.random.default_rng(seed)
    index = np.stack([random.permutation(documents)[:depth] for _ in range(QUESTIONS)])
    scores = np.sort(random.random((QUESTIONS, depth)))[:, ::-1].astype(np.float32)
    return Ranking([f"d{n}" for n in range(documents)], index, scores)


def runs(folder, cell_id, seed_of, tasks=("faq", "symbols"), languages=FAQ):
    place = folder / "cells" / cell_id / "runs"
    place.mkdir(exist_ok=True)
    for task in tasks:
        for scorer in ("dense", "late"):
            for language in languages:
                ids = [f"q{n}" if task == "faq" else f"{language}.q{n}" for n in range(QUESTIONS)]
                write_run(place / f"{task}.{scorer}.{language}.trec.gz", ranking(seed_of(scorer, language)), ids, "made-up")


@pytest.fixture
def made(tmp_path):
    """Optical ranks alike in all languages with the dense scorer, each in its own way with late interaction."""
    folder = plan(tmp_path / "made-up", ["untrained@0#0", "english@0#0", "optical@2#0", "optical@3#0"])
    for name in ("untrained@0#0", "english@0#0", "optical@2#0"):
        cell(folder, name, lambda *_: 0.5)
        runs(folder, name, lambda scorer, language: 1 if scorer == "dense" else FAQ.index(language))
    return folder


def table(folder, **where):
    rows = pd.read_csv(folder / "agreement.csv")
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows


def test_spearman_is_scipys_on_whole_lists():
    random = np.random.default_rng(0)
    for _ in range(20):
        one, two = ({f"d{n}": float(s) for n, s in enumerate(random.integers(0, 6, 12))} for _ in range(2))
        # Every document is among the first 12, and scores tie.
        names = sorted(one)
        expected = spearmanr([one[d] for d in names], [two[d] for d in names]).statistic
        assert rank_correlation(one, two, 12) == pytest.approx(expected)


def test_spearman_over_the_union_of_the_first_k():
    one = {"a": 9.0, "b": 8.0, "c": 7.0, "d": 6.0}
    two = {"c": 0.4, "a": 0.3, "x": 0.2, "b": 0.1}
    # k = 2: the union is a b c, with ranks 3 2 1 and 2 1 3.
    assert rank_correlation(one, two, 2) == pytest.approx(spearmanr([3, 2, 1], [2, 1, 3]).statistic)
    # k = 4: d is not in the second list, x not in the first: each is last there.
    assert rank_correlation(one, two, 4) == pytest.approx(spearmanr([5, 4, 3, 2, 1], [4, 2, 5, 1, 3]).statistic)
    assert rank_correlation(one, one, 3) == 1.0 and rank_correlation({"a": 1.0}, {"a": 5.0}, 10) == 1.0
    # Nothing in common: what is first in one is a tie at the end of the other.
    apart = rank_correlation({"a": 2.0, "b": 1.0}, {"c": 2.0, "d": 1.0}, 2)
    assert apart == pytest.approx(spearmanr([4, 3, 1.5, 1.5], [1.5, 1.5, 4, 3]).statistic) and apart < 0


def test_reads_what_the_bench_writes(tmp_path):
    made = ranking(3)
    write_run(tmp_path / "r.trec.gz", made, [f"q{n}" for n in range(QUESTIONS)], "tag")
    found = read_run(tmp_path / "r.trec.gz")
    assert list(found["q2"]) == [f"d{n}" for n in made.index[2]]
    np.testing.assert_allclose(list(found["q2"].values()), made.scores[2], rtol=1e-6)


def test_mean_rank_correlation_of_a_group(made):
    agreement.write(made, 5, 30)
    same = table(made, method="optical", scorer="dense", group="trained", task="faq")
    assert same["mrc"].tolist() == [1.0] and same["pairs"].tolist() == [1] and same["questions"].tolist() == [QUESTIONS]
    own = table(made, method="optical", scorer="late", group="trained", task="faq").iloc[0]
    by_question = []
    for n in range(QUESTIONS):
        lists = [dict(zip((f"d{i}" for i in r.index[n]), r.scores[n], strict=True)) for r in map(ranking, (0, 1))]
        union = sorted({*list(lists[0])[:5], *list(lists[1])[:5]})
        by_question.append(spearmanr(*[[one[d] for d in union] for one in lists]).statistic)
    assert own["mrc"] == pytest.approx(np.mean(by_question), abs=1e-4) and own["low"] < own["mrc"] < own["high"]
    width = 2 * 1.96 * np.std(by_question) / np.sqrt(QUESTIONS)
    assert own["high"] - own["low"] == pytest.approx(width, rel=0.15)


def test_only_parallel_tasks_and_no_ceiling(made):
    text = agreement.write(made)
    assert set(table(made)["task"]) == {"faq"} and set(table(made)["method"]) == {"untrained", "optical"}
    assert set(table(made, method="optical")["size"]) == {2}, "cells without a result have no row"
    assert set(table(made, method="untrained", group="trained")["size"]) == {2, 3}
    assert "MRC@10" in text and "| optical" in text


def test_a_scorer_that_only_floor_and_ceiling_have_is_left_out(made):
    agreement.write(made)
    assert set(table(made)["scorer"]) == {"dense", "late"}


def test_a_missing_run_file_is_counted(made):
    (made / "cells" / "optical@2#0" / "runs" / "faq.late.swh_Latn.trec.gz").unlink()
    text = agreement.write(made)
    row = table(made, method="optical", scorer="late", group="trained").iloc[0]
    assert np.isnan(row["mrc"]) and (row["pairs"], row["pairs_without_run"]) == (0, 1)
    assert "pairs of languages had no run file" in text


def test_the_same_pairs_for_every_method_and_order_of_languages():
    codes = [f"l{n:02}" for n in range(20)]
    drawn = drawn_pairs(codes, 30)
    assert len(set(drawn)) == 30 and all(a < b for a, b in drawn)
    assert drawn == drawn_pairs(codes[::-1], 30)
    assert drawn != drawn_pairs([f"m{n:02}" for n in range(20)], 30)
    assert drawn_pairs(codes[:4], 30) == list(combinations(codes[:4], 2)) and drawn_pairs(codes[:1], 30) == []


def test_a_question_that_a_language_lacks_counts_where_it_is(made):
    file = made / "cells" / "untrained@0#0" / "runs" / "faq.dense.amh_Ethi.trec.gz"
    lines = gzip.decompress(file.read_bytes()).decode().splitlines(keepends=True)
    file.write_bytes(gzip.compress("".join(line for line in lines if not line.startswith("q0 ")).encode()))
    agreement.write(made)
    row = table(made, method="untrained", scorer="dense", group="trained", size=2).iloc[0]
    assert (row["mrc"], row["questions"]) == (1.0, QUESTIONS - 1)


def test_the_command(made):
    done = bench("agreement", "-p", "made-up", "--results", str(made.parent), "--depth", "3", "--pairs", "2")
    assert done.returncode == 0, done.stderr
    assert loaded(done) == [] and "MRC@3" in done.stdout and (made / "agreement.csv").is_file()
    assert set(table(made)["k"]) == {3} and len(LOW) == 4


def test_a_cut_run_file_is_a_clear_error(tmp_path):
    whole = gzip.compress(b"q0 Q0 d1 1 0.5 tag\n" * 50)
    for number, content in enumerate((whole[:-9], b"no gzip", gzip.compress(b"q0 Q0 d1\n"))):
        path = tmp_path / f"{number}.trec.gz"
        path.write_bytes(content)
        with pytest.raises(BenchError, match="no whole TREC run"):
            read_run(path)
