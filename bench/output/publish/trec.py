"""Rankings and judgements for other tools: TREC run files and qrels; and what scores they come to."""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bench.analysis.agreement import read_run
from bench.analysis.results import Cell, Experiment
from bench.base.errors import BenchError
from bench.base.paths import cache_dir
from bench.data.english import ENGLISH
from bench.data.suite.types import Suite
from bench.experiment.store import folder_name
from bench.retrieval.ranking import Ranking
from bench.retrieval.scoring import Qrels, score
from methods.facts import facts

RUNS, QRELS = "runs", "qrels"
PLACE = ["task", "scorer", "language"]


def run_files(experiment: Experiment) -> dict[str, Path]:
    """Name in the published folder -> stored run file, of all done cells."""
    found = {}
    for cell in experiment.cells:
        folder = folder_name(cell.name.id)
        for path in sorted((experiment.path / "cells" / folder / "runs").glob("*.trec.gz")) if cell.done else ():
            found[f"{RUNS}/{folder}/{path.name}"] = path
    return found


def copy_runs(files: Mapping[str, Path], target: Path) -> None:
    """Copy run files as they are: packed without a time, the same rankings are the same bytes."""
    for name, path in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)


def qrels_files(experiment: Experiment, keys: Mapping[str, str]) -> dict[str, bytes]:
    """Name -> gzip of `query 0 document grade` lines, for all questions that done cells were asked.

    They come from the suites in the cache; cells whose suite is not there get none.

    Args:
        keys: cell id -> key of its suite.
    """
    split = str((experiment.plan.profile.get("evaluation") or {}).get("split") or "test")
    wanted: dict[tuple[str, bool, str, str], dict[str, None]] = {}
    for cell in experiment.cells:
        if cell.questions is None or cell.name.id not in keys:
            continue
        english = facts(cell.name.method).asks_english
        for (task, language), rows in cell.questions.groupby(["task", "language"]):
            place = keys[cell.name.id], english, str(task), str(language)
            wanted.setdefault(place, {}).update(dict.fromkeys(rows["query_id"].tolist()))
    found = {}
    suites = {key: _suite(key) for key in dict.fromkeys(keys.values())}
    for (key, english, task, language), queries in sorted(wanted.items()):
        suite = suites[key]
        if suite is None or task not in suite.tasks:
            continue
        # English questions are the language's own where the task is parallel, see `english_sets` of the cells.
        asked_in = ENGLISH if english and not suite.tasks[task].parallel else language
        judged = suite.tasks[task].qrels(split, asked_in)
        rows = ((query, *one) for query in sorted(queries) for one in sorted(judged.get(query, {}).items()))
        lines = [f"{query} 0 {document} {grade}\n" for query, document, grade in rows]
        found[qrels_name(key, english, task, language)] = gzip.compress("".join(lines).encode("utf-8"), mtime=0)
    return found


def qrels_name(key: str, english: bool, task: str, language: str) -> str:
    """Where the judgements of a suite's questions lie; `english`: of the English ones that stand for those of a language."""
    return f"{QRELS}/{key}{'.english' if english else ''}/{task}.{language}.qrels.gz"


class Judgements:
    """The qrels files of a published folder, each read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, Qrels | None] = {}

    def of(self, name: str) -> Qrels | None:
        """Query -> document -> grade; None where there is no such file."""
        if name not in self._known:
            path = self.folder / name
            self._known[name] = _read_qrels(path) if path.is_file() else None
        return self._known[name]


def rescored(judgements: Judgements, cell: Cell, key: str) -> Iterator[tuple[tuple[str, str, str], pd.DataFrame | None]]:
    """The scores of a published cell, worked out anew from its rankings and the judgements.

    Args:
        judgements: of the published folder; its runs lie there too.
        key: of the suite of the cell.

    Yields:
        (task, scorer, language) and a frame of `query_id` and measures, for the questions of the cell in their order; None
        where the run file or the judgements are not there.

    Raises:
        BenchError: a file cannot be read, or is none of its kind.
    """
    assert cell.questions is not None  # a done cell has them
    english = facts(cell.name.method).asks_english
    for (task, scorer, language), rows in cell.questions.groupby(PLACE, sort=False):
        place = str(task), str(scorer), str(language)
        run = judgements.folder / RUNS / folder_name(cell.name.id) / f"{task}.{scorer}.{language}.trec.gz"
        judged = judgements.of(qrels_name(key, english, place[0], place[2]))
        if not run.is_file() or judged is None:
            yield place, None
            continue
        yield place, scored(run, {query: judged.get(query, {}) for query in rows["query_id"]})


def scored(run: Path, qrels: Qrels) -> pd.DataFrame:
    """`retrieval.scoring.score` of a run file, ordered by the scores in it, as trec_eval orders it."""
    lists = [(query, sorted(found, key=lambda doc: -found[doc])) for query, found in read_run(run).items()]
    numbers: dict[str, int] = {}
    for _, documents in lists:
        for document in documents:
            numbers.setdefault(document, len(numbers))
    index = np.full((len(lists), max((len(found) for _, found in lists), default=0)), -1, dtype=np.int64)
    for row, (_, documents) in enumerate(lists):
        index[row, : len(documents)] = [numbers[document] for document in documents]
    return score(Ranking(list(numbers), index, np.zeros(index.shape, np.float32)), [query for query, _ in lists], qrels)


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                query, _, document, grade = line.split()
                found.setdefault(query, {})[document] = int(grade)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise BenchError(f"{path} is no whole file of judgements: {error}", "get the folder again") from error
    return found


def _suite(key: str) -> Suite | None:
    try:
        return Suite.load(cache_dir() / "suite" / key)
    except BenchError:
        return None
