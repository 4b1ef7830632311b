"""Tasks that lie in tables and files of the Hugging Face hub."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench.documents import DocumentStream
from bench.errors import BenchError
from bench.sources.hubs.files import lines, table
from bench.sources.hubs.task import Judgement, Question


class Belebele:
    """Questions on passages: `link` names the passage, `link` and `question_number` the question, in every language."""

    repository = "facebook/belebele"

    def documents(self, own: str) -> DocumentStream:
        """The English passages."""
        return DocumentStream(self._passages, self.repository, 488)

    def _passages(self) -> Iterator[tuple[str, str]]:
        seen: dict[str, str] = {}
        for row in table(self.repository, "eng_Latn", "test"):
            if seen.setdefault(row["link"], row["flores_passage"]) != row["flores_passage"]:
                raise BenchError(f"belebele: {row['link']} is the link of two passages", "this copy is of another version")
        yield from ((_plain(link), passage) for link, passage in seen.items())

    def questions(self, own: str) -> Iterator[Question]:
        """Those of a language, or the English ones."""
        for row in table(self.repository, own or "eng_Latn", "test"):
            yield Question("", _question(row["link"], row["question_number"]), row["question"])

    def judgements(self, own: str) -> Iterator[Judgement]:
        """A question belongs to its passage."""
        for row in table(self.repository, own or "eng_Latn", "test"):
            yield Judgement("", _question(row["link"], row["question_number"]), _plain(row["link"]), 1)


def _plain(link: str) -> str:
    """Without white space, which run files cannot hold."""
    return "_".join(link.split())


def _question(link: str, number: object) -> str:
    return f"{_plain(link)}#{number}"


class Ciral:
    """Topics as `id<tab>query`, judgements as TREC qrels, passages as JSON lines."""

    repository, corpus = "CIRAL/ciral", "CIRAL/ciral-corpus"
    short = {"hausa": "ha", "somali": "so", "swahili": "sw", "yoruba": "yo"}
    parts = {"dev": "dev", "test-a": "test", "test-b": "test"}

    def documents(self, own: str) -> DocumentStream:
        """Passages of a language."""
        return DocumentStream(lambda: self._passages(own), f"{self.corpus} {own}")

    def _passages(self, own: str) -> Iterator[tuple[str, str]]:
        for line in lines(self.corpus, f"passages-v1.0/{own}_passages.jsonl"):
            row = json.loads(line)
            yield row["docid"], f"{row['title']} {row['text']}"

    def questions(self, own: str) -> Iterator[Question]:
        """English queries for the passages of a language."""
        for part, split in self.parts.items():
            for line in lines(self.repository, self._path(own, "topics", part)):
                query_id, text = line.split("\t", 1)
                yield Question(split, f"{part}-{query_id}", text)

    def judgements(self, own: str) -> Iterator[Judgement]:
        """By native speakers."""
        for part, split in self.parts.items():
            for line in lines(self.repository, self._path(own, "qrels", part)):
                query_id, _, doc_id, grade = line.split()
                yield Judgement(split, f"{part}-{query_id}", doc_id, int(grade))

    def _path(self, own: str, kind: str, part: str) -> str:
        return f"ciral-{own}/{kind}/{kind}.ciral-v1.0-{self.short[own]}-{part}.tsv"


class AfriClirMatrix:
    """Documents in tables of the hub; topics (`id<tab>query`) and TREC qrels in a repository of their own."""

    repository = "castorini/africlirmatrix"
    raw = "https://raw.githubusercontent.com/castorini/africlirmatrix/main/"
    short = {
        "afrikaans": "afr", "amharic": "amh", "egyptian_arabic": "arz", "hausa": "hau", "igbo": "ibo", "moroccan_arabic": "ary",
        "northern_sotho": "nso", "shona": "sna", "somali": "som", "swahili": "swa", "tigrinya": "tir", "twi": "twi",
        "wolof": "wol", "yoruba": "yor", "zulu": "zul",
    }  # fmt: skip

    def documents(self, own: str) -> DocumentStream:
        """Articles of a language."""
        return DocumentStream(lambda: self._articles(own), f"{self.repository} {own}")

    def _articles(self, own: str) -> Iterator[tuple[str, str]]:
        for row in table(self.repository, own, "train"):
            yield str(row["id"]), row["contents"]

    def questions(self, own: str) -> Iterator[Question]:
        """English queries for the articles of a language."""
        for line in self._lines(f"test/queries/topics.africlirmatrix-v1.0.en.{self.short[own]}.tsv"):
            query_id, text = line.split("\t", 1)
            yield Question("test", query_id, text)

    def judgements(self, own: str) -> Iterator[Judgement]:
        """Made from BM25 scores, as in CLIRMatrix."""
        for line in self._lines(f"test/qrels/qrels.africlirmatrix-v1.0.en.{self.short[own]}.txt"):
            query_id, _, doc_id, grade = line.split()
            yield Judgement("test", query_id, doc_id, int(grade))

    def _lines(self, path: str) -> Iterator[str]:
        return (line for line in lines(self.repository, path, self.raw + path) if line.strip())
