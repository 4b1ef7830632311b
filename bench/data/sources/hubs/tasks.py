"""The tasks of the catalogue, each with what reads it."""

from __future__ import annotations

from collections.abc import Callable

from bench.data.sources.hubs.catalogue import HubData
from bench.data.sources.hubs.irds import IrdsTask
from bench.data.sources.hubs.questions import AfriQa, XorQaIn, XQuad, XQuadR
from bench.data.sources.hubs.tables import AfriClirMatrix, Belebele, Ciral
from bench.data.sources.hubs.task import HubTask

MSMARCO_PASSAGES = 8_841_823
CLIRMATRIX_QUERIES = 300  # of a language and split: each has some hundred judged documents
_MSMARCO = {"": "msmarco-passage/dev/small"}

TASKS: dict[str, Callable[[], HubTask]] = {
    "clirmatrix": lambda: IrdsTask(
        "clirmatrix/en", {"dev": "clirmatrix/en/bi139-base/{X}/dev", "test": "clirmatrix/en/bi139-base/{X}/test1"},
        limit=CLIRMATRIX_QUERIES,
    ),
    "clirmatrix-multi8": lambda: IrdsTask(
        "clirmatrix/en", {"dev": "clirmatrix/en/multi8/{X}/dev", "test": "clirmatrix/en/multi8/{X}/test1"},
        limit=CLIRMATRIX_QUERIES,
    ),
    "mmarco": lambda: IrdsTask("msmarco-passage", {"": "mmarco/v2/{X}/dev/small"}, _MSMARCO, count=MSMARCO_PASSAGES),
    "msmarco": lambda: IrdsTask("msmarco-passage", {}, _MSMARCO, count=MSMARCO_PASSAGES),
    "miracl": lambda: IrdsTask("miracl/{X}", {"dev": "miracl/{X}/dev"}),
    "neuclir": lambda: IrdsTask("neuclir/1/{X}", {"": "neuclir/1/{X}/trec-2022"}),
    "wikiclir": lambda: IrdsTask("wikiclir/{X}", {"": "wikiclir/{X}"}),
    "afriqa": AfriQa,
}  # fmt: skip
# Those whose files have a revision on the hub.
REVISED: dict[str, Callable[[HubData], HubTask]] = {
    "africlirmatrix": lambda one: AfriClirMatrix(one.revision),
    "ciral": lambda one: Ciral(one.revision),
    "belebele": lambda one: Belebele(one.revision),
    "xquad": lambda one: XQuad(one.revision),
    "xquad-r": lambda one: XQuadR(one.revision),
    "xorqa-in": lambda one: XorQaIn(one.revision, str(one.codes)),
}
# Tasks with an English version of every question, under the same id.
ENGLISH_QUESTIONS = frozenset(["belebele", "mmarco", "msmarco", "xquad", "xquad-r", "afriqa"])
STREAMED = frozenset(["clirmatrix", "clirmatrix-multi8", "mmarco"])  # too many documents to hold or to compare with the bitext


def open_task(one: HubData) -> HubTask:
    """What reads a task; nothing is read yet."""
    return REVISED[one.name](one) if one.name in REVISED else TASKS[one.name]()
