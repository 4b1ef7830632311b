"""What a task of the hubs offers, whichever library reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from bench.data.documents import DocumentStream


class Question(NamedTuple):
    """`split` is `dev`, `test` or "" where the data names none."""

    split: str
    query_id: str
    text: str


class Judgement(NamedTuple):
    split: str
    query_id: str
    doc_id: str
    grade: int


class HubTask(Protocol):
    """`own` is the data set's own code of a language; "" stands for English, where there are English questions."""

    def documents(self, own: str) -> DocumentStream:
        """Documents; the same for all languages where they are English."""

    def questions(self, own: str) -> Iterator[Question]:
        """Queries of a language."""

    def judgements(self, own: str) -> Iterator[Judgement]:
        """Judgements of these queries; grades of 0 and less may be among them."""
