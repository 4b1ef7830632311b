"""How many queries and documents are longer than a model reads: what is behind its length is not searched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from bench.base.jsonfile import read_json, to_json
from bench.base.paths import atomic_write
from bench.cells.asking.queries import QuerySet, english_sets, query_sets
from bench.cells.shared.context import Context
from bench.encoders.directory.files import stated_length
from bench.encoders.encoder import Encoder
from bench.encoders.load import load_encoder
from bench.experiment.spec import CellSpec

WARNED = 0.01  # share of the texts of a task above which a run says so
COUNTED = 20_000  # documents of a large collection that are looked at


def cut_record(context: Context, spec: CellSpec) -> dict[str, Any]:
    """Texts and cut texts of each task by what reads them, counted once for all cells of a context.

    Returns:
        `teacher` and `student`, each with `lengths` (tokens, by kind of text), `default_length` (whether the model states none)
        and, as `{task: [texts, cut]}`, `queries`, `english` (their English sides) and, of the teacher, `documents`.
    """
    chosen: tuple[Any, ...] = (spec.evaluation.tasks, sorted(spec.evaluation.queries_per_language.items()), spec.evaluation.split)
    if spec.evaluation.languages is not None:
        chosen = (*chosen, spec.asked)
    place = context.path(f"cut-{hashlib.sha256(repr(chosen).encode()).hexdigest()[:12]}.json")
    if not (found := read_json(place)):
        found = _count(context, spec)
        atomic_write(place, to_json(found))
    return found


def of_cell(record: dict[str, Any], by_student: bool, english: bool, encoded: bool = True) -> dict[str, Any]:
    """What the manifest of a cell says.

    Args:
        record: of `cut_record`.
        by_student: its queries are read by a student, else by the teacher.
        english: they are the English sides.
        encoded: they are encoded as they are, not translated first.
    """
    reader, teacher = record["student" if by_student else "teacher"], record["teacher"]
    found: dict[str, Any] = {
        "query_length": reader["lengths"]["query"], "document_length": teacher["lengths"]["passage"],
        "default_length": sorted({side for side in ("teacher", "student") if record[side]["default_length"]}),
    }  # fmt: skip
    parts = {"documents": teacher["documents"]} | ({"queries": reader["english" if english else "queries"]} if encoded else {})
    for name, tasks in parts.items():
        found[name] = {task: {"texts": texts, "cut": cut} for task, (texts, cut) in tasks.items()}
    return found | ({"warning": said} if (said := "; ".join(_warnings(parts, found))) else {})


def warnings(record: dict[str, Any]) -> list[str]:
    """What a run says of texts that are cut, and of models that state no length."""
    lines = [
        f"the {side} states no length: its texts are cut at {record[side]['lengths']['passage']} tokens"
        for side in ("teacher", "student") if record[side]["default_length"]
    ]  # fmt: skip
    for side in ("teacher", "student"):
        lengths = record[side]["lengths"]
        parts = {name: record[side].get(name, {}) for name in (("documents", "english") if side == "teacher" else ("queries",))}
        lines += _warnings(parts, {"query_length": lengths["query"], "document_length": lengths["passage"]}, f" by the {side}")
    return lines


def _warnings(parts: dict[str, Any], lengths: dict[str, int], by: str = "") -> list[str]:
    lines = []
    for name, tasks in parts.items():
        length = lengths["document_length" if name == "documents" else "query_length"]
        what = "English queries" if name == "english" else name
        lines += [f"{cut / texts:.1%} of the {what} of {task} are cut{by} at {length} tokens ({cut:,} of {texts:,})"
                  for task, (texts, cut) in tasks.items() if texts and cut / texts > WARNED]  # fmt: skip
    return lines


def _count(context: Context, spec: CellSpec) -> dict[str, Any]:
    choice = spec.evaluation
    sets = query_sets(context, choice.tasks, choice.queries_per_language, choice.split, spec.asked)
    english = english_sets(context, sets, choice.queries_per_language, choice.split)
    teacher = context.teacher.encoder
    student = teacher if context.key.same_model else load_encoder(context.key.student, "cpu")
    documents = {
        task: _cut(teacher, "passage", [text for _, text in islice(context.suite.task(task).stream().read(), COUNTED)])
        for task in choice.tasks if task in context.suite.tasks
    }  # fmt: skip
    return {
        "teacher": _reader(teacher) | _queries(teacher, sets, english) | {"documents": documents},
        "student": _reader(student) | _queries(student, sets, english),
    }


def _reader(encoder: Encoder) -> dict[str, Any]:
    lengths = {kind: min(encoder.spec.length(kind), encoder.longest) for kind in ("query", "passage")}
    return {"lengths": lengths, "default_length": encoder.path is not None and stated_length(encoder.path) is None}


def _queries(encoder: Encoder, sets: Iterable[QuerySet], english: Iterable[QuerySet]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, some in (("queries", sets), ("english", english)):
        texts: dict[str, dict[str, None]] = {}
        for one in some:
            texts.setdefault(one.task, {}).update(dict.fromkeys(one.texts))
        found[name] = {task: _cut(encoder, "query", list(own)) for task, own in texts.items()}
    return found


def _cut(encoder: Encoder, kind: str, texts: Sequence[str]) -> list[int]:
    """Texts, and how many of them have more tokens than are read."""
    return [len(texts), int((encoder.lengths(texts, kind) > min(encoder.spec.length(kind), encoder.longest)).sum())]
