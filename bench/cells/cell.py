"""One cell: from a spec to metrics, a pure function of the spec and the packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import torch

from bench.base.progress import Report
from bench.cells.arms.distil import distil
from bench.cells.arms.placing import PLACINGS
from bench.cells.asking import cut
from bench.cells.asking.bottom import on_shared_bottom
from bench.cells.asking.described import described, with_descriptions
from bench.cells.asking.own_documents import record as own_documents
from bench.cells.asking.queries import english_sets, nothing_asked, query_sets, with_words
from bench.cells.asking.translated import Translated
from bench.cells.clock import Clock
from bench.cells.evaluation import evaluate
from bench.cells.shared.context import Context, context_of
from bench.cells.shared.own_retriever import own_retriever
from bench.cells.shared.views import Encodes, View, own_means, suffixes, views_of, visited
from bench.cells.translation.run import translated_sets
from bench.encoders.device import precision_of
from bench.experiment.method_specs import planned_method
from bench.experiment.spec import CellSpec
from bench.retrieval.fusion import Fusion
from bench.retrieval.scoring import summarise
from methods.base import Method
from methods.declaration import ENCODED, SPARSE
from methods.facts import facts

# Methods that ask with another encoder than the teacher: where its states are kept it is not loaded, and takes no memory.
OWN_ENCODER = ("none", "map", "retriever", "distil")


def run_cell(spec: CellSpec, out_dir: Path, report: Report) -> dict[str, Any]:
    """Train (if the method is trained), evaluate and write the files of a cell.

    Args:
        spec: the cell.
        out_dir: existing folder for metrics.csv, per_query.parquet, train.csv and runs/.
        report: called with phase and fraction done.

    Returns:
        What the manifest needs to say of the run: seconds per phase, pairs seen, collapse check, dev loss.
    """
    torch.set_num_threads(max(1, spec.threads))
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # costs time, decides nothing
    clock = Clock(report)
    context = context_of(spec)
    method = planned_method(spec.method, spec.method_source, spec.model_keys)
    found: dict[str, Any] = {"precision": precision_of(spec.precision), "pairs_seen": 0}
    tasks, limits, split = spec.evaluation.tasks, spec.evaluation.queries_per_language, spec.evaluation.split
    with clock.phase("load"):
        # Settings are chosen by the languages that were trained: a trial need not look at others.
        asked = tuple(code for code in spec.asked if code in spec.languages) if split == "dev" and spec.trained else spec.asked
        sets = query_sets(context, tasks, limits, split, asked)
        if not sets:
            raise nothing_asked(spec)

    known = facts(spec.method)
    encoder: Encodes | None = None
    if ENCODED[0] in known.scorers and method.kind not in OWN_ENCODER:
        encoder = context.teacher.encoder
    if known.asks_english:
        sets = english_sets(context, sets, limits, split)
    about = described(sets)
    translated: Translated | None = None
    original = method.kind in ("none", "map", "distil")  # a student reads the queries as they are
    if method.kind in ("none", "map"):
        with clock.phase("load"):
            encoder = context.student.start()
        found |= context.student.map_facts()
    elif method.kind == "retriever":
        with clock.phase("load"):
            context = own_retriever(context, spec.models.place(method.params.encoder))
            encoder = context.teacher.encoder
    elif method.kind == "distil":
        encoder = on_shared_bottom(spec, context, distil(spec, context, method, out_dir, clock, found))
    elif method.kind == "translate":
        english_queries, languages = translated_sets(spec, context, method.translation, sets, out_dir, clock, found)
        if method.translation is method:
            sets = english_queries
        else:  # both are asked, the original query of the student before training
            fusion = Fusion(method.params.form, method.params.weight, method.params.constant)
            view = View.english(context, tuple(suffixes(spec.space).values()))
            translated = Translated(english_queries, context.teacher.encoder, [view], languages, fusion, method.params.depth)
            encoder, original = context.student.start(), True
            found |= context.student.map_facts()

    if SPARSE in known.scorers and method.kind != "translate":  # structured queries are words already
        sets = with_words(context, sets)
    found |= own_documents(context.suite, sets)
    with clock.phase("place"):
        english = known.asks_english or (method.kind == "translate" and not original)
        views = _views(spec, context, method, encoder, [] if english else [one.language for one in sets], found)
    mode, depth = spec.evaluation.late_mode, spec.evaluation.run_depth
    recalls: list[dict[str, Any]] = []
    with clock.phase("evaluate"):
        per_query = evaluate(context, encoder, sets, mode, depth, report, out_dir / "runs", spec.id, recalls, views, translated)
    found["cut"] = cut.of_cell(cut.cut_record(context, spec), original and method.kind != "map" and not known.asks_english,
                               known.asks_english, original or method.kind != "translate")  # fmt: skip
    if mode == "approximate" and encoder is not None:
        found |= visited(views or [View.english(context)], [one.task for one in sets])
    if recalls:
        pd.DataFrame(recalls).to_csv(out_dir / "approximation.csv", index=False, float_format="%.4f")
    with_descriptions(per_query, about).to_parquet(out_dir / "per_query.parquet", index=False)
    summarise(per_query).to_csv(out_dir / "metrics.csv", index=False, float_format="%.6f")
    return {**found, "seconds": clock.seconds}


def _views(
    spec: CellSpec, context: Context, method: Method, encoder: Encodes | None, languages: list[str], found: dict[str, Any]
) -> list[View]:
    """The spaces to compare in; there are no `languages` where all queries are in English, which is the same in all spaces."""
    if encoder is None:
        return []
    if method.placing:
        views = [PLACINGS[method.placing](spec, context, method, encoder, languages, found)]
    elif languages and spec.space.asks_own:
        means, found["language_means"] = own_means(context, encoder, languages, spec.space.mean_texts, spec.evaluation.split)
        views = views_of(spec.space, context, means)
    else:
        views = [View.english(context, tuple(suffixes(spec.space).values()))]
    if without := found.get("language_means", {}).get("without"):
        found["notes"] = [f"no mean of their own, so that of English: {', '.join(without)}"]
    return views
