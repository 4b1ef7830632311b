"""A cell's student, trained with the loss of its method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.cells.clock import Clock
from bench.cells.loggers import opened
from bench.cells.lower import lower_of
from bench.cells.pairs import dev_pairs, tokenised, training_record, training_rows
from bench.cells.probe import english_ceiling, english_score, probe_texts, probe_tokens
from bench.cells.shared.context import Context
from bench.cells.students import save_student
from bench.encoders.device import precision_of
from bench.encoders.encoder import Encoder
from bench.experiment.spec import CellSpec
from bench.training.collapse import judge, spread
from bench.training.loop import train
from bench.training.rarity import english_idf, with_idf
from methods.base import Method


def distil(spec: CellSpec, context: Context, method: Method, out_dir: Path, clock: Clock, found: dict[str, Any]) -> Encoder:
    """Train a student; train.csv goes into `out_dir`, what the manifest says of training into `found`."""
    with clock.phase("prepare"):
        rows = training_rows(spec, context, method)
    found |= context.student.map_facts()
    with clock.phase("load"):
        # Switched texts hold words of the suite in new places: the tokenizer may cut them into pieces of their own.
        student = context.student.start(rows["text"].tolist() if method.code_switched else ())
        targets = context.teacher.targets
    with clock.phase("prepare"):
        pairs = tokenised(rows, context, student, method)
        dev, dev_rows = dev_pairs(spec, context, student, method)
        if "idf" in method.needs:
            languages = rows["language"].tolist(), dev_rows["language"].tolist()
            pairs, dev = with_idf(pairs, languages[0], dev, languages[1])
            targets = english_idf(targets, context.teacher.english.ids, pairs)
    with clock.phase("probe"):
        probe = probe_texts(context, spec)
        start = spread(probe_tokens(context, student, probe))
    with clock.phase("train"), opened(spec, out_dir) as loggers:
        lower = lower_of(spec, context, student, pairs.texts, pairs.english_texts, [*dev.texts, *(dev.english_texts or ())])
        table = train(
            student, method, context.teacher.space, targets, pairs, dev, spec.training, spec.seed,
            precision_of(spec.precision), "auto", clock.report, loggers, lower,
        )  # fmt: skip
    table.to_csv(out_dir / "train.csv", index=False, float_format="%.6g")
    with clock.phase("probe"):
        now = spread(probe_tokens(context, student, probe))
        scores = english_score(context, student, spec), english_ceiling(context, spec)
    found |= training_record(spec, context, pairs, rows, table, clock)
    if method.code_switched:
        found["words_replaced"] = round(float(rows["replaced"].sum() / max(1, rows["words"].sum())), 4)
    found["collapse"] = judge(now, start, *scores).to_dict()
    if spec.keep_student:
        with clock.phase("keep student"):
            found["student_mb"] = save_student(out_dir, student, context.key.student, spec.training, context.teacher.space) / 1e6
    return student
