"""What a reader of somebody's own data returns, whatever the layout: pairs and tasks in common tables.

`bench.data.suite.own` makes a suite out of it (one line a text, pair ids, dev splits, order of queries, leakage); a reader only
reads, and resolves languages to codes of the languages file. Texts may be raw: white space and empty ones are dealt with there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from bench.data.stored.spool import Table

PAIR_COLUMNS = ("language", "source", "split", "english", "text")
TASK_COLUMNS = {
    "documents": ("doc_id", "text"),
    "queries": ("split", "language", "query_id", "text"),
    "qrels": ("split", "language", "query_id", "doc_id", "grade"),
}
SPLITS = ("train", "dev", "test")
Progress = Callable[[str], None]


@dataclass(frozen=True)
class OwnTask:
    """One retrieval task.

    Attributes:
        name: letters, digits, `_` and `-`; what tables call it.
        documents: DataFrame [doc_id, text]: English, shared by all languages; ids unique and without white space.
        queries: DataFrame [split, language, query_id, text]: split is `dev`, `test`, or "" where the data does not
            say; English (`eng_Latn`) is one of the languages, if there is an English version.
        qrels: DataFrame [split, language, query_id, doc_id, grade]: split and language as at the query; grades of 1 and
            more, those of 0 and less may be left out.
        parallel: an id is the same question in every language; None = `suite.own` looks at ids and judgements.
        stream: JSON that names a collection too large for a frame, for `sources.streams`; `documents` is empty then.
    """

    name: str
    documents: pd.DataFrame
    queries: pd.DataFrame
    qrels: pd.DataFrame
    parallel: bool | None = None
    stream: dict[str, Any] | None = None


@dataclass(frozen=True)
class OwnData:
    """What was read.

    Attributes:
        pairs: table [language, source, split, english, text], read a part at a time (`stored.spool.parts`): split is
            `train`, `dev`, or "" where the data does not say.
        tasks: the tasks.
        notes: what the reader did with the data that its owner should know, one sentence each.
    """

    pairs: Table
    tasks: Sequence[OwnTask]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Outline:
    """What can be said before any text is read: `bench plan` and the defaults of a profile need it.

    Attributes:
        trainable: codes of languages with pairs.
        queried: task -> codes of languages with queries, English included if it has any.
    """

    trainable: tuple[str, ...]
    queried: Mapping[str, tuple[str, ...]]


class Reader(Protocol):
    """A place where data lies. Opening it is cheap; nothing here imports torch."""

    def outline(self) -> Outline:
        """Languages and tasks. Raises `BenchError` where there is nothing to be found."""

    def key(self, codes: Collection[str]) -> Any:
        """Identity of the content as far as these languages need it: JSON, equal if and only if the texts are."""

    def read(self, codes: Collection[str], progress: Progress) -> OwnData:
        """Everything of these languages, and of English. Raises `BenchError` for data that cannot be used."""


def frame(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a frame of text columns (`grade`: int16), of the same types whether or not there are rows."""
    import pandas as pd  # only here: plans look at readers, and read nothing

    made = pd.DataFrame(rows, columns=list(columns))
    return made.astype({name: "int16" if name == "grade" else "str" for name in columns})


def task_frames(
    documents: Sequence[Sequence[Any]], queries: Sequence[Sequence[Any]], qrels: Sequence[Sequence[Any]]
) -> dict[str, pd.DataFrame]:
    """Rows in the order of `TASK_COLUMNS` as the three frames of an `OwnTask`."""
    rows = {"documents": documents, "queries": queries, "qrels": qrels}
    return {name: frame(rows[name], columns) for name, columns in TASK_COLUMNS.items()}
