"""A cell's student, trained with the loss of its method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.cells.arms.devices import devices
from bench.cells.clock import Clock
from bench.cells.loggers import opened
from bench.cells.lower import lower_of
from bench.cells.pairs import drawn, language_offsets, text_languages, tokenised, trained_on, training_record, watched
from bench.cells.probe import english_ceiling, english_score, english_start, probe_texts, probe_tokens
from bench.cells.shared.context import Context
from bench.cells.shared.drawn import Drawn
from bench.cells.shared.unfinished import checkpoints
from bench.cells.shared.views import own_means
from bench.cells.students import save_student
from bench.data.english import ENGLISH
from bench.encoders.device import precision_of
from bench.encoders.encoder import Encoder
from bench.encoders.space import Means
from bench.experiment.spec import CellSpec
from bench.training.collapse import judge, spread
from bench.training.devices.ranks import Ranks
from bench.training.live_teacher import LiveTeacher
from bench.training.loop import train
from bench.training.pairs import Pairs, TeacherStates
from bench.training.rarity import english_idf, with_idf
from methods.base import Method

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger


@dataclass(frozen=True)
class Ready:
    """All that a training needs: the student as it starts, what it is held against, pairs, dev pairs, and what was drawn."""

    student: Encoder
    states: TeacherStates | LiveTeacher
    pairs: Pairs
    dev: Pairs
    rows: Drawn


def distil(spec: CellSpec, context: Context, method: Method, out_dir: Path, clock: Clock, found: dict[str, Any]) -> Encoder:
    """Train a student; train.csv goes into `out_dir`, what the manifest says of training into `found`."""
    with devices(spec, out_dir) as ranks:
        ready = made_ready(spec, context, method, clock, found)
        student, rows = ready.student, ready.rows
        with clock.phase("probe"):
            probe = probe_texts(context, spec)
            start = spread(probe_tokens(context, student, probe))
        with clock.phase("train"), opened(spec, out_dir) as loggers:
            table = fitted(spec, context, method, ready, out_dir, clock, loggers, ranks)
    table.to_csv(out_dir / "train.csv", index=False, float_format="%.6g")
    with clock.phase("probe"):
        now = spread(probe_tokens(context, student, probe))
        scores = english_score(context, student, spec), english_start(context, spec), english_ceiling(context, spec)
    found |= training_record(trained_on(spec, method), context, rows, table, clock)
    if method.code_switched:
        found["words_replaced"] = round(float(rows.facts["replaced"].sum() / max(1, rows.facts["words"].sum())), 4)
    found["collapse"] = judge(now, start, *scores).to_dict()
    if spec.keep_student:
        with clock.phase("keep student"):
            found["student_mb"] = save_student(out_dir, student, context.key.student, spec.training, context.teacher.space) / 1e6
    return student


def made_ready(spec: CellSpec, context: Context, method: Method, clock: Clock, found: dict[str, Any]) -> Ready:
    """What a cell is trained with: the same in every process that trains it."""
    with clock.phase("prepare"):
        rows = drawn(spec, context, method)
    found |= context.student.map_facts()
    with clock.phase("load"):
        # Switched texts hold words of the suite in new places: the tokenizer may cut them into pieces of their own.
        student = context.student.start(list(rows.texts) if method.code_switched else ())
    with clock.phase("prepare"):
        held = watched(spec, context, method)
        targets = Targets.of(context, method, rows, held)
        pairs, dev = (tokenised(part, context, student, method, targets.places) for part in (rows, held))
        dev = replace(dev, texts=list(dev.texts))
        if spec.space.language_means == "own":
            pairs, dev, targets = centred(spec, context, method, student, (rows, held), (pairs, dev), targets, found)
        states = targets.states
        if "idf" in method.needs:
            english = [ENGLISH] * len(rows) if method.english_only else list(rows.languages)
            pairs, dev = with_idf(pairs, english, dev, list(held.languages))
            states = english_idf(states, pairs)
    return Ready(student, states, pairs, dev, rows)


def fitted(
    spec: CellSpec, context: Context, method: Method, ready: Ready, out_dir: Path, clock: Clock, loggers: Sequence[Logger],
    ranks: Ranks,
) -> pd.DataFrame:  # fmt: skip
    """Train the student of `ready` in place, together with the other ranks. See `train`."""
    dev = ready.dev
    texts = [ready.pairs.texts, ready.pairs.english_texts, [*dev.texts, *(dev.english_texts or ())]]
    lower = lower_of(spec, context, ready.student, *texts)
    return train(
        ready.student, method, context.teacher.space, ready.states, ready.pairs, dev, spec.training, spec.seed,
        precision_of(spec.precision), "auto", clock.report, loggers, lower, checkpoints(spec, out_dir), ranks,
    )  # fmt: skip


@dataclass(frozen=True)
class Targets:
    """What the student's texts are held against: the teacher's states of their English sides, or of what stands for them.

    Attributes:
        states: as training wants them.
        places: text -> its row; None: the rows are those of `Texts.english`.
    """

    states: TeacherStates | LiveTeacher
    places: Mapping[str, int] | None

    @classmethod
    def of(cls, context: Context, method: Method, *parts: Drawn) -> Targets:
        """Of the English sides; where these are other texts (`own_targets`), of those of `parts`."""
        if not method.own_targets:
            return cls(context.teacher.targets, None)
        unique = list(dict.fromkeys(text for part in parts for text in part.english))
        states = context.teacher.states(unique, "query")
        held = TeacherStates(states.tokens, states.pooled, context.teacher.space, ids=states.ids)
        return cls(held, {text: row for row, text in enumerate(unique)})


def centred(
    spec: CellSpec, context: Context, method: Method, student: Encoder, rows: tuple[Drawn, Drawn],
    parts: tuple[Pairs, Pairs], targets: Targets, found: dict[str, Any],
) -> tuple[Pairs, Pairs, Targets]:  # fmt: skip
    """Training pairs, dev pairs and targets with the offsets of their languages, for `space.language_means: own`.

    The means are those of the student as it starts, and they stay: the targets have mean zero, so the student is drawn to
    where its own mean does not move. A running mean would be of one or two texts a language and batch. For scoring the
    trained student's own means are taken, so what has moved all the same does no harm; the manifest tells both.

    Targets in another language than English (`own_targets`) are centred on the teacher's mean of it; of a text that two
    languages share on that of the first.
    """
    def means(encoder: Encoder) -> tuple[dict[str, Means], dict[str, Any]]:
        return own_means(context, encoder, trained_on(spec, method), spec.space.mean_texts, spec.evaluation.split)

    own, found["training_means"] = means(student)
    space = context.teacher.space
    text_of = text_languages(rows[0], method), list(rows[1].languages)
    pairs, dev = (
        replace(part, offsets=language_offsets(own, space, languages)) for part, languages in zip(parts, text_of, strict=True)
    )
    if targets.places is None or not isinstance(targets.states, TeacherStates):
        return pairs, dev, targets
    pairs = replace(pairs, english_offsets=pairs.offsets)
    first = dict(zip(reversed(list(rows[0].texts)), reversed(list(rows[0].languages)), strict=True))
    language = dict.fromkeys(targets.places, ENGLISH) | first
    offsets = language_offsets(means(context.teacher.encoder)[0], space, list(language.values()))
    return pairs, dev, replace(targets, states=replace(targets.states, offsets=offsets))
