"""Questions of reading comprehension as retrieval: the passage that a question was asked of is the relevant document."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from bench.base.errors import BenchError
from bench.data.documents import DocumentStream
from bench.data.sources.hubs.files import lines, table
from bench.data.sources.hubs.tables import parsed
from bench.data.sources.hubs.task import Judgement, Question


class Asked(NamedTuple):
    """One question and its passage."""

    split: str
    query_id: str
    text: str
    passage: str


class PassageTask(ABC):
    """A task whose passages come with the questions; equal passages are one document.

    Attributes:
        revision: of the repository on the hub.
    """

    def __init__(self, revision: str | None = None) -> None:
        self.revision = revision

    @abstractmethod
    def asked(self, own: str) -> Iterator[Asked]:
        """Questions of a language ("": English ones), each with its English passage."""

    @abstractmethod
    def passages(self) -> Iterator[str]:
        """All English passages, of whatever language's questions."""

    def documents(self, own: str) -> DocumentStream:
        """The English passages."""
        return DocumentStream(lambda: {_id(text): text for text in self.passages()}.items(), type(self).__name__)

    def questions(self, own: str) -> Iterator[Question]:
        """Those of a language, or the English ones."""
        return (Question(one.split, one.query_id, one.text) for one in self.asked(own))

    def judgements(self, own: str) -> Iterator[Judgement]:
        """A question belongs to its passage."""
        return (Judgement(one.split, one.query_id, _id(one.passage), 1) for one in self.asked(own))


def _id(passage: str) -> str:
    return hashlib.blake2b(passage.encode(), digest_size=6).hexdigest()


class XQuad(PassageTask):
    """A table a language: `id` is that of SQuAD's question in all of them, `context` a translated paragraph."""

    repository, config = "google/xquad", "xquad.{X}"

    def asked(self, own: str) -> Iterator[Asked]:
        """With the paragraph of the English table."""
        english = dict(self._rows("en", lambda row: (str(row["id"]), row["context"])))
        for name, text in self._rows(own or "en", lambda row: (str(row["id"]), row["question"])):
            if name not in english:
                raise BenchError(f"{self.repository}, {own}: no English paragraph for question {name}", "is the copy complete?")
            yield Asked("", name, text, english[name])

    def passages(self) -> Iterator[str]:
        """The English paragraphs."""
        return self._rows("en", lambda row: str(row["context"]))

    def _rows(self, own: str, parse: Callable[[Any], Any]) -> Iterator[Any]:
        config = self.config.replace("{X}", own)
        return parsed(table(self.repository, config, "validation", self.revision), parse, f"{self.repository}, {config},")


class XQuadR(XQuad):
    """XQuAD as LAReQA distributes it."""

    repository, config = "google-research-datasets/xquad_r", "{X}"


class AfriQa(PassageTask):
    """JSON lines on GitHub; the hub's repository is a script that reads them. `context` is a passage of English Wikipedia."""

    repository = "masakhane-io/afriqa"  # the place of the copy
    raw = "https://raw.githubusercontent.com/masakhane-io/afriqa/main/"
    splits = {
        "bem": "dev test train", "hau": "dev test train", "ibo": "dev test train", "kin": "dev test train", "swa": "test",
        "twi": "dev test train", "yor": "test train", "zul": "dev test train",
    }  # fmt: skip

    def asked(self, own: str) -> Iterator[Asked]:
        """Questions for dev and test; the English ones are translations of each language's own."""
        for language in [own] if own else self.splits:
            for split in self.splits[language].split():
                if split != "train":
                    text = "question_lang" if own else "question_translated"
                    for row in self._rows(language, split):
                        yield Asked(split, f"{language}-{split}-{row['id']}", row[text], _titled(row))

    def passages(self) -> Iterator[str]:
        """Those of the questions for training too."""
        return (_titled(row) for own, splits in self.splits.items() for split in splits.split() for row in self._rows(own, split))

    def _rows(self, own: str, split: str) -> Iterator[dict[str, Any]]:
        path = f"data/gold_passages/{own}/gold_span_passages.afriqa.{own}.en.{split}.json"
        needed = ("id", "question_lang", "question_translated", "title", "context")
        return parsed(lines(self.repository, path, self.raw + path), lambda line: _fields(json.loads(line), needed), path)


class XorQaIn(PassageTask):
    """A JSON file a language and split: `{"examples": [...]}`, one example a question, in the same order in every language."""

    repository = "google/IndicGenBench_xorqa_in"
    splits = ("dev", "test")

    def __init__(self, revision: str | None = None, codes: str = "") -> None:
        super().__init__(revision)
        self.codes = codes.split()

    def asked(self, own: str) -> Iterator[Asked]:
        """The number of an example in its file is its id; the passage is English in every language."""
        for split in self.splits:
            for number, row in enumerate(self._rows(own, split)):
                yield Asked(split, f"{split}-{number}", row["question"], _titled(row))

    def passages(self) -> Iterator[str]:
        """Those of all languages' questions: a few questions are missing in some."""
        return (_titled(row) for own in self.codes for split in self.splits for row in self._rows(own, split))

    def _rows(self, own: str, split: str) -> Iterator[dict[str, Any]]:
        path = f"xorqa_{own}_{split}.json"
        try:
            found = json.loads("\n".join(lines(self.repository, path, revision=self.revision)))
            # As published, and as a list of examples that each stand under that name.
            rows = found["examples"] if isinstance(found, dict) else [one.get("examples", one) for one in found]
        except (ValueError, KeyError, AttributeError) as error:
            raise BenchError(f"{self.repository}, {path}, has another form", "is the copy of another version?") from error
        return parsed(rows, lambda row: _fields(row, ("question", "context")), f"{self.repository}, {path},")


def _fields(row: dict[str, Any], needed: tuple[str, ...]) -> dict[str, Any]:
    """The row, once it is sure to have these fields; raises `KeyError`."""
    return {"title": row.get("title", "")} | {name: row[name] for name in needed}


def _titled(row: dict[str, Any]) -> str:
    return f"{row['title']} {row['context']}".strip()
