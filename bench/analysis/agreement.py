"""Does the same question get the same ranking in every language? Mean rank correlation from stored TREC runs."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import resampling
from bench.analysis.arms import shown
from bench.analysis.questions import questions
from bench.analysis.results import Cell, Experiment, load
from bench.base.errors import BenchError
from bench.base.markdown import number, table
from bench.base.paths import atomic_write
from bench.base.progress import steps
from bench.experiment.profile.comparison import GROUPS
from bench.experiment.store import folder_name
from methods.declaration import base_scorer
from methods.facts import facts

SEED = 20243
COLUMNS = (
    "order", "scorer", "task", "group", "size", "method", "seed", "k", "mrc", "low", "high", "questions", "pairs",
    "pairs_possible", "pairs_without_run",
)  # fmt: skip
Runs = dict[str, dict[str, float]]  # query id -> document id -> score, best first


def write(folder: Path, k: int = 10, pairs: int = 30) -> str:
    """Write agreement.csv into an experiment's folder and return the table in markdown.

    Raises:
        BenchError: the folder holds no experiment.
    """
    rows = pd.DataFrame(list(agreements(load(folder), k, pairs)), columns=list(COLUMNS))
    atomic_write(folder / "agreement.csv", rows.to_csv(index=False, float_format="%.4f", lineterminator="\n"))
    return text(rows, k)


def agreements(experiment: Experiment, k: int, pairs: int) -> Iterator[dict[str, Any]]:
    """One row per done cell, scorer, parallel task and group of languages: COLUMNS.

    `mrc` is MRC@k: for a question in two languages the Spearman correlation of the scores of all documents
    that either has in its first k, mean over questions, then over pairs of languages. It says nothing of whether the
    ranking is right. All pairs of a group would be 1,225 for 50 languages, so at most `pairs` are drawn, with
    a seed fixed by the group's languages: all methods of a size are asked about the same pairs. `low` and
    `high`: bootstrap over questions. The ceiling, which asks the English question for every language, is left
    out: its correlation is 1.
    """
    plan = experiment.plan
    cells = [cell for cell in experiment.cells if cell.done and not facts(cell.name.method).asks_english]
    parallel = {task: resampling.is_parallel(asked.language, asked.query) for task, asked in questions(cells).items()}
    tasks = [task for task, is_parallel in parallel.items() if is_parallel and (not plan.tasks or task in plan.tasks)]
    about = shown(cell.name.method for cell in experiment.cells)
    for cell in steps("comparing rankings", cells):
        asked = cell.questions
        assert asked is not None  # a done cell has them
        for scorer in sorted(name for name in set(asked["scorer"]) if base_scorer(name) in about):
            for task in tasks:
                here = asked[(asked["scorer"] == scorer) & (asked["task"] == task)]
                there = set(here["language"])
                runs = Folder(experiment.path / "cells" / folder_name(cell.name.id) / "runs", task, scorer)
                for group in GROUPS:
                    for size in [cell.name.size] if cell.name.size else plan.sizes_of(cell.name.order):
                        languages = [code for code in plan.group(group, cell.name.order, size) if code in there]
                        point = {"order": cell.name.order, "scorer": scorer, "task": task, "group": group, "size": size}
                        yield from _row(cell, point, runs, drawn_pairs(languages, pairs), len(languages), k)


def _row(
    cell: Cell, point: dict[str, Any], runs: Folder, drawn: list[tuple[str, str]], languages: int, k: int
) -> Iterator[dict[str, Any]]:
    found = {pair: one for pair in drawn if (one := runs.correlations(*pair, k))}
    if not drawn:
        return
    ids = sorted({query for one in found.values() for query in one})
    values = np.full((len(ids), len(found)), np.nan)
    at = {query: row for row, query in enumerate(ids)}
    for column, one in enumerate(found.values()):
        values[[at[query] for query in one], column] = list(one.values())
    mean = low = high = float("nan")
    if found:
        mean = float(np.nanmean(values, axis=0).mean())
        weights = resampling.weights(point["task"], "", len(ids))
        there = resampling.resample((~np.isnan(values)).astype(np.float32), weights)
        total = resampling.resample(np.nan_to_num(values).astype(np.float32), weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            low, high = resampling.interval((total / np.where(there > 0, there, np.nan)).mean(axis=1))
    yield point | {
        "method": cell.name.method, "seed": cell.name.seed, "k": k, "mrc": mean, "low": low, "high": high,
        "questions": len(ids), "pairs": len(found), "pairs_possible": languages * (languages - 1) // 2,
        "pairs_without_run": len(drawn) - len(found),
    }  # fmt: skip


def drawn_pairs(languages: Sequence[str], limit: int) -> list[tuple[str, str]]:
    """At most `limit` pairs of these languages, the same for the same languages in any order."""
    everything = list(combinations(sorted(languages), 2))
    if len(everything) <= limit:
        return everything
    random = np.random.default_rng([SEED, zlib.crc32(" ".join(sorted(languages)).encode())])
    return [everything[n] for n in sorted(random.choice(len(everything), limit, replace=False))]


class Folder:
    """The run files of one cell, task and scorer; each is read once, each pair compared once."""

    def __init__(self, path: Path, task: str, scorer: str) -> None:
        self.path, self.task, self.scorer = path, task, scorer
        self._runs: dict[str, Runs] = {}
        self._known: dict[tuple[str, str], dict[str, float]] = {}

    def correlations(self, first: str, second: str, k: int) -> dict[str, float]:
        """Question -> correlation, for those that both languages have; empty where a run file is missing."""
        if (first, second) not in self._known:
            one, two = self._run(first), self._run(second)
            common = [query for query in one if query in two]
            self._known[first, second] = {query: rank_correlation(one[query], two[query], k) for query in common}
        return self._known[first, second]

    def _run(self, language: str) -> Runs:
        if language not in self._runs:
            file = self.path / f"{self.task}.{self.scorer}.{language}.trec.gz"
            self._runs[language] = read_run(file) if file.is_file() else {}
        return self._runs[language]


def read_run(file: Path) -> Runs:
    """A gzip TREC run: `query Q0 document rank score tag` lines. Raises `BenchError` when it is damaged."""
    runs: Runs = {}
    try:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                query, _, document, _, score, _ = line.split(" ", 5)
                runs.setdefault(query, {})[document] = float(score)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise BenchError(f"{file} is no whole TREC run: {error}", "delete the folder of its cell and run it again") from error
    return runs


def rank_correlation(first: dict[str, float], second: dict[str, float], k: int) -> float:
    """Spearman correlation of two lists' scores over the union of their first `k` documents.

    MRC@k of the MIMO paper's evaluation, with stored lists in place of all scores: a document that one list
    does not hold at all shares that list's lowest rank with the others that are missing. Where all ranks of a list are equal (no
    document of the union in it) the correlation is not defined and counts as 0; a union of one document is
    full agreement.

    >>> rank_correlation({"a": 3, "b": 2, "c": 1}, {"b": 9, "a": 8, "c": 1}, 2)
    -1.0
    """
    union = sorted({*list(first)[:k], *list(second)[:k]})
    if len(union) < 2:
        return 1.0
    ranks = []
    for run in (first, second):
        scores = np.array([run.get(document, -np.inf) for document in union])
        _, group, count = np.unique(scores, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(count) - (count + 1) / 2)[group])  # equal scores share the mean of their ranks
    one, two = (rank - rank.mean() for rank in ranks)
    size = float(np.sqrt((one @ one) * (two @ two)))
    return float(one @ two / size) if size > 0 else 0.0


def text(rows: pd.DataFrame, k: int) -> str:
    """The means over tasks and seeds, methods by sizes."""
    parts = [f"# Agreement of rankings between languages: MRC@{k}"]
    known = rows[rows["mrc"].notna()]
    for (order, scorer, group), part in known.groupby(["order", "scorer", "group"], sort=False):
        sizes = sorted(part["size"].unique())
        lines = []
        for method, own in part.groupby("method", sort=False):
            at = own.groupby("size")["mrc"].mean()
            lines.append([str(method), *(number(at[size]) if size in at else "" for size in sizes)])
        parts += [f"**{scorer}, {group}** (order `{order}`)", table("method \\ languages", lines, list(map(str, sizes)))]
    if not len(known):
        parts.append("No parallel task with run files in two languages.")
    missing = int(rows["pairs_without_run"].sum()) if len(rows) else 0
    if missing:
        parts.append(f"{missing} pairs of languages had no run file or no common question and are not in the means.")
    parts.append(
        f"Spearman correlation of scores over the union of two languages' first {k} documents, the same question; mean over "
        "questions, pairs of languages (a fixed sample), parallel tasks and seeds. 1 = the same ranking in every language, right "
        "or wrong. Trained and held-out columns are other languages at every size, unless the profile asks in few. Intervals and "
        "counts: agreement.csv."
    )
    return "\n\n".join(parts) + "\n"
