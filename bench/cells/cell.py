"""One cell: from a spec to metrics, a pure function of the spec and the packages."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from bench.analysis.scorers import ENCODED, SPARSE, scorers_of
from bench.base.errors import BenchError
from bench.base.jsonfile import read_json
from bench.base.paths import atomic_write
from bench.base.progress import Report
from bench.cells.context import ENGLISH, Context, context_of, device_of
from bench.cells.evaluation import QuerySet, english_sets, evaluate, query_sets, summarise, with_words
from bench.cells.loggers import opened
from bench.cells.own_retriever import own_retriever
from bench.cells.students import save_student
from bench.cells.translation.code_switch import code_switched
from bench.encoders.encoder import Encoder, autocast_dtype
from bench.experiment.grid import CellSpec
from bench.experiment.method_specs import planned_method
from bench.training.collapse import judge, spread
from bench.training.loop import Pairs, TrainSettings, train
from bench.training.rarity import english_idf, with_idf
from bench.training.sampling import draw_pairs, exchange_english, quotas
from methods.base import Method

DEV_PAIRS = 128  # pairs of which the loss is watched
PROBE = 200  # dev queries on which collapse is measured
PROBE_ENGLISH = 30  # English queries a task on which collapse is measured


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
    clock = Clock(report)
    context = context_of(spec)
    method = planned_method(spec.method, spec.method_source, spec.model_keys)
    found: dict[str, Any] = {"precision": precision_of(spec.precision), "pairs_seen": 0}
    tasks, limits, split = spec.evaluation.tasks, spec.evaluation.queries_per_language, spec.evaluation.split
    with clock.phase("load"):
        # Settings are chosen by the languages that were trained: a trial need not look at others.
        asked = spec.languages if split == "dev" and spec.trained else spec.suite_languages
        sets = query_sets(context, tasks, limits, split, asked)
        if not sets:
            raise nothing_asked(spec)

    scorers = scorers_of(spec.method)
    encoder = context.teacher if ENCODED[0] in scorers else None
    if method.kind == "english":
        sets = english_sets(context, sets, limits, split)
    elif method.kind == "none":
        with clock.phase("load"):
            encoder = context.student_start()
        found |= map_facts(context)
    elif method.kind == "retriever":
        with clock.phase("load"):
            context = own_retriever(context, method.params.encoder)
            encoder = context.teacher
        if method.params.ask == "english":
            sets = english_sets(context, sets, limits, split)
    elif method.kind == "distil":
        encoder = _distil(spec, context, method, out_dir, clock, found)
    else:
        from bench.cells.translation.run import translated_sets

        sets = translated_sets(spec, context, method, sets, out_dir, clock, found)

    if SPARSE in scorers and method.kind in ("english", "none"):
        sets = with_words(context, sets)
    mode, depth = spec.evaluation.late_mode, spec.evaluation.run_depth
    recalls: list[dict[str, Any]] = []
    with clock.phase("evaluate"):
        per_query = evaluate(context, encoder, sets, mode, depth, report, out_dir / "runs", spec.id, recalls)
    if recalls:
        pd.DataFrame(recalls).to_csv(out_dir / "approximation.csv", index=False, float_format="%.4f")
    per_query.to_parquet(out_dir / "per_query.parquet", index=False)
    summarise(per_query).to_csv(out_dir / "metrics.csv", index=False, float_format="%.6f")
    return {**found, "seconds": clock.seconds}


class Clock:
    """Seconds of each phase, and where the run is."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.report(name, 0.0)
        start = time.monotonic()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - start, 2)


def precision_of(asked: str) -> str:
    """The Lightning precision for `float32`, `bf16` or `auto`."""
    return "bf16-mixed" if autocast_dtype(asked, device_of()) else "32-true"


def training_pairs(
    spec: CellSpec, context: Context, encoder: Encoder, method: Method | None = None
) -> tuple[Pairs, pd.DataFrame]:
    """The pairs that this cell trains on, tokenised, and their rows of the bitext: `training_rows`."""
    rows = training_rows(spec, context, method)
    return _pairs(rows, context, encoder, method), rows


