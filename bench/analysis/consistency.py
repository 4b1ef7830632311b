"""Whether the two files with the scores of a cell say the same."""

from __future__ import annotations

import numpy as np
import pandas as pd


def disagreement(metrics: pd.DataFrame, questions: pd.DataFrame) -> str:
    """What `metrics.csv` and `per_query.parquet` of a cell contradict each other in; empty where they agree.

    Both state nDCG@10 per language; a hand-edited or half-copied cell gives itself away here.

    Args:
        metrics: with `task`, `scorer`, `language` and `ndcg@10`, which is from 0 to 1.
        questions: the same, and `query_id`. Rows without a name of their place are a contradiction too.
    """
    # Places as numbers: grouping by three columns of strings took a tenth of the time of a leaderboard.
    stated, found = np.zeros(len(metrics), dtype=np.int64), np.zeros(len(questions), dtype=np.int64)
    for column in ("task", "scorer", "language"):
        both = pd.concat([metrics[column], questions[column]], ignore_index=True)
        numbers, names = pd.factorize(both, use_na_sentinel=False)
        stated, found = stated * len(names) + numbers[: len(stated)], found * len(names) + numbers[len(stated) :]
    places, at = np.unique(np.concatenate([stated, found]), return_inverse=True)
    stated, found = at[: len(stated)], at[len(stated) :]
    if len(np.unique(stated)) < len(stated):
        return "metrics.csv names a task, scorer and language twice"
    query, ids = pd.factorize(questions["query_id"], use_na_sentinel=False)
    if len(np.unique(found * max(1, len(ids)) + query)) < len(found):
        return "per_query.parquet scores a query twice"
    count = np.bincount(found, minlength=len(places))
    if len(stated) < len(places) or not count.all():
        return "metrics.csv and per_query.parquet name different languages or tasks"
    total = np.bincount(found, weights=questions["ndcg@10"], minlength=len(places))
    worst = float(np.abs(metrics["ndcg@10"].to_numpy() - (total / count)[stated]).max(initial=0.0))
    return "" if worst < 1e-4 else f"metrics.csv and per_query.parquet differ by {worst:.4f} nDCG@10"
