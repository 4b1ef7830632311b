"""The readings of the collapse check: spread of a student's tokens, and what is left of its English."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.base.paths import atomic_write
from bench.cells.asking.queries import QuerySet, query_sets
from bench.cells.evaluation import evaluate
from bench.cells.shared.context import Context
from bench.data.english import ENGLISH
from bench.encoders.encoder import Encoder
from bench.experiment.spec import CellSpec
from bench.retrieval.scoring import summarise

PROBE = 200  # dev queries on which collapse is measured
PROBE_ENGLISH = 30  # English queries a task on which collapse is measured


def probe_texts(context: Context, spec: CellSpec) -> list[str]:
    """Dev queries of the trained languages; without any (own data may have none) the texts of their dev pairs."""
    sets = query_sets(context, tuple(context.suite.tasks), {}, "dev", spec.languages)
    texts = sorted({text for one in sets for text in one.texts})
    if not texts:
        column = context.suite.bitext["text"]
        texts = column.values.take(np.unique(column.codes[context.suite.bitext.rows("dev", spec.languages)]))
    return [texts[i] for i in np.random.default_rng(0).permutation(len(texts))[:PROBE]]


def probe_tokens(context: Context, encoder: Encoder, texts: list[str]) -> np.ndarray:
    """(tokens, d) unit vectors of these texts, in the space of the comparison."""
    return context.teacher.space.tokens(encoder.encode(texts, "query").tokens.vectors)


def _english_probe(context: Context, spec: CellSpec) -> list[QuerySet]:
    limits = dict.fromkeys(spec.evaluation.tasks, PROBE_ENGLISH)
    return query_sets(context, spec.evaluation.tasks, limits, spec.evaluation.split, (ENGLISH,))


def english_ceiling(context: Context, spec: CellSpec) -> float:
    """nDCG@10 of the teacher on the English queries of the collapse check: the same for all cells, so kept."""
    return _kept(context, spec, "ceiling", lambda: context.teacher.encoder)


def english_start(context: Context, spec: CellSpec) -> float:
    """The same of the student before training, kept too. A student that starts as the teacher has the teacher's."""
    if context.key.starts_as_teacher:
        return english_ceiling(context, spec)
    return _kept(context, spec, "start", context.student.start)


def _kept(context: Context, spec: CellSpec, whose: str, encoder: Callable[[], Encoder]) -> float:
    how = spec.evaluation
    asked: tuple[Any, ...] = (how.tasks, how.split, how.late_mode, how.run_depth, PROBE_ENGLISH)
    if decided := spec.retrieval.deciding(how.late_mode == "approximate"):
        asked = (*asked, decided)
    place = context.path(f"{whose}-{hashlib.sha256(repr(asked).encode()).hexdigest()[:16]}.json")
    if not place.exists():
        score = english_score(context, encoder(), spec)
        atomic_write(place, json.dumps({"ndcg@10": score}))
    return float(json.loads(place.read_text())["ndcg@10"])


def english_score(context: Context, encoder: Encoder, spec: CellSpec) -> float:
    """nDCG@10 of an encoder on English queries, late interaction, mean over tasks; NaN where no task has any."""
    sets = _english_probe(context, spec)
    if not sets:
        return float("nan")
    frame = evaluate(context, encoder, sets, spec.evaluation.late_mode, spec.evaluation.run_depth, lambda *_: None)
    late = summarise(frame[frame["scorer"] == "late"])
    return float(late["ndcg@10"].mean())
