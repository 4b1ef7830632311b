"""Control: what an English-only retriever makes of a foreign query."""

from __future__ import annotations

from dataclasses import dataclass

from methods.base import Method, option, register


@dataclass
class TeacherQueryParams:
    encoder: str = option("builtin:all-MiniLM-L6-v2", "encoder of queries and documents: built in, a directory or a hub name")
    ask: str = option("own", "own: the query in its language; english: its English version, the ceiling of this retriever",
                      choices=("own", "english"))  # fmt: skip


@register
class TeacherQuery(Method):
    """The query in its own language, given as it is to a retriever that has learnt English alone.

    Queries and documents go through the same encoder, so the documents have an index of their own, and scores stand in
    another space than those of all other methods: its floor is chance, its ceiling `ask=english`. What it
    scores above chance comes from names, digits, loan words and shared spelling. Nothing is trained.

    The default encoder lower-cases, strips accents and cuts into WordPiece units of English text; a word in a script that
    it does not know is one unknown token. Inputs are cut at its own 256 tokens.
    """

    name = "teacher_query"
    summary = "the foreign query through an English-only retriever with its own index (control)"
    reference = "-"
    kind = "retriever"
    when = {"ask=english": {"role": "its own ceiling", "asks": "english"}}
    Params = TeacherQueryParams
