"""Tasks that lie in tables and files of the Hugging Face hub."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from bench.base.errors import BenchError
from bench.data.documents import DocumentStream
from bench.data.english import ENGLISH
from bench.data.sources.hubs.files import lines, table
from bench.data.sources.hubs.task import Judgement, Question

T = TypeVar("T")


def parsed(rows: Iterable[Any], parse: Callable[[Any], T], where: str) -> Iterator[T]:
    """What `parse` makes of every row; raises `BenchError` for one that it cannot read."""
    for row in rows:
        try:
            found = parse(row)
        except (KeyError, TypeError, ValueError) as error:
            shown = textwrap.shorten(str(row), 100, placeholder=" ...")
            raise BenchError(f"{where} has a row of another form: {shown}", "is the copy of another version?") from error
        yield found


def _rows_of(
    repository: str, path: str, parse: Callable[[str], T], url: str = "", revision: str | None = None
) -> Iterator[T]:
    """What `parse` makes of every line of a file of a repository; `url` and `revision` as for `files.lines`."""
    return parsed(lines(repository, path, url, revision), parse, f"{repository}, {path},")


def _topic(line: str) -> tuple[str, str]:
    query_id, text = line.split("\t", 1)
    return query_id, text


def _qrel(line: str) -> tuple[str, str, int]:
    query_id, _, doc_id, grade = line.split()
    return query_id, doc_id, int(grade)


class Belebele:
    """Questions on passages: `link` names the passage, `link` and `question_number` the question, in every language."""

    repository = "facebook/belebele"

    def __init__(self, revision: str | None = None) -> None:
        self.revision = revision

    def documents(self, own: str) -> DocumentStream:
        """The English passages."""
        return DocumentStream(self._passages, self.repository, 488)

    def _passages(self) -> Iterator[tuple[str, str]]:
        seen: dict[str, str] = {}
        for link, passage in self._rows(ENGLISH, lambda row: (row["link"], row["flores_passage"])):
            if seen.setdefault(link, passage) != passage:
                raise BenchError(f"belebele: {link} is the link of two passages", "this copy is of another version")
        yield from ((_plain(link), passage) for link, passage in seen.items())

    def questions(self, own: str) -> Iterator[Question]:
        """Those of a language, or the English ones."""
        return self._rows(own, lambda row: Question("", _question(row), row["question"]))

    def judgements(self, own: str) -> Iterator[Judgement]:
        """A question belongs to its passage."""
        return self._rows(own, lambda row: Judgement("", _question(row), _plain(row["link"]), 1))

    def _rows(self, own: str, parse: Callable[[Any], T]) -> Iterator[T]:
        own = own or ENGLISH
        return parsed(table(self.repository, own, "test", self.revision), parse, f"{self.repository}, {own},")


def _plain(link: str) -> str:
    """Without white space, which run files cannot hold."""
    return "_".join(link.split())


def _question(row: dict[str, Any]) -> str:
    return f"{_plain(row['link'])}#{row['question_number']}"


class Ciral:
    """Topics as `id<tab>query`, judgements as TREC qrels, passages as JSON lines."""

    repository, corpus = "CIRAL/ciral", "CIRAL/ciral-corpus"
    short = {"hausa": "ha", "somali": "so", "swahili": "sw", "yoruba": "yo"}
    parts = {"dev": "dev", "test-a": "test", "test-b": "test"}

    def __init__(self, revision: str | None = None) -> None:
        self.revision = revision  # of topics and judgements; passages are those that their repository has now

    def documents(self, own: str) -> DocumentStream:
        """Passages of a language."""
        path = f"passages-v1.0/{own}_passages.jsonl"
        return DocumentStream(lambda: _rows_of(self.corpus, path, _passage), f"{self.corpus} {own}")

    def questions(self, own: str) -> Iterator[Question]:
        """English queries for the passages of a language."""
        for part, split in self.parts.items():
            for query_id, text in self._of(own, "topics", part, _topic):
                yield Question(split, f"{part}-{query_id}", text)

    def judgements(self, own: str) -> Iterator[Judgement]:
        """By native speakers."""
        for part, split in self.parts.items():
            for query_id, doc_id, grade in self._of(own, "qrels", part, _qrel):
                yield Judgement(split, f"{part}-{query_id}", doc_id, grade)

    def _of(self, own: str, kind: str, part: str, parse: Callable[[str], T]) -> Iterator[T]:
        path = f"ciral-{own}/{kind}/{kind}.ciral-v1.0-{self.short[own]}-{part}.tsv"
        return _rows_of(self.repository, path, parse, revision=self.revision)


def _passage(line: str) -> tuple[str, str]:
    row = json.loads(line)
    return row["docid"], f"{row['title']} {row['text']}"


class AfriClirMatrix:
    """Documents as JSON lines on the hub (beside a script, which `datasets` does not run any more); topics
    (`id<tab>query`) and TREC qrels in a repository of their own."""

    repository = "castorini/africlirmatrix"
    raw = "https://raw.githubusercontent.com/castorini/africlirmatrix/main/"
    short = {
        "afrikaans": "afr", "amharic": "amh", "egyptian_arabic": "arz", "hausa": "hau", "igbo": "ibo", "moroccan_arabic": "ary",
        "northern_sotho": "nso", "shona": "sna", "somali": "som", "swahili": "swa", "tigrinya": "tir", "twi": "twi",
        "wolof": "wol", "yoruba": "yor", "zulu": "zul",
    }  # fmt: skip

    def __init__(self, revision: str | None = None) -> None:
        self.revision = revision

    def documents(self, own: str) -> DocumentStream:
        """Articles of a language."""
        path = f"africlirmatrix-v1.0-{own}/corpus.jsonl"
        return DocumentStream(
            lambda: _rows_of(self.repository, path, _article, revision=self.revision), f"{self.repository} {own}"
        )

    def questions(self, own: str) -> Iterator[Question]:
        """English queries for the articles of a language."""
        for query_id, text in self._of(f"test/queries/topics.africlirmatrix-v1.0.en.{self.short[own]}.tsv", _topic):
            yield Question("test", query_id, text)

    def judgements(self, own: str) -> Iterator[Judgement]:
        """Made from BM25 scores, as in CLIRMatrix."""
        for query_id, doc_id, grade in self._of(f"test/qrels/qrels.africlirmatrix-v1.0.en.{self.short[own]}.txt", _qrel):
            yield Judgement("test", query_id, doc_id, grade)

    def _of(self, path: str, parse: Callable[[str], T]) -> Iterator[T]:
        return _rows_of(self.repository, path, parse, self.raw + path)


def _article(line: str) -> tuple[str, str]:
    row = json.loads(line)
    return str(row["id"]), row["contents"]