def training_rows(spec: CellSpec, context: Context, method: Method | None = None) -> pd.DataFrame:
    """The pairs that this cell trains on, as rows of the bitext; the same for all methods.

    Only a control with `shuffle_pairs` gets other English sides to the same texts, and a method with `code_switched` other
    texts to the same English sides.
    """
    bitext = context.suite.bitext[context.fits]
    bitext = bitext[(bitext["split"] == "train") & bitext["language"].isin(spec.languages)]
    rows = draw_pairs(bitext, quotas(spec.languages, spec.pairs), spec.seed)
    if method is not None and method.shuffle_pairs:
        rows = exchange_english(rows, spec.seed)
    if method is not None and method.code_switched:
        rows = code_switched(rows, method.params.share, method.params.rounds, spec.seed, context.pieces)
    return rows


def dev_pairs(
    spec: CellSpec, context: Context, encoder: Encoder, method: Method | None = None
) -> tuple[Pairs, pd.DataFrame]:
    """A fixed sample of dev pairs of the trained languages, true ones for every method; only their loss is looked at."""
    bitext = context.suite.bitext[context.fits]
    bitext = bitext[(bitext["split"] == "dev") & bitext["language"].isin(spec.languages)]
    rows = bitext.sample(min(DEV_PAIRS, len(bitext)), random_state=0)
    return _pairs(rows, context, encoder, method), rows


def _pairs(rows: pd.DataFrame, context: Context, encoder: Encoder, method: Method | None) -> Pairs:
    texts = encoder.tokenize(rows["text"].tolist(), "query", context.key.max_length)
    english = None
    if method is not None and "english" in method.needs:
        english = encoder.tokenize(rows["english"].tolist(), "query", context.key.max_length)
    return Pairs(texts, np.array([context.english_rows[text] for text in rows["english"]]), english)


def train_settings(spec: CellSpec) -> TrainSettings:
    """What the training loop needs of the spec."""
    t = spec.training
    return TrainSettings(t.batch_size, t.learning_rate, t.warmup, t.weight_decay, t.clip, t.freeze_embeddings, t.freeze_layers)


def _distil(spec: CellSpec, context: Context, method: Method, out_dir: Path, clock: Clock, found: dict[str, Any]) -> Encoder:
    with clock.phase("prepare"):
        rows = training_rows(spec, context, method)
    found |= map_facts(context)
    with clock.phase("load"):
        # Switched texts hold words of the suite in new places: the tokenizer may cut them into pieces of their own.
        student = context.student_start(rows["text"].tolist() if method.code_switched else ())
        targets = context.teacher_targets
    with clock.phase("prepare"):
        pairs = _pairs(rows, context, student, method)
        dev, dev_rows = dev_pairs(spec, context, student, method)
        if "idf" in method.needs:
            languages = rows["language"].tolist(), dev_rows["language"].tolist()
            pairs, dev = with_idf(pairs, languages[0], dev, languages[1])
            targets = english_idf(targets, context.english_states.ids, pairs)
    with clock.phase("probe"):
        probe = _probe(context, spec)
        start = spread(_tokens(context, student, probe))
    with clock.phase("train"), opened(spec, out_dir) as loggers:
        table = train(
            student, method, context.space, targets, pairs, dev, train_settings(spec), spec.seed,
            precision_of(spec.precision), "auto", clock.report, loggers,
        )  # fmt: skip
    table.to_csv(out_dir / "train.csv", index=False, float_format="%.6g")
    with clock.phase("probe"):
        now = spread(_tokens(context, student, probe))
        english = _english_probe(context, spec)
        scores = _late_score(context, student, english, spec), english_ceiling(context, spec)
    found |= training_record(pairs, rows, table, clock)
    if method.code_switched:
        found["words_replaced"] = round(float(rows["replaced"].sum() / max(1, rows["words"].sum())), 4)
    found["collapse"] = judge(now, start, *scores).to_dict()
    if spec.keep_student:
        with clock.phase("keep student"):
            found["student_mb"] = save_student(out_dir, student, spec.models.student, train_settings(spec), context.space) / 1e6
    return student


