"""From rankings to measures."""

from __future__ import annotations

import numpy as np

from bench.retrieval.ranking import Ranking
from bench.retrieval.scoring import MEASURES, score
from benchmarks.speed.race import OURS, Contestant, Row, missing, race

PART = "scoring"
DEPTH = 100


def measure(queries: int, documents: int, repeats: int, rates: dict[str, float]) -> list[Row]:
    """nDCG@10, MRR@10, recall@100 and success@1 of rankings of `DEPTH`; others get theirs as the dictionaries that they want."""
    work = f"{queries} rankings of {DEPTH} of {documents} documents, 1 to 3 judged: {', '.join(MEASURES)}"
    ranking, names, qrels = rankings(queries, documents)
    contestants = [Contestant(OURS, lambda: score(ranking, names, qrels))]
    rest = []
    run = {name: dict(zip(ranking.ids(i), ranking.scores[i].tolist(), strict=True)) for i, name in enumerate(names)}
    try:
        import pytrec_eval
    except ImportError:
        rest.append(missing(PART, work, "pytrec_eval", "pip install -e '.[dev]'"))
    else:
        asked = {"ndcg_cut.10", "recip_rank", "recall.100", "success.1"}
        contestants.append(Contestant("pytrec_eval", lambda: pytrec_eval.RelevanceEvaluator(qrels, asked).evaluate(run)))
    try:
        from mteb._evaluators.retrieval_metrics import calculate_retrieval_scores
    except ImportError:
        rest.append(missing(PART, work, "mteb, calculate_retrieval_scores", "pip install mteb"))
    else:
        contestants.append(Contestant(
            "mteb, calculate_retrieval_scores (more measures)", lambda: calculate_retrieval_scores(run, qrels, [1, 10, 100])
        ))  # fmt: skip
    return race(PART, work, contestants, repeats, rates) + rest


def rankings(queries: int, documents: int) -> tuple[Ranking, list[str], dict[str, dict[str, int]]]:
    """Random rankings, their queries and judgements."""
    generator = np.random.default_rng(0)
    depth = min(DEPTH, documents)
    index = np.stack([generator.permutation(documents)[:depth] for _ in range(queries)])
    scores = np.sort(generator.random((queries, depth), dtype=np.float32), axis=1)[:, ::-1]
    ids, names = [f"d{i:06d}" for i in range(documents)], [f"q{i}" for i in range(queries)]
    qrels = {
        name: {ids[i]: int(generator.integers(1, 3)) for i in generator.permutation(documents)[: generator.integers(1, 4)]}
        for name in names
    }
    return Ranking(ids, index, np.ascontiguousarray(scores)), names, qrels
