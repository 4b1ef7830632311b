"""What a built suite looks like to the rest: bitext, and tasks with queries, documents and judgements."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from bench.base.errors import BenchError, unknown
from bench.base.once import once
from bench.data.documents import DocumentStream
from bench.data.sources.streams import open_stream
from bench.data.stored.bitext import COLUMNS as BITEXT_COLUMNS
from bench.data.stored.bitext import StoredBitext, store
from bench.data.suite.keys import FORMAT

DOCUMENT_COLUMNS = ("task", "doc_id", "text")
QUERY_COLUMNS = ("task", "split", "language", "query_id", "text")
QREL_COLUMNS = ("task", "split", "language", "query_id", "doc_id", "grade")
TABLES = {
    "bitext": BITEXT_COLUMNS,
    "documents": DOCUMENT_COLUMNS,
    "queries": QUERY_COLUMNS,
    "qrels": QREL_COLUMNS,
}


@dataclass(frozen=True)
class Task:
    """English documents, queries in many languages, and which documents answer which query.

    Attributes:
        name: `symbols`, `faq`, `passages`, `declaration` or `strings`.
        parallel: True if a query id means the same question in every language and in English.
        documents: DataFrame [doc_id, text], English, the same for all languages and both splits; empty where they are streamed.
        streamed: what names the documents, where they are too many for a table (see `sources.streams`).
    """

    name: str
    parallel: bool
    documents: pd.DataFrame
    _queries: pd.DataFrame = field(repr=False)
    _qrels: pd.DataFrame = field(repr=False)
    streamed: Mapping[str, Any] | None = None

    @cached_property
    def _query_rows(self) -> dict[tuple[str, str], np.ndarray]:
        return _rows(self._queries)

    @cached_property
    def _qrel_rows(self) -> dict[tuple[str, str], np.ndarray]:
        return _rows(self._qrels)

    def stream(self) -> DocumentStream:
        """Its documents, one after the other."""
        return DocumentStream.of(self.documents) if self.streamed is None else open_stream(self.streamed)

    def texts(self) -> list[str]:
        """All its query texts, of all splits and languages."""
        return self._queries["text"].tolist()

    def splits(self) -> list[str]:
        """Those of `dev` and `test` that have queries."""
        return sorted({split for split, _ in self._query_rows})

    def languages(self, split: str) -> list[str]:
        """Codes with at least one query in this split, English included, sorted."""
        return sorted(language for found, language in self._query_rows if found == split)

    def queries(self, split: str, language: str, limit: int | None = None) -> pd.DataFrame:
        """DataFrame [query_id, text]; the first `limit` rows are a fixed random sample.

        For parallel tasks the sample holds the same questions in every language, as far as translated.

        Raises:
            BenchError: the task has no queries in this language and split.
        """
        rows = self._query_rows.get((split, language))
        if rows is None:
            raise unknown(f"language of task {self.name} ({split})", language, self.languages(split))
        frame = self._queries.iloc[rows[:limit] if limit is not None else rows]
        return frame[["query_id", "text"]].reset_index(drop=True)

    def qrels(self, split: str, language: str) -> dict[str, dict[str, int]]:
        """Judgements: query id -> document id -> grade (1 or more); only relevant ones are listed."""
        rows = self._qrel_rows.get((split, language))
        if rows is None:
            raise unknown(f"language of task {self.name} ({split})", language, self.languages(split))
        frame = self._qrels.iloc[rows]
        judged: dict[str, dict[str, int]] = {}
        for query, document, grade in zip(frame["query_id"], frame["doc_id"], frame["grade"], strict=True):
            judged.setdefault(query, {})[document] = int(grade)
        return judged


@dataclass(frozen=True)
class Suite:
    """The XLSD suite: training pairs and tasks.

    Attributes:
        path: folder that it was loaded from.
        hash: sha256 of the content (rows, not file bytes).
        bitext: pairs [pair_id, language, source, split (train|dev), english, text], on disk; `bitext.frame()` is a table of them.
        tasks: name -> Task.
        info: what `suite.json` holds.
    """

    path: Path
    hash: str
    bitext: StoredBitext
    tasks: dict[str, Task]
    info: dict[str, Any]

    @classmethod
    def load(cls, path: Path) -> Suite:
        """Read a built suite.

        Raises:
            BenchError: the folder is not a suite of this version, or a file in it is damaged.
        """
        path = Path(path)
        hint = f"Delete {path} and run again: it is built anew."
        try:
            info = json.loads((path / "suite.json").read_text(encoding="utf-8"))
            frames = {name: pd.read_parquet(path / f"{name}.parquet") for name in TABLES if name != "bitext"}
            pairs = pq.read_schema(path / "bitext.parquet").names
        except (OSError, ValueError) as error:
            raise BenchError(f"no readable suite in {path}: {error}", hint) from error
        if info.get("format") != FORMAT:
            raise BenchError(f"the suite in {path} has format {info.get('format')}, not {FORMAT}", hint)
        for name, columns in TABLES.items():
            if tuple(pairs if name == "bitext" else frames[name].columns) != columns:
                raise BenchError(f"{path / name}.parquet has other columns than {', '.join(columns)}", hint)
        try:
            # Once a suite, in a form of which parts can be read: the table itself takes memory for each pair.
            bitext = StoredBitext.open(once(path / "pairs", lambda folder: store(path / "bitext.parquet", folder)))
        except (OSError, ValueError) as error:
            raise BenchError(f"no readable bitext in {path}: {error}", hint) from error
        return cls(path, info["hash"], bitext, tasks_from(frames, info["parallel"], info.get("streams", {})), info)

    def task(self, name: str) -> Task:
        """The task of this name; `BenchError` with the nearest matches if there is none."""
        if name not in self.tasks:
            raise unknown("task", name, self.tasks)
        return self.tasks[name]


def tasks_from(
    frames: dict[str, pd.DataFrame], parallel: dict[str, bool], streams: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Task]:
    """Cut the tables of all tasks into one `Task` each."""
    tasks = {}
    for name, is_parallel in parallel.items():
        parts = [_of_task(frames[table], name) for table in ("documents", "queries", "qrels")]
        tasks[name] = Task(name, is_parallel, parts[0][["doc_id", "text"]], parts[1], parts[2], (streams or {}).get(name))
    return tasks


def table(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a frame of text columns (`grade`: int8), the same types whether or not there are rows."""
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: "int8" if name == "grade" else "str" for name in columns})


def _of_task(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame[frame["task"] == name].reset_index(drop=True)


def _rows(frame: pd.DataFrame) -> dict[tuple[str, str], np.ndarray]:
    return dict(frame.groupby(["split", "language"], sort=True).indices)  # type: ignore[arg-type]