def map_facts(context: Context) -> dict[str, Any]:
    """What the manifest says of the map into the teacher's space, if there is one."""
    return {"linear_map": read_json(context.linear_map() / "map.json")} if context.key.head == "linear" else {}


def training_record(pairs: Pairs, rows: pd.DataFrame, table: pd.DataFrame, clock: Clock) -> dict[str, Any]:
    """What the manifest says of training."""
    dev = table["dev_loss"].dropna().tolist() if "dev_loss" in table else []
    return {
        "pairs_seen": len(pairs),
        "pairs_distinct": int(len(rows.drop_duplicates(["pair_id", "language"]))),
        "pairs_by_language": rows["language"].value_counts().sort_index().to_dict(),
        "pairs_by_source": rows["source"].value_counts().sort_index().to_dict(),
        "pairs_per_second": round(len(pairs) / max(1e-9, clock.seconds["train"]), 2),
        "dev": {"loss_start": dev[0], "loss_end": dev[-1]} if dev else {},
    }


def nothing_asked(spec: CellSpec) -> BenchError:
    """The error of an evaluation without a single query."""
    return BenchError(
        f"no task of {', '.join(spec.evaluation.tasks)} has {spec.evaluation.split} queries in the languages of {spec.id}",
        "look at evaluation.split, evaluation.tasks and the languages; `bench data check` counts queries of data on disk",
    )


def _probe(context: Context, spec: CellSpec) -> list[str]:
    """Dev queries of the trained languages; without any (own data may have none) the texts of their dev pairs."""
    sets = query_sets(context, tuple(context.suite.tasks), {}, "dev", spec.languages)
    texts = sorted({text for one in sets for text in one.texts})
    if not texts:
        bitext = context.suite.bitext
        texts = sorted(set(bitext.loc[(bitext["split"] == "dev") & bitext["language"].isin(spec.languages), "text"]))
    return [texts[i] for i in np.random.default_rng(0).permutation(len(texts))[:PROBE]]


def _tokens(context: Context, encoder: Encoder, texts: list[str]) -> np.ndarray:
    return context.space.tokens(encoder.encode(texts, "query").tokens.vectors)


def _english_probe(context: Context, spec: CellSpec) -> list[QuerySet]:
    limits = dict.fromkeys(spec.evaluation.tasks, PROBE_ENGLISH)
    return query_sets(context, spec.evaluation.tasks, limits, spec.evaluation.split, (ENGLISH,))


def english_ceiling(context: Context, spec: CellSpec) -> float:
    """nDCG@10 of the teacher on the English queries of the collapse check: the same for all cells, so kept."""
    how = spec.evaluation
    asked: tuple[Any, ...] = (how.tasks, how.split, how.late_mode, how.run_depth, PROBE_ENGLISH)
    if decided := spec.retrieval.deciding():
        asked = (*asked, decided)
    place = context.path(f"ceiling-{hashlib.sha256(repr(asked).encode()).hexdigest()[:16]}.json")
    if not place.exists():
        score = _late_score(context, context.teacher, _english_probe(context, spec), spec)
        atomic_write(place, json.dumps({"ndcg@10": score}))
    return float(json.loads(place.read_text())["ndcg@10"])


def _late_score(context: Context, encoder: Encoder, sets: list[QuerySet], spec: CellSpec) -> float:
    """Mean over tasks; NaN where no task has English queries."""
    if not sets:
        return float("nan")
    frame = evaluate(context, encoder, sets, spec.evaluation.late_mode, spec.evaluation.run_depth, lambda *_: None)
    late = summarise(frame[frame["scorer"] == "late"])
    return float(late["ndcg@10"].mean())
